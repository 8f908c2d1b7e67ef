"""A training on a Ray cluster: workers compute the shards of each batch, and end with it.

The head has the state after each epoch, and writes it to the checkpoint. Workers get it at the start of an epoch; if
one of them ends, the epoch is repeated by others, from the same state.
"""

import hashlib
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import ray
from ray.exceptions import RayError, RayTaskError

from signs.cluster.exchange import Exchange
from signs.cluster.replica import Replica
from signs.core import processor
from signs.core.errors import UserError
from signs.data import datasets
from signs.networks.backend import make_deterministic
from signs.training import fitting, parts
from signs.training.loop import Elsewhere
from signs.training.settings import Settings

SECONDS = 1  # between two looks for a worker
ATTEMPTS = 5  # at an epoch


@contextmanager
def workers(dataset: Path, settings: Settings) -> Iterator[Elsewhere]:
    """Makes a function that takes the steps of an epoch on the workers of a cluster; they end with the `with` block.

    Args:
        dataset: Folder of the data set, which every machine can read.
        settings: Of the training. A batch has `shards` parts, and so there are as many workers at most.
    """
    team = _Team(dataset.absolute(), settings)
    try:
        yield team.epoch
    finally:
        team.end()


class _Team:
    """The workers of a training, which are made when an epoch needs them."""

    def __init__(self, dataset: Path, settings: Settings) -> None:
        self.dataset, self.settings = dataset, settings
        self.members: list[Any] = []

    def epoch(self, number: int, variables: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        """The values of all variables after an epoch, from those before it."""
        state = ray.put(list(variables))
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self.members = self.members or self._made()
                return _agreed(_results(member.epoch.remote(number, state) for member in self.members))
            except RayError as error:
                self.end()
                if not _is_ended_worker(error) or attempt == ATTEMPTS:
                    raise
                print(f"a worker of epoch {number} ended; the epoch starts again", flush=True)
        raise AssertionError

    def end(self) -> None:
        """Ends all workers."""
        for member in self.members:
            ray.kill(member)
        self.members = []

    def _made(self) -> list[Any]:
        count = min(self.settings.shards, _waited_for_cpus())
        token = secrets.token_bytes(32)
        native = {"env_vars": {processor.NATIVE: os.environ.get(processor.NATIVE, "0")}}
        options = {"num_cpus": 1, "runtime_env": native, "scheduling_strategy": "SPREAD", "max_restarts": 0}
        make = ray.remote(**options)(_Worker).remote
        self.members = [make(self.dataset, self.settings, rank, count, token) for rank in range(count)]
        addresses = _results(member.address.remote() for member in self.members)
        _results(member.connect.remote(addresses) for member in self.members)
        return self.members


def _is_ended_worker(error: RayError) -> bool:
    """Whether a worker failed because it, or another one, ended."""
    return not isinstance(error, RayTaskError) or isinstance(error.cause, OSError)


def _results(running: Iterable[Any]) -> list[Any]:
    """What these give; fails as soon as one of them does."""
    results = list(running)
    ahead = results
    while ahead:
        done, ahead = ray.wait(ahead, num_returns=1)
        ray.get(done)
    return ray.get(results)


def _agreed(results: list[tuple[str, list[np.ndarray]]]) -> list[np.ndarray]:
    """The variables after an epoch, on which all workers agree."""
    digests = [digest for digest, _ in results]
    if differing := [rank for rank, digest in enumerate(digests) if digest != digests[0]]:
        raise UserError(
            f"worker {differing[0]} of the Ray cluster computes other bytes than worker 0; use machines of "
            "one kind with the same versions of the libraries, or native: false"
        )
    return results[0][1]


def _waited_for_cpus() -> int:
    is_told = False
    while (count := int(ray.cluster_resources().get("CPU", 0))) < 1:
        if not is_told:
            print("the Ray cluster has no CPU now; training goes on once it has one", flush=True)
            is_told = True
        time.sleep(SECONDS)
    return count


class _Worker:
    """A process that holds the data set and a copy of the network."""

    def __init__(self, dataset: Path, settings: Settings, rank: int, workers: int, token: bytes) -> None:
        make_deterministic(intra_op_threads=1)
        prepared = fitting.prepare(datasets.read(dataset), settings)
        self.exchange = Exchange(ray.util.get_node_ip_address(), token) if workers > 1 else None
        made = parts.build(prepared.network, prepared.examples, settings, prepared.augment)
        self.rank, self.replica = rank, Replica(made, prepared.examples, settings, rank, workers, self.exchange)

    def address(self) -> Any:
        return self.exchange and self.exchange.address

    def connect(self, addresses: list[Any]) -> None:
        if self.exchange:
            self.exchange.connect(self.rank, addresses)

    def epoch(self, number: int, variables: list[np.ndarray]) -> tuple[str, list[np.ndarray]]:
        """The variables after an epoch, by the first worker alone, and their digest, which is the same for all."""
        after = self.replica.epoch(number, variables)
        digest = hashlib.sha256(b"".join(array.tobytes() for array in after)).hexdigest()
        return digest, [] if self.rank else after

"""A training on a Ray cluster: workers compute the shards of each batch, and end with it.

The stage has the state after each epoch, and writes it to the checkpoint. Workers get it at the start of an epoch; if
one of them ends, the epoch is repeated by others, from the same state.
"""

import hashlib
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from signs.core import ray_tasks
from signs.core.errors import UserError
from signs.data import datasets
from signs.networks.backend import make_deterministic
from signs.training import fitting, parts
from signs.training.exchange import Exchange
from signs.training.loop import Elsewhere
from signs.training.replica import Replica
from signs.training.settings import Settings

SECONDS = 1  # between two looks for a worker
PLACED_SECONDS = 10  # in which cores that were counted are there, else they are counted again


@contextmanager
def of_cluster(dataset: Path, settings: Settings) -> Iterator[Elsewhere | None]:
    """Makes a function that takes the steps of an epoch on the workers of a cluster; they end with the `with` block.

    Gives None where RAY_ADDRESS names no cluster.

    Args:
        dataset: Folder of the data set, which every machine can read.
        settings: Of the training. A batch has `shards` parts, and so there are as many workers at most.

    Raises:
        UserError: The cluster is not fit for the work, see `ray_tasks`.
    """
    if not ray_tasks.is_chosen():
        yield None
        return
    team = _Team(ray_tasks.connect(), dataset.absolute(), settings)
    try:
        yield team.epoch
    finally:
        team.end()


class _Team:
    """The workers of a training, which are made when an epoch needs them."""

    def __init__(self, ray: Any, dataset: Path, settings: Settings) -> None:
        self.ray, self.dataset, self.settings = ray, dataset, settings
        self.members: list[Any] = []
        self.places: Any = None

    def epoch(self, number: int, variables: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
        """The values of all variables after an epoch, from those before it."""
        state = self.ray.put(list(variables))
        for attempt in range(1, ray_tasks.ATTEMPTS + 1):
            try:
                self.members = self.members or self._made()
                return _agreed(self._results(member.epoch.remote(number, state) for member in self.members))
            except self.ray.exceptions.RayError as error:
                self.end()
                if not self._is_ended_worker(error) or attempt == ray_tasks.ATTEMPTS:
                    raise ray_tasks.reason(self.ray, error) from None
                print(f"a worker of epoch {number} ended; the epoch starts again", flush=True)
        raise AssertionError

    def end(self) -> None:
        """Ends all workers."""
        for member in self.members:
            self.ray.kill(member)
        if self.places:
            self.ray.util.remove_placement_group(self.places)
        self.members, self.places = [], None

    def _made(self) -> list[Any]:
        self.places = self._placed()
        token, own = secrets.token_bytes(32), (ray_tasks.versions(), self.dataset, self.settings)
        strategy = self.ray.util.scheduling_strategies.PlacementGroupSchedulingStrategy(self.places)
        worker = self.ray.remote(_Worker).options(num_cpus=1, scheduling_strategy=strategy, max_restarts=0)
        count = self.places.bundle_count
        self.members = [worker.remote() for _ in range(count)]
        addresses = self._results(
            member.prepare.remote(*own, rank, count, token) for rank, member in enumerate(self.members)
        )
        self._results(member.connect.remote(addresses) for member in self.members)
        return self.members

    def _placed(self) -> Any:
        """A core for each worker, all or none. Cores that were counted may be lost, or taken by another training."""
        while True:
            count = min(self.settings.shards, self._waited_for_cpus())
            places = self.ray.util.placement_group([{"CPU": 1}] * count, strategy="SPREAD")
            if places.wait(PLACED_SECONDS):
                return places
            self.ray.util.remove_placement_group(places)

    def _is_ended_worker(self, error: Exception) -> bool:
        """Whether a worker failed because it, or another one, ended."""
        if not isinstance(error, self.ray.exceptions.RayTaskError):
            return True
        return isinstance(getattr(error, "cause", None), (ConnectionError, TimeoutError))

    def _results(self, running: Iterable[Any]) -> list[Any]:
        """What these give; fails as soon as one of them does."""
        results = list(running)
        ahead = results
        while ahead:
            done, ahead = self.ray.wait(ahead, num_returns=1)
            self.ray.get(done)
        return self.ray.get(results)

    def _waited_for_cpus(self) -> int:
        is_told = False
        while (count := int(self.ray.cluster_resources().get("CPU", 0))) < 1:
            if not is_told:
                print("the Ray cluster has no CPU now; training goes on once it has one", flush=True)
                is_told = True
            time.sleep(SECONDS)
        return count


def _agreed(results: list[tuple[str, list[np.ndarray]]]) -> list[np.ndarray]:
    """The variables after an epoch, on which all workers agree."""
    digests = [digest for digest, _ in results]
    if differing := [rank for rank, digest in enumerate(digests) if digest != digests[0]]:
        raise UserError(
            f"worker {differing[0]} of the Ray cluster computes other bytes than worker 0; use machines of "
            "one kind with the same versions of the libraries, or native: false"
        )
    return results[0][1]


class _Worker:
    """A process that holds the data set and a copy of the network."""

    def prepare(
        self, theirs: dict[str, str], dataset: Path, settings: Settings, rank: int, workers: int, token: bytes
    ) -> Any:
        """Reads and builds, and returns the address for the other workers. An `__init__` would hide why it failed."""
        ray_tasks.prepare_worker(theirs)
        make_deterministic(intra_op_threads=1)
        prepared = fitting.prepare(datasets.read(dataset), settings)
        self.exchange = Exchange(ray_tasks.load().util.get_node_ip_address(), token) if workers > 1 else None
        made = parts.build(prepared.network, prepared.examples, settings, prepared.augment)
        self.rank, self.replica = rank, Replica(made, prepared.examples, settings, rank, workers, self.exchange)
        return self.exchange and self.exchange.address

    def connect(self, addresses: list[Any]) -> None:
        if self.exchange:
            self.exchange.connect(self.rank, addresses)

    def epoch(self, number: int, variables: list[np.ndarray]) -> tuple[str, list[np.ndarray]]:
        """The variables after an epoch, by the first worker alone, and their digest, which is the same for all."""
        after = self.replica.epoch(number, variables)
        digest = hashlib.sha256(b"".join(array.tobytes() for array in after)).hexdigest()
        return digest, [] if self.rank else after

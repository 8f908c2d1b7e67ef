"""The sums of the gradients of all shards, added up by all workers in the order in which one process adds them."""

from itertools import groupby

import numpy as np

from signs.networks.backend import tf
from signs.training import step
from signs.training.exchange import Exchange
from signs.training.parts import Parts
from signs.training.settings import Settings
from signs.training.step import Examples

Orders = list[tuple[int, ...]]  # see `orders`


class Sums:
    """Adds up the gradients of all shards: each worker a slice of them, in the order of the shards.

    So a worker sends and receives about two gradients a step, however many workers there are.

    Args:
        exchange: Connected with the others; None for a single worker.
        rank: Of this worker.
        workers: Their number.
        shards: Of a batch; worker `rank` has the shards `rank`, `rank + workers`, and so on.
    """

    def __init__(self, exchange: Exchange | None, rank: int, workers: int, shards: int, orders: Orders) -> None:
        self.orders = [key for key, _ in groupby(sorted(orders))]
        self.exchange, self.rank, self.workers, self.shards = exchange, rank, workers, shards
        self.others = [other for other in range(workers) if other != rank]

    def __call__(self, groups: list[np.ndarray], statistics: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The sums of all terms of all shards, and the statistics of all shards.

        Args:
            groups: Of this worker's shards, float32 (own shards, terms, n) each; terms and n differ.
            statistics: Of this worker's shards, float32 (own shards, m).

        Returns:
            Float32 (sum of all n,) and (shards, m).
        """
        outgoing = {worker: self._message(worker, groups, statistics) for worker in range(self.workers)}
        length = outgoing[self.rank].shape[1]
        parts = {other: np.empty((len(self._shards_of(other)), length), np.float32) for other in self.others}
        self._swap({other: outgoing[other] for other in self.others}, parts)
        parts[self.rank] = outgoing[self.rank]
        by_shard = np.stack([parts[shard % self.workers][shard // self.workers] for shard in range(self.shards)])
        own = self._summed(groups, by_shard)
        sums = {worker: np.empty(self._size(worker, groups), np.float32) for worker in self.others}
        self._swap(dict.fromkeys(self.others, own), sums)
        total = self._joined(groups, sums | {self.rank: own})
        return total, by_shard[:, length - statistics.shape[1] :]

    def _swap(self, outgoing: dict[int, np.ndarray], incoming: dict[int, np.ndarray]) -> None:
        if self.exchange:
            self.exchange.swap(outgoing, incoming)

    def _shards_of(self, worker: int) -> range:
        return range(worker, self.shards, self.workers)

    def _slice(self, worker: int, group: np.ndarray) -> slice:
        """What a worker adds up of a group."""
        count = group.shape[-1]
        return slice(worker * count // self.workers, (worker + 1) * count // self.workers)

    def _size(self, worker: int, groups: list[np.ndarray]) -> int:
        return sum(len(range(group.shape[-1])[self._slice(worker, group)]) for group in groups)

    def _message(self, worker: int, groups: list[np.ndarray], statistics: np.ndarray) -> np.ndarray:
        parts = [group[..., self._slice(worker, group)].reshape(len(group), -1) for group in groups]
        return np.concatenate([*parts, statistics], axis=1)

    def _summed(self, groups: list[np.ndarray], by_shard: np.ndarray) -> np.ndarray:
        """The sums of this worker's slices of all groups, one after another."""
        sums, start = [], 0
        for group, order in zip(groups, self.orders, strict=True):
            terms, length = group.shape[1], len(range(group.shape[-1])[self._slice(self.rank, group)])
            part = by_shard[:, start : start + terms * length].reshape(self.shards * terms, length)
            sums.append(np.asarray(tf.add_n([part[term] for term in order])))
            start += terms * length
        return np.concatenate(sums)

    def _joined(self, groups: list[np.ndarray], sums: dict[int, np.ndarray]) -> np.ndarray:
        """The sums of all workers' slices, each group whole."""
        pieces, starts = [], dict.fromkeys(sums, 0)
        for group in groups:
            for worker in range(self.workers):
                length = len(range(group.shape[-1])[self._slice(worker, group)])
                pieces.append(sums[worker][starts[worker] : starts[worker] + length])
                starts[worker] += length
        return np.concatenate(pieces)


def orders(parts: Parts, examples: Examples, settings: Settings) -> Orders:
    """For each weight, in which order the graph of one process adds up the terms of its gradients.

    A term is numbered shard by shard. The graph has a sum of the terms of each shard where a weight is used in several
    places, and a sum of these. TensorFlow merges them to one, and sorts its terms by their names.
    """
    found: Orders = []

    def watch(by_shard: list[list[tf.Tensor]]) -> None:
        by_weight = [[term for part in parts for term in terms(part)] for parts in zip(*by_shard, strict=True)]
        names = [[term.name.removesuffix(":0") for term in each] for each in by_weight]
        found[:] = [tuple(sorted(range(len(each)), key=each.__getitem__)) for each in names]

    network, optimizer, loss, ema = parts
    step.steps(network, optimizer, loss, examples, settings, ema, watch=watch).get_concrete_function()
    return found


def by_order(orders: Orders) -> list[int]:
    """The positions of the weights, those with the same order together."""
    return sorted(range(len(orders)), key=orders.__getitem__)


def terms(tensor: tf.Tensor) -> list[tf.Tensor]:
    """The terms of a sum of sums, as TensorFlow merges them."""
    if tensor.op.type not in ("AddN", "AddV2") or any(term.shape != tensor.shape for term in tensor.op.inputs):
        return [tensor]
    return [term for addend in tensor.op.inputs for term in terms(addend)]

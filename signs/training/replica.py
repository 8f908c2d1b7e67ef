"""A worker's share of a training: the gradients of some shards of each batch, and the steps of all.

All workers hold the same weights and take the same steps, so that no weights are sent. The gradients of the shards are
added up in the order of the shards, as in one process, and the batch statistics are applied in this order too. So the
weights are the same to the byte on any number of workers.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, pairwise

import numpy as np

from signs.networks.backend import keras, tf
from signs.networks.classifier import Classifier
from signs.networks.layers import NormalizedConvLayer
from signs.training import step, sums
from signs.training.ema import assign, values
from signs.training.exchange import Exchange
from signs.training.parts import Parts
from signs.training.settings import Settings
from signs.training.step import Examples
from signs.training.sums import Orders, Sums


class Replica:
    """One of the workers of a training.

    Args:
        parts: Of the training.
        examples: All training images.
        settings: Of the training.
        rank: Of this worker, from 0; it computes the shards `rank`, `rank + workers`, and so on.
        workers: Their number, at most the shards of a batch.
        exchange: Connected with the others; None for a single worker.
    """

    def __init__(
        self, parts: Parts, examples: Examples, settings: Settings, rank: int, workers: int, exchange: Exchange | None
    ) -> None:
        self.parts, self.examples, self.settings = parts, examples, settings
        self.batches, self.shards = step.split_evenly(len(examples.indices), settings.batch_size, settings.shards)
        self.mine, shards = range(rank, self.shards, workers), self.shards
        orders = sums.orders(parts, examples, settings)
        self.gradients = _gradients(parts, examples, settings, shards, orders)
        self.apply = _apply(parts, examples, shards, orders)
        self.sums = Sums(exchange, rank, workers, shards, orders)

    def epoch(self, number: int, variables: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The values of `Parts.variables` after this epoch, from those before it."""
        assign(self.parts.variables, variables)
        for batch_size, shards in self._batches(step.order_of_epoch(self.examples.indices, self.settings, number)):
            found = [
                self.gradients(images, rows, batch_size, shard)
                for shard, (rows, images) in zip(self.mine, shards, strict=True)
            ]
            *groups, statistics = (np.stack(arrays) for arrays in zip(*found, strict=True))
            self.apply(*self.sums(groups, statistics))
        return values(self.parts.variables)

    def _batches(self, order: np.ndarray) -> Iterator[tuple[int, list[tuple[np.ndarray, np.ndarray]]]]:
        """For each batch its size, and positions and images of the shards of this worker."""
        count, shards = len(order), self.shards
        bounds = [batch * count // self.batches for batch in range(self.batches + 1)]
        batches = [order[first:last] for first, last in pairwise(bounds)]
        mine = [[rows[shard::shards] for shard in self.mine] for rows in batches]
        images = step.read_ahead(lambda rows: [self.examples.features[part] for part in rows], mine)
        for batch, rows, read in zip(batches, mine, images, strict=True):
            yield len(batch), list(zip(rows, read, strict=True))


def _gradients(
    parts: Parts, examples: Examples, settings: Settings, shards: int, orders: Orders
) -> Callable[[np.ndarray, np.ndarray, int, int], list[tf.Tensor]]:
    """Makes a function of images, positions, batch size and shard: its gradients and batch statistics.

    It leaves all variables as they are.

    Returns:
        The function. It gives the terms of the gradients, (terms, n) for all weights with the same order of terms,
        by this order; then the statistics, (m,).
    """
    network = parts.network
    indices = tf.constant(examples.indices, tf.int64)
    synthetic = tf.constant(np.zeros(len(indices), bool) if examples.synthetic is None else examples.synthetic)
    running, counters = [variable for variable, _ in _running(network)], _counters(network)
    draws = _draws(network, examples)
    images = tf.TensorSpec((None, *examples.features.shape[1:]), examples.features.dtype)
    number = tf.TensorSpec((), tf.int64)

    @tf.function(input_signature=[images, tf.TensorSpec((None,), tf.int64), number, number], autograph=False)
    def gradients(images: tf.Tensor, rows: tf.Tensor, batch_size: tf.Tensor, shard: tf.Tensor):
        before = [tf.identity(variable) for variable in (*running, *counters)]
        for counter, drawn in zip(counters, draws, strict=True):
            counter.assign(counter + tf.cast(shard, drawn.dtype) * drawn)  # as after the shards before
        for variable in running:
            variable.assign(tf.zeros_like(variable))  # then it becomes what the shard adds to its decayed value
        seed = tf.stack([settings.seed, tf.cast(parts.optimizer.iterations, tf.int64) * shards + shard])
        gathered = (tf.gather(indices, rows), tf.gather(synthetic, rows))
        found = step.shard_gradients(network, parts.loss, images, *gathered, batch_size, seed)
        statistics = _flat([tf.identity(variable) for variable in running])
        for variable, value in zip((*running, *counters), before, strict=True):
            variable.assign(value)
        terms = [sums.terms(gradient) for gradient in found]
        groups = [
            [terms[weight] for weight in group] for _, group in groupby(sums.by_order(orders), orders.__getitem__)
        ]
        return [*(tf.stack([_flat(each) for each in zip(*group, strict=True)]) for group in groups), statistics]

    gradients.get_concrete_function()
    return gradients


def _apply(parts: Parts, examples: Examples, shards: int, orders: Orders) -> Callable[[np.ndarray, np.ndarray], None]:
    """Makes a function that takes a step, from the sum of the gradients and the statistics of all shards.

    `orders`: as `sums.orders` returns it.
    """
    network, weights = parts.network, parts.network.trainable_variables
    running, counters, draws = _running(network), _counters(network), _draws(network, examples)
    order = sums.by_order(orders)
    sizes = [math.prod(weights[place].shape) for place in order]
    lengths = [math.prod(variable.shape) for variable, _ in running]
    starts = [sum(lengths[:number]) for number in range(len(lengths))]
    flat = tf.TensorSpec((sum(sizes),), tf.float32), tf.TensorSpec((shards, sum(lengths)), tf.float32)

    @tf.function(input_signature=flat, autograph=False)
    def apply(total: tf.Tensor, statistics: tf.Tensor) -> None:
        summed = dict(zip(order, tf.split(total, sizes), strict=True))
        parts.optimizer.apply([tf.reshape(summed[i], weight.shape) for i, weight in enumerate(weights)], weights)
        for (variable, momentum), start, length in zip(running, starts, lengths, strict=True):
            for shard in range(shards):
                variable.assign(variable * momentum + statistics[shard, start : start + length])
        for counter, drawn in zip(counters, draws, strict=True):
            counter.assign(counter + shards * drawn)
        parts.ema.update(parts.optimizer.iterations)

    apply.get_concrete_function()  # makes the graph now, not in the first step
    return apply


def _running(network: Classifier) -> list[tuple[keras.Variable, float]]:
    """The running statistics of batch normalization, each with its momentum."""
    layers = [layer for layer in network.layers if isinstance(layer, NormalizedConvLayer)]
    return [(variable, layer.momentum) for layer in layers for variable in (layer.running_mean, layer.running_variance)]


def _counters(network: Classifier) -> list[keras.Variable]:
    """The counters of random numbers drawn, as of dropout."""
    known = {id(variable) for variable, _ in _running(network)}
    found = [variable for variable in network.non_trainable_variables if id(variable) not in known]
    unknown = [variable.path for variable in found if not np.issubdtype(variable.dtype, np.integer)]
    if unknown:
        raise NotImplementedError(f"how do shards change {', '.join(unknown)}?")
    return found


def _draws(network: Classifier, examples: Examples) -> list[np.ndarray]:
    """What the forward pass of a shard adds to each counter."""
    before, counters = values(network.variables), _counters(network)
    start = values(counters)
    network(examples.features[:1], training=True)
    draws = [after - old for after, old in zip(values(counters), start, strict=True)]
    assign(network.variables, before)
    return draws


def _flat(tensors: Iterable[tf.Tensor]) -> tf.Tensor:
    return tf.concat([tf.reshape(tensor, (-1,)) for tensor in [tf.zeros(0), *tensors]], axis=0)

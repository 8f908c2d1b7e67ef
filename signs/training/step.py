"""Training steps: the loss, and an epoch of optimizer steps as a single graph."""

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeVar

import numpy as np

from signs.data.shards import Images
from signs.data.split_files import ALIGNMENT
from signs.networks.backend import tf
from signs.networks.classifier import Classifier
from signs.training.augmentation import Augment
from signs.training.ema import Ema
from signs.training.optimizer import Optimizer
from signs.training.settings import Settings

READ_BYTES = 2**27  # of shards at once
Read = TypeVar("Read")


class Examples(NamedTuple):
    """Images with their classes.

    `features`: (n, height, width, channels), or (n, height, width) for one channel; float32 or uint8. An array, or
    shards, which are read while training goes on.
    `indices`: class indices 0..classes-1, integers (n,).
    `synthetic`: which images are synthetic, bool (n,); None for none of them.
    """

    features: Images
    indices: np.ndarray
    synthetic: np.ndarray | None = None


# From images, class indices and `synthetic` of a shard, the size of the whole batch and a seed (2,): the shard's share
# of the batch's loss, 0-D.
Loss = Callable[[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]


def loss(
    network: Classifier, settings: Settings, *, augment: Augment | None = None, unseen: np.ndarray | None = None
) -> Loss:
    """Makes the loss that training minimizes: mean cross entropy, and norms of the weights.

    Args:
        network: To train.
        settings: `l1`, `l2`, `label_smoothing` and `unseen_class_margin`.
        augment: Changes images and class indices first.
        unseen: Classes that have synthetic images only, bool (classes,), for the margin; None for no margin. It does
            not lower the logit of an image's own class, which augmentation may have made an unseen one.
    """

    def shard_loss(
        images: tf.Tensor, indices: tf.Tensor, synthetic: tf.Tensor, batch_size: tf.Tensor, seed: tf.Tensor
    ) -> tf.Tensor:
        if augment:
            images, indices = augment(images, indices, seed)
        logits, allowed = tf.cast(network(images, training=True), tf.float32), None
        if unseen is not None:
            own = tf.one_hot(indices, len(unseen), True, False, dtype=tf.bool)
            lowered = unseen & ~synthetic[:, None] & ~own
            logits -= settings.unseen_class_margin * tf.cast(lowered, tf.float32)
            allowed = ~lowered
        value = tf.reduce_sum(_cross_entropy(logits, indices, settings.label_smoothing, allowed))
        if settings.l1 or settings.l2:
            norms = settings.l1 * network.L1() + settings.l2 * network.L2()
            value += norms * tf.cast(tf.size(indices), tf.float32)
        return value / tf.cast(batch_size, tf.float32)

    return shard_loss


def _cross_entropy(logits: tf.Tensor, indices: tf.Tensor, smoothing: float, allowed: tf.Tensor | None) -> tf.Tensor:
    """Of each image, (n,); labels are smoothed over the classes that `allowed`, bool (n, classes), has, or all."""
    if not smoothing:
        return tf.nn.sparse_softmax_cross_entropy_with_logits(indices, logits)
    spread = tf.ones_like(logits) if allowed is None else tf.cast(allowed, tf.float32)
    spread *= smoothing / tf.reduce_sum(spread, axis=-1, keepdims=True)
    smoothed = tf.one_hot(indices, logits.shape[-1]) * (1 - smoothing) + spread
    return tf.nn.softmax_cross_entropy_with_logits(smoothed, logits)


def unseen_classes(examples: Examples, classes: int) -> np.ndarray:
    """Which classes have no image that is not synthetic, bool (classes,)."""
    seen = examples.indices if examples.synthetic is None else examples.indices[~examples.synthetic]
    return ~np.isin(np.arange(classes), seen)


def split_evenly(images: int, batch_size: int, shards: int) -> tuple[int, int]:
    """The number of batches in an epoch, and of shards in a batch; all as even as possible.

    No batch is larger than `batch_size` and no shard is empty: batch normalization needs an image.
    """
    batches = math.ceil(images / batch_size)
    return batches, min(shards, images // batches)


def order(indices: np.ndarray, class_balance_power: float, rng: np.random.Generator) -> np.ndarray:
    """The order in which an epoch sees the images: positions, (n,).

    Args:
        indices: Class indices, (n,).
        class_balance_power: At 0 each image is seen once. Otherwise images are drawn with replacement, in proportion to
            their class's size to the power of minus this.
        rng: Source of the order.
    """
    if not class_balance_power:
        return rng.permutation(len(indices))
    weights = np.bincount(indices)[indices] ** -float(class_balance_power)
    return rng.choice(len(indices), len(indices), p=weights / weights.sum())


def order_of_epoch(indices: np.ndarray, settings: Settings, epoch: int) -> np.ndarray:
    """The order in which this epoch, from 1 on, sees the images: positions, (n,)."""
    return order(indices, settings.class_balance_power, np.random.default_rng([settings.seed, epoch]))


def tensor(features: np.ndarray) -> tf.Tensor:
    """An array as a tensor, without a copy where its memory is aligned as TensorFlow needs it."""
    in_place = features.flags.carray and features.ctypes.data % ALIGNMENT == 0
    if tf.config.list_logical_devices("GPU"):  # which would fetch it again at each step
        in_place = False
    return tf.experimental.dlpack.from_dlpack(features.__dlpack__()) if in_place else tf.constant(features)


def shard_gradients(network: Classifier, loss: Loss, *shard: tf.Tensor) -> list[tf.Tensor]:
    """The gradients of a shard's share of the loss, of each trainable weight; `shard` is what `loss` takes."""
    with tf.GradientTape() as tape:
        value = loss(*shard)
    return tape.gradient(value, network.trainable_variables)


def epoch(
    network: Classifier, optimizer: Optimizer, loss: Loss, examples: Examples, settings: Settings, ema: Ema
) -> Callable[[np.ndarray], None]:
    """Makes a function that takes an epoch's steps over the images, in the order that it is given.

    The graph gets all images that are in memory and returns to Python only at the end of an epoch. Of images in a
    sharded data set it gets some batches at a time, in the very same order, while the next ones are read.

    Args:
        network: To train; built.
        optimizer: Of its weights.
        loss: Of a shard.
        examples: Training images.
        settings: `batch_size`, `shards` and `seed`.
        ema: Moving averages of the weights, updated after each step.
    """
    run, features = steps(network, optimizer, loss, examples, settings, ema), examples.features
    count = len(examples.indices)
    batches, _ = split_evenly(count, settings.batch_size, settings.shards)
    if isinstance(features, np.ndarray):
        whole = tensor(features)
        return lambda rows: run(whole, rows, rows, 0, batches)
    at_once = max(1, READ_BYTES * batches // math.prod((count, *features.shape[1:], features.dtype.itemsize)))

    def run_in_turn(rows: np.ndarray) -> None:
        starts = range(0, batches, at_once)
        parts = [rows[first * count // batches : min(first + at_once, batches) * count // batches] for first in starts]
        for first, own, images in zip(starts, parts, read_ahead(features.take, parts), strict=True):
            run(images, np.arange(len(own)), own, first, min(first + at_once, batches))

    return run_in_turn


def steps(
    network: Classifier,
    optimizer: Optimizer,
    loss: Loss,
    examples: Examples,
    settings: Settings,
    ema: Ema,
    *,
    watch: Callable[[list[list[tf.Tensor]]], None] | None = None,
) -> Any:
    """Makes the graph of the steps over some batches: see `epoch`.

    The shards of a batch are computed side by side, each by a thread: an operation on half a batch for each of two
    cores is faster than one operation that both cores share. Batch normalization is per shard.

    Args:
        network: To train; built.
        optimizer: Of its weights.
        loss: Of a shard.
        examples: Training images.
        settings: `batch_size`, `shards` and `seed`.
        ema: Moving averages of the weights, updated after each step.
        watch: Called as the graph is made, with the gradients of each shard, before they are added up.

    Returns:
        A `tf.function` of images, places in them of the batches' images, positions of these, and the numbers of the
        first batch and of the one after the last.
    """
    count, features = len(examples.indices), examples.features
    indices = tf.constant(examples.indices, tf.int64)
    synthetic = tf.constant(np.zeros(count, bool) if examples.synthetic is None else examples.synthetic)
    batches, shards = split_evenly(count, settings.batch_size, settings.shards)

    def gradients(images: tf.Tensor, places: tf.Tensor, rows: tf.Tensor, shard: int) -> list[tf.Tensor]:
        mine = rows[shard::shards]
        seed = tf.stack([settings.seed, tf.cast(optimizer.iterations, tf.int64) * shards + shard])
        own = tf.gather(images, places[shard::shards])
        gathered = (own, tf.gather(indices, mine), tf.gather(synthetic, mine))
        return shard_gradients(network, loss, *gathered, tf.size(rows), seed)

    def step(images: tf.Tensor, places: tf.Tensor, rows: tf.Tensor) -> None:
        by_shard = [gradients(images, places, rows, shard) for shard in range(shards)]
        if watch:
            watch(by_shard)
        sums = [tf.add_n(parts) for parts in zip(*by_shard, strict=True)]
        optimizer.apply(sums, network.trainable_variables)

    images = tf.TensorSpec((None, *features.shape[1:]), features.dtype)
    positions, number = tf.TensorSpec((None,), tf.int64), tf.TensorSpec((), tf.int64)

    @tf.function(input_signature=[images, positions, positions, number, number], autograph=False)
    def run(images: tf.Tensor, places: tf.Tensor, rows: tf.Tensor, first: tf.Tensor, last: tf.Tensor) -> None:
        start = first * count // batches

        def next_batch(batch: tf.Tensor) -> tuple[tf.Tensor]:
            bounds = slice(batch * count // batches - start, (batch + 1) * count // batches - start)
            step(images, places[bounds], rows[bounds])
            ema.update(optimizer.iterations)
            return (batch + 1,)

        tf.while_loop(lambda batch: batch < last, next_batch, (first,))

    return run


def read_ahead(read: Callable[[Any], Read], parts: list[Any]) -> Iterator[Read]:
    """What `read` gives for each part; the next is read while one is used."""
    with ThreadPoolExecutor(1) as pool:
        ahead = pool.submit(read, parts[0])
        for part in parts[1:]:
            images, ahead = ahead.result(), pool.submit(read, part)
            yield images
        yield ahead.result()

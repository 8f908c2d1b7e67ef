"""Descent: one epoch of gradient steps over the images, as a single graph."""

import math
from collections.abc import Callable

import numpy as np

from signs.data.datasets import ALIGNMENT
from signs.networks.architectures import Classifier
from signs.networks.backend import keras, tf
from signs.training.augmentation import Augment
from signs.training.averaging import Averages

# Images and labels of a part of a batch, which of them are synthetic, the size of the whole batch, and a
# seed (2,) for what is drawn; gives the part's share of the batch's loss, 0-D.
Loss = Callable[[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]


def loss(
    model: Classifier,
    *,
    l1: float,
    l2: float,
    label_smoothing: float,
    augment: Augment | None,
    unseen_class_margin: float = 0.0,
    unseen: np.ndarray | None = None,
) -> Loss:
    """Makes the loss that training lowers: mean cross entropy, and norms of the weights.

    Args:
        model: The network.
        l1: Weight of its L1 norm.
        l2: Weight of its L2 norm.
        label_smoothing: Share of a label that is spread over all classes.
        augment: Changes images and labels first.
        unseen_class_margin: By how much the cross entropy of an original image lowers the logits of the classes `unseen`, but for
            one that augmentation has made of it; smoothing spreads nothing over them.
        unseen: Classes that only synthetic images show, bool (classes,); None for none.
    """

    def errors(logits: tf.Tensor, labels: tf.Tensor, synthetic: tf.Tensor) -> tf.Tensor:
        spread = tf.ones_like(logits)
        if unseen is not None:
            lowered = unseen & ~synthetic[:, None] & ~tf.one_hot(labels, len(unseen), True, False, dtype=tf.bool)
            logits -= unseen_class_margin * tf.cast(lowered, tf.float32)
            spread = tf.cast(~lowered, tf.float32)
        if not label_smoothing:
            return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        spread *= label_smoothing / tf.reduce_sum(spread, axis=-1, keepdims=True)
        smoothed = tf.one_hot(labels, logits.shape[-1]) * (1 - label_smoothing) + spread
        return tf.nn.softmax_cross_entropy_with_logits(smoothed, logits)

    def part(
        images: tf.Tensor, labels: tf.Tensor, synthetic: tf.Tensor, batch: tf.Tensor, seed: tf.Tensor
    ) -> tf.Tensor:
        if augment:
            images, labels = augment(images, labels, seed)
        logits = tf.cast(model(images, training=True), tf.float32)
        value = tf.reduce_sum(errors(logits, labels, synthetic))
        if l1 or l2:
            value += (l1 * model.L1() + l2 * model.L2()) * tf.cast(tf.size(labels), tf.float32)
        return value / tf.cast(batch, tf.float32)

    return part


def divided(images: int, batch_size: int, shards: int) -> tuple[int, int]:
    """Into how many batches as even as can be images are divided, and each of them into how many shards.

    No batch is larger than `batch_size`, no part empty: a normalization over one image left over would be
    over nothing.
    """
    batches = math.ceil(images / batch_size)
    return batches, min(shards, images // batches)


def order(labels: np.ndarray, class_balance_power: float, rng: np.random.Generator) -> np.ndarray:
    """The order in which an epoch sees the images: indices, (n,).

    Args:
        labels: Class indices, (n,).
        class_balance_power: At 0 each image comes once; else it is drawn with a probability that goes with the number
            of its class's images to the power of minus `class_balance_power`.
        rng: Source of the draws.
    """
    if not class_balance_power:
        return rng.permutation(len(labels))
    weights = np.bincount(labels)[labels] ** -float(class_balance_power)
    return rng.choice(len(labels), len(labels), p=weights / weights.sum())


def tensor(features: np.ndarray) -> tf.Tensor:
    """The array as a tensor: in its own memory where it lies there as TensorFlow needs it, else a copy."""
    in_place = features.flags.carray and features.ctypes.data % ALIGNMENT == 0
    if tf.config.list_logical_devices("GPU"):  # which would fetch them anew at each step
        in_place = False
    return tf.experimental.dlpack.from_dlpack(features.__dlpack__()) if in_place else tf.constant(features)


def epoch(
    model: Classifier,
    optimizer: keras.Optimizer,
    loss: Loss,
    features: np.ndarray,
    labels: np.ndarray,
    *,
    batch_size: int,
    shards: int,
    seed: int,
    averages: Averages,
    synthetic: np.ndarray | None = None,
) -> Callable[[np.ndarray], None]:
    """Makes a function that takes the steps of an epoch, over the images in a given order.

    The data stay where they are, and nothing returns to Python between the steps. Each batch is dealt out
    among `shards`, which TensorFlow computes side by side: an operation on half a batch for each of two
    cores wastes less than every operation divided between them. A normalization is over a part.

    Args:
        model: The network to train; built.
        optimizer: Built.
        loss: Of a part of a batch.
        features: (n, height, width, channels).
        labels: Class indices, (n,).
        batch_size: Images a step, at most; see `divided`.
        shards: Of each batch.
        seed: Of what the loss draws.
        averages: Of the weights, brought up to date after each step.
        synthetic: Which images are synthetic, bool (n,), for the loss; None for none of them.
    """
    images, classes = tensor(features), tf.constant(labels, tf.int64)
    made = tf.constant(np.zeros(len(labels), dtype=bool) if synthetic is None else synthetic)
    batches, shards = divided(len(labels), batch_size, shards)
    strategy = tf.distribute.get_strategy()

    def gradients(rows: tf.Tensor, part: int, within: tf.distribute.ReplicaContext) -> list[tf.Tensor]:
        shares = shards * within.num_replicas_in_sync
        share = tf.cast(within.replica_id_in_sync_group, tf.int64) * shards + part
        mine = rows[share::shares]
        drawn = tf.stack([seed, tf.cast(optimizer.iterations, tf.int64) * shares + share])
        with tf.GradientTape() as tape:
            dealt = (tf.gather(images, mine), tf.gather(classes, mine), tf.gather(made, mine))
            value = loss(*dealt, tf.size(rows), drawn)
        return tape.gradient(value, model.trainable_variables)

    def step(rows: tf.Tensor) -> None:
        within = tf.distribute.get_replica_context()
        shares = [gradients(rows, part, within) for part in range(shards)]
        sums = [tf.add_n(share) for share in zip(*shares, strict=True)]
        optimizer.apply(within.all_reduce(tf.distribute.ReduceOp.SUM, sums), model.trainable_variables)

    @tf.function
    def run(rows: tf.Tensor) -> None:
        for number in tf.range(batches, dtype=tf.int64):
            first, last = (bound * len(labels) // batches for bound in (number, number + 1))
            strategy.run(step, args=(rows[first:last],))
            averages.update(optimizer.iterations)

    return lambda rows: run(tf.constant(rows))

"""The training loop: images, a network and settings in; a trained network and its history out."""

import functools
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from signs.core import scores
from signs.core.errors import UserError
from signs.core.history import Row, best_epoch, kept_epoch
from signs.data.shards import Images, selected
from signs.networks.backend import tf
from signs.networks.classifier import Classifier
from signs.training import checkpoints, parts, step
from signs.training.augmentation import Augment
from signs.training.checkpoints import State
from signs.training.ema import assign, values
from signs.training.settings import Settings
from signs.training.step import Examples

# From the number of an epoch and the values of `Parts.variables` before it, those after it.
Elsewhere = Callable[[int, Sequence[np.ndarray]], Sequence[np.ndarray]]


def train(
    network: Classifier,
    examples: Examples,
    validation: Examples | None,
    settings: Settings,
    *,
    augment: Augment | None = None,
    checkpoint: Path | None = None,
    report: Callable[[Row], None] | None = None,
    elsewhere: Elsewhere | None = None,
) -> list[Row]:
    """Trains a network with Adam and leaves it with the weights of the epoch that `settings.keep` names.

    The best epoch is the one with the highest validation accuracy; ties go to the lowest validation loss. Without
    validation it is the last one.

    Args:
        network: Built here if it is not yet built; then the seed determines its initial weights too.
        examples: Training images.
        validation: Images that choose the epoch, or None.
        settings: Of the training. The network, the augmentation and an earlier model are made by the caller.
        augment: Changes images and class indices of each shard of a batch.
        checkpoint: File for the state after each epoch. If it exists, training continues from there.
        report: Called after each epoch with its row of the history, while the network has the weights of that epoch.
        elsewhere: Takes the steps of an epoch in other processes; None for in this one. The result is the same.

    Returns:
        A row before the first epoch and one after each, with `epoch`; `train_accuracy` (0-1) and `train_loss` (mean
        cross entropy, nats), measured on about as many training images as there are validation images, evenly picked;
        `valid_accuracy` and `valid_loss` likewise on all validation images; and `squared_change`, the squared distance
        that the weights moved in the epoch.

    Raises:
        UserError: Labels are not class indices, or the loss became NaN or infinite.
    """
    run = _Run(network, examples, validation, settings, augment, elsewhere)
    state = run.resumed(checkpoint)
    while not _is_finished(state.history, settings):
        state = run.next(state)
        if checkpoint:
            checkpoints.write(checkpoint, state)
        if report:
            report(state.history[-1])
    assign(network.weights, state.kept)
    return state.history


class _Run:
    """The parts of a training, made once."""

    def __init__(
        self,
        network: Classifier,
        examples: Examples,
        validation: Examples | None,
        settings: Settings,
        augment: Augment | None,
        elsewhere: Elsewhere | None,
    ) -> None:
        _check_indices("train", examples, network.classes)
        self.indices, self.settings = examples.indices, settings
        every = max(1, len(examples.indices) // len(validation.indices)) if validation else 1
        every_nth = slice(None, None, every)
        self.measured = {"train": Examples(selected(examples.features, every_nth), examples.indices[every_nth])}
        if validation:
            _check_indices("valid", validation, network.classes)
            self.measured["valid"] = validation
        forward = _forward(network, settings)
        self.forward = {name: forward(split.features) for name, split in self.measured.items()}
        self.parts = parts.build(network, examples, settings, augment)
        self.take_steps = self._take_steps(elsewhere, examples)
        pairs = zip(self.parts.ema.measured, network.weights, strict=True)
        self.trainable = [variable for variable, weight in pairs if weight.trainable]

    def _take_steps(self, elsewhere: Elsewhere | None, examples: Examples) -> Callable[[State], None]:
        if elsewhere:
            return lambda state: assign(self.parts.variables, elsewhere(len(state.history), state.variables))
        network, optimizer, loss, ema = self.parts
        run_epoch = step.epoch(network, optimizer, loss, examples, self.settings, ema)
        return lambda state: run_epoch(step.order_of_epoch(self.indices, self.settings, len(state.history)))

    def resumed(self, checkpoint: Path | None) -> State:
        """The state that a checkpoint holds, with all variables set to it; else the state before the first row."""
        state = checkpoints.read(checkpoint) if checkpoint else None
        if state is None:
            return State([], [], [])
        if [array.shape for array in state.variables] != [variable.shape for variable in self.parts.variables]:
            raise UserError(f"{checkpoint} is the state of another network; delete it, and training starts anew")
        assign(self.parts.variables, state.variables)
        return state

    def next(self, state: State) -> State:
        """The state after one more row of the history; the first row is measured before training."""
        epoch, before = len(state.history), values(self.trainable)
        if epoch:
            self.take_steps(state)
        with self.parts.ema.applied():
            row = {"epoch": epoch} | self._measures()
        row["squared_change"] = _squared_distance(before, values(self.trainable))
        if not np.isfinite(list(row.values())).all():
            raise UserError(f"training diverged: loss is {row['train_loss']} after epoch {epoch}; lower learning_rate")
        history = [*state.history, row]
        is_kept = kept_epoch(history, self.settings.keep) == epoch
        return State(values(self.parts.variables), values(self.parts.ema.measured) if is_kept else state.kept, history)

    def _measures(self) -> Row:
        row = {}
        for name, split in self.measured.items():
            logits = self.forward[name]()
            row[f"{name}_accuracy"] = scores.accuracy(logits, split.indices)
            row[f"{name}_loss"] = scores.cross_entropy(logits, split.indices)
        return row


def _is_finished(history: list[Row], settings: Settings) -> bool:
    epochs = len(history) - 1  # the first row is before training
    if epochs < 1:
        return False
    is_stuck = settings.patience is not None and epochs - best_epoch(history) >= settings.patience
    return epochs >= settings.epochs or is_stuck


def _forward(network: Classifier, settings: Settings) -> Callable[[Images], Callable[[], np.ndarray]]:
    """Makes what, given images, makes a function of their logits; images of one form share a graph."""

    @functools.cache
    def graph(shape: tuple[int, ...], dtype: np.dtype[Any], shards: int) -> Callable[..., tf.Tensor]:
        images, bounds = tf.TensorSpec((None, *shape), dtype), tf.TensorSpec((shards + 1,), tf.int64)

        @tf.function(input_signature=[images, bounds], autograph=False)
        def logits(images: tf.Tensor, bounds: tf.Tensor) -> tf.Tensor:
            each = [network(images[first:last], training=False) for first, last in pairwise(tf.unstack(bounds))]
            return tf.concat(each, axis=0)

        return logits

    def of_images(features: Images) -> Callable[[], np.ndarray]:
        count = len(features)
        batches, shards = step.split_evenly(count, settings.batch_size, settings.shards)
        whole = step.tensor(features) if isinstance(features, np.ndarray) else None
        logits = graph(features.shape[1:], features.dtype, shards)

        def of_batch(batch: int) -> tf.Tensor:
            bounds = np.arange(batch * shards, (batch + 1) * shards + 1) * count // (batches * shards)
            if whole is not None:
                return logits(whole, bounds)
            return logits(features[bounds[0] : bounds[-1]], bounds - bounds[0])

        return lambda: np.concatenate([of_batch(batch) for batch in range(batches)])

    return of_images


def _squared_distance(before: list[np.ndarray], after: list[np.ndarray]) -> float:
    return float(sum(np.square(b.astype(np.float64) - a).sum() for a, b in zip(before, after, strict=True)))


def _check_indices(name: str, examples: Examples, classes: int) -> None:
    features, indices = examples.features, examples.indices
    if len(features) != len(indices):
        raise UserError(f"{name}: {len(features)} features but {len(indices)} labels; each image needs one label")
    if indices.dtype.kind not in "iu" or indices.min() < 0 or indices.max() >= classes:
        raise UserError(f"{name}: labels are not class indices 0..{classes - 1}; signs.data.classes.indices makes them")

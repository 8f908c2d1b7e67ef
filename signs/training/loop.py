"""The training loop: arrays and a network in, a trained network and its history out."""

import math
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from signs.core import scores
from signs.core.errors import UserError
from signs.core.history import Row, best_epoch
from signs.networks.architectures import Classifier
from signs.networks.backend import keras, tf
from signs.training import checkpoints, step
from signs.training.augmentation import Augment
from signs.training.averaging import Averages, assign, values
from signs.training.checkpoints import State
from signs.training.schedules import Schedule, constant

Labelled = tuple[np.ndarray, np.ndarray]
ADAM_EPSILON = 1e-8  # that of TensorFlow 1, with which the article trained


class Training(NamedTuple):
    """What `train` gives.

    `history`: a row before the first and after each epoch, with `epoch`; `train_accuracy` (0-1) and
    `train_loss` (mean cross entropy, nats) on about as many training images as there are to validate on,
    evenly picked; likewise `valid_` and `test_` where given, on all of theirs;
    `squared_change`, the squared distance that the weights moved in the epoch.
    `softmax`: probabilities on validation, float32 (n, classes); None without validation.
    """

    history: list[Row]
    softmax: np.ndarray | None


def train(
    model: Classifier,
    features: np.ndarray,
    labels: np.ndarray,
    *,
    seed: int,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    l1: float,
    l2: float,
    weight_decay: float = 0.0,
    label_smoothing: float = 0.0,
    ema_decay: float = 0.0,
    class_balance_power: float = 0.0,
    patience: int | None = None,
    keep: str = "best",
    shards: int = 1,
    schedule: Schedule | None = None,
    augment: Augment | None = None,
    synthetic: np.ndarray | None = None,
    unseen_class_margin: float = 0.0,
    validation: Labelled | None = None,
    test: Labelled | None = None,
    save_to: Path | str | None = None,
    load_from: Path | str | None = None,
    checkpoint: Path | None = None,
    report: Callable[[Row], None] | None = None,
) -> Training:
    """Trains by Adam on batches shuffled anew each epoch, and leaves the weights of the best epoch or the last.

    The best epoch is that of the highest validation accuracy, at a tie of the lowest validation loss;
    without validation it is the last. To train on several devices, make the model and call this in
    the scope of a `tf.distribute` strategy: each batch is then dealt out among the replicas.

    Args:
        model: Built here if it is not yet; then `seed` decides its first weights too.
        features: (n, height, width, channels) or (n, height, width), any type that casts to float32.
        labels: Class indices 0..classes-1, integers (n,).
        seed: Of the order of images, and of what the model draws when it is built here.
        epochs: Times that as many images are seen as there are.
        batch_size: Images a step, at most: an epoch's batches are as even as can be.
        learning_rate: Adam's, the highest where a schedule changes it.
        l1: Weight of the network's L1 norm in the loss.
        l2: Weight of its L2 norm.
        weight_decay: Share of the learning rate by which weights shrink at each step, apart from the loss
            (Loshchilov, Hutter, "Decoupled weight decay regularization", 2019); not those of one dimension.
        label_smoothing: Share of a label that is spread over all classes.
        ema_decay: Share that the running average of the weights keeps at each step; where it is above 0,
            the averages are what is measured and kept.
        class_balance_power: How far classes are evened out: an image is drawn with a probability that goes with the
            number of its class's images to the power of minus `class_balance_power`. At 0 each image is seen once an epoch.
        patience: Epochs without a better one after which training stops; None for all epochs.
        keep: Weights of which epoch to leave: "best" or "last".
        shards: Into which each batch is divided, to be computed side by side; see `descent.epoch`.
        schedule: Of the learning rate; None keeps it as it is.
        augment: Changes images and labels of each batch.
        synthetic: Which images are synthetic, bool (n,); None for none of them.
        unseen_class_margin: By how much the cross entropy of an original image lowers the logits of classes that only synthetic
            images show. At 0 a network learns that an original image is none of these, whatever it shows; the
            higher, the less it learns so, and from 100 on nothing (as in Menon et al., "Long-tail learning via
            logit adjustment", 2021, for classes that are rare).
        validation: Features and labels that choose the epoch.
        test: Features and labels that are only measured.
        save_to: Folder for the weights of each epoch, `epoch_001.weights.h5` and so on.
        load_from: Such a file to start from.
        checkpoint: File that holds the state after each epoch, from which the same call goes on.
        report: Called with each new row of the history.

    Raises:
        UserError: Labels that are no class indices, weights of another network, or a loss that is no
            number any more.
    """
    keras.utils.set_random_seed(seed)
    every = max(1, len(labels) // len(validation[1])) if validation else 1
    data = {"train": (features[::every], labels[::every]), "valid": validation, "test": test}
    given = {name: split for name, split in data.items() if split is not None}
    model(features[:1])  # builds it
    for name, split in {**given, "train": (features, labels)}.items():
        _check_indices(name, *split, model.classes)
    if load_from:
        model.load_weights(load_from)
    steps = math.ceil(len(labels) / batch_size)
    rate = (schedule or constant())(learning_rate, steps, steps * epochs)
    optimizer = keras.optimizers.Adam(rate, epsilon=ADAM_EPSILON, weight_decay=weight_decay or None)
    optimizer.exclude_from_weight_decay([weight for weight in model.trainable_variables if len(weight.shape) < 2])
    optimizer.build(model.trainable_variables)
    averages = Averages(model.weights, ema_decay)
    learnt = [kept for kept, weight in zip(averages.best, model.weights, strict=True) if weight.trainable]
    originals = labels if synthetic is None else labels[~synthetic]
    lowered = step.loss(
        model,
        l1=l1,
        l2=l2,
        label_smoothing=label_smoothing,
        augment=augment,
        unseen_class_margin=unseen_class_margin,
        unseen=~np.isin(np.arange(model.classes), originals) if unseen_class_margin else None,
    )
    sizes = {"batch_size": batch_size, "shards": shards}
    run_epoch = step.epoch(
        model, optimizer, lowered, features, labels, seed=seed, averages=averages, synthetic=synthetic, **sizes
    )
    forwards = {name: _forward(model, split[0], **sizes) for name, split in given.items()}
    variables = [*model.variables, *optimizer.variables, *averages.variables]
    state = _resume(checkpoint, variables)

    for epoch in range(len(state.history), epochs + 1):
        if patience is not None and epoch - 1 - best_epoch(state.history or [{}]) >= patience:
            break
        before = values(learnt)
        if epoch:
            run_epoch(step.order(labels, class_balance_power, np.random.default_rng([seed, epoch])))
        with averages.held():
            row = {"epoch": epoch} | _measures(given, forwards)
        row["squared_change"] = _squared_distance(before, values(learnt))
        if not np.isfinite(list(row.values())).all():
            raise UserError(f"training diverged: loss is {row['train_loss']} after epoch {epoch}; lower learning_rate")
        history = [*state.history, row]
        best = values(averages.best) if keep == "last" or best_epoch(history) == epoch else state.best
        state = State(values(variables), best, history)
        if checkpoint:
            checkpoints.write(checkpoint, state)
        if save_to and epoch:
            Path(save_to).mkdir(parents=True, exist_ok=True)
            model.save_weights(Path(save_to) / f"epoch_{epoch:03}.weights.h5")
        if report:
            report(row)

    assign(model.weights, state.best)
    softmax = scores.softmax(forwards["valid"]()) if validation else None
    return Training(state.history, softmax)


def _forward(model: Classifier, features: np.ndarray, *, batch_size: int, shards: int) -> Callable[[], np.ndarray]:
    images = step.tensor(features)
    batches, shards = step.divided(len(features), batch_size, shards)

    @tf.function
    def logits(batch: tf.Tensor) -> tf.Tensor:
        bounds = [(batch * shards + part) * len(features) // (batches * shards) for part in range(shards + 1)]
        return tf.concat([model(images[first:last], training=False) for first, last in pairwise(bounds)], axis=0)

    return lambda: np.concatenate([logits(tf.constant(batch, tf.int64)) for batch in range(batches)])


def _measures(given: dict[str, Labelled], forwards: dict[str, Callable[[], np.ndarray]]) -> Row:
    row = {}
    for name, (_, labels) in given.items():
        logits = forwards[name]()
        row[f"{name}_accuracy"] = scores.accuracy(logits, labels)
        row[f"{name}_loss"] = scores.cross_entropy(logits, labels)
    return row


def _resume(checkpoint: Path | None, variables: list) -> State:
    state = checkpoints.read(checkpoint) if checkpoint else None
    if state is None:
        return State([], [], [])
    assign(variables, state.variables)
    return state


def _squared_distance(before: list[np.ndarray], after: list[np.ndarray]) -> float:
    return float(sum(np.square(b.astype(np.float64) - a).sum() for a, b in zip(before, after, strict=True)))


def _check_indices(name: str, features: np.ndarray, labels: np.ndarray, classes: int) -> None:
    if len(features) != len(labels):
        raise UserError(f"{name}: {len(features)} features but {len(labels)} labels; each image needs one label")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() >= classes:
        raise UserError(f"{name}: labels are not class indices 0..{classes - 1}; signs.classes.indices makes them")

"""A data set becomes a model: with progress, logs, and a way on for a run that was killed."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field
from tqdm import tqdm

from signs.core import params
from signs.core.errors import UserError
from signs.core.history import Row
from signs.core.params import Count, NonNegative, Positive, Section, Seed, Sha256, Share, validated
from signs.data import classes
from signs.data.datasets import DataSet
from signs.networks import store
from signs.networks.architectures import NETWORKS, Classifier
from signs.networks.backend import compute_in, reproducible, tf
from signs.networks.store import Model
from signs.training import calibration
from signs.training.augmentation import AUGMENTATIONS
from signs.training.loop import train
from signs.training.schedules import SCHEDULES

LOCK = Path("requirements.lock")
LEAST = np.finfo(np.float32).tiny  # probability, whose logarithm is a number
Shards = Annotated[Count, Field(le=1024)]


class Earlier(Section):
    """An earlier model to start from: the path of its `model.keras`, outside the outputs, and its SHA-256."""

    path: Path
    sha256: Sha256


@validated("train")
def fit(
    dataset: DataSet,
    data: str,
    preprocess: dict[str, Any],
    logs: Path,
    *,
    seed: Seed,
    shards: Shards,
    epochs: Count,
    batch_size: Count,
    learning_rate: Positive,
    l1: NonNegative,
    l2: NonNegative,
    weight_decay: NonNegative,
    label_smoothing: Share,
    ema_decay: Annotated[Share, Field(lt=1)],
    class_balance_power: Share,
    unseen_class_margin: NonNegative,
    patience: Count | None,
    keep: Literal["best", "last"],
    schedule: dict[str, Any],
    augmentation: dict[str, Any],
    dtype: Literal["float32", "bfloat16"],
    load_from: Earlier | None,
    network: dict[str, Any],
) -> tuple[Model, list[Row]]:
    """Trains a network on a data set; a call that was killed goes on from its last epoch.

    Args:
        dataset: Preprocessed images.
        data: SHA-256 of the data set.
        preprocess: The settings that its images went through.
        logs: Folder for TensorBoard's logs and the state after each epoch; the caller removes the state
            by `forget` once the model is kept.
        seed: Of first weights, dropout and the order of images.
        shards: Of each batch, a thread each; sums depend on their number.
        epochs: Times that each image is seen.
        batch_size: Images a step.
        learning_rate: Adam's.
        l1: Weight of the L1 norm in the loss.
        l2: Weight of the L2 norm in the loss.
        weight_decay: See `loop.train`.
        label_smoothing: See there.
        ema_decay: See there.
        class_balance_power: See there.
        unseen_class_margin: See there.
        patience: See there.
        keep: See there.
        schedule: `name` of a schedule of the learning rate and its settings.
        augmentation: `name` of an augmentation and its settings.
        dtype: In which the network computes while it learns; weights are float32 in either case, and a model that
            is read computes in float32.
        load_from: An earlier model of the same classes to go on from.
        network: `name` of a network and its settings.

    Returns:
        The model with the weights of the epoch to keep, and the history as `training.train`.
    """
    settings = {name: value for name, value in locals().items() if name not in ("dataset", "logs")}
    key = _key(settings)
    build = params.choose("networks", network, NETWORKS)
    rate = params.choose("schedules", schedule, SCHEDULES)()
    ids = dataset.classes.ids
    augment = params.choose("augmentations", augmentation, AUGMENTATIONS)(dataset.classes.partners)
    if augment and dataset.train.features.dtype != np.float32:
        raise UserError("train.augmentation changes images in [-1, 1]; set preprocess.normalize to true")
    reproducible(seed, threads=1, operations=shards)
    compute_in(dtype)
    model: Classifier = build(len(ids))
    if load_from:
        few = dataset.train.features[:1]
        model = store.earlier(load_from.path, load_from.sha256, dataset.classes, like=model, images=few)
    splits = [(split.features, classes.indices(split.labels, ids)) for split in dataset.splits.values()]
    with _reporting(logs, epochs) as report:
        training = train(
            model,
            *splits[0],
            validation=splits[1],
            seed=seed,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            l1=l1,
            l2=l2,
            weight_decay=weight_decay,
            label_smoothing=label_smoothing,
            ema_decay=ema_decay,
            class_balance_power=class_balance_power,
            patience=patience,
            keep=keep,
            shards=shards,
            schedule=rate,
            augment=augment,
            synthetic=dataset.train.synthetic,
            unseen_class_margin=unseen_class_margin,
            checkpoint=logs / f"state-{key}.npz",
            report=report,
        )
    logarithms = np.log(np.maximum(np.asarray(training.softmax), LEAST))
    told = {name: value for name, value in settings.items() if name not in ("data", "preprocess")}
    card = {
        "preprocess": preprocess,
        "image_shape": list(dataset.train.features.shape[1:]),
        "data": data,
        "images": {name: len(split.labels) for name, split in dataset.splits.items()},
        "train": told | {"load_from": load_from and load_from.sha256},  # no path, which is of one machine
        "weights": model.count_params(),
        "temperature": calibration.temperature(logarithms, splits[1][1]),
    }
    return Model(model, dataset.classes, card), training.history


def forget(logs: Path) -> None:
    """Removes the states of finished trainings."""
    for path in logs.glob("*state-*.npz*"):
        path.unlink()


def _key(settings: dict[str, Any]) -> str:
    """Names what a training depends on: settings, data and code. A state of anything else is no use to it."""
    total = hashlib.sha256(json.dumps(settings, sort_keys=True, default=str).encode())
    for path in [*sorted(Path(__file__).parent.rglob("*.py")), *filter(Path.is_file, [LOCK])]:
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]


@contextmanager
def _reporting(logs: Path, epochs: int) -> Iterator[Any]:
    writer = tf.summary.create_file_writer(str(logs))
    with tqdm(total=epochs, unit="epoch", dynamic_ncols=True) as bar, writer.as_default():

        def report(row: Row) -> None:
            values = {name: value for name, value in row.items() if name != "epoch"}
            said = {name.replace("accuracy", "acc").replace("squared_", ""): value for name, value in values.items()}
            bar.n = int(row["epoch"])
            bar.set_postfix({name: f"{value:.4f}" for name, value in said.items()})  # draws the bar
            for name, value in values.items():
                tf.summary.scalar(name, value, step=int(row["epoch"]))

        yield report
    writer.close()

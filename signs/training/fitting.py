"""A data set and settings become a trained model, with progress, TensorBoard logs and checkpoints."""

import dataclasses
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from signs.core import processor
from signs.core.errors import UserError
from signs.core.history import Row
from signs.data import classes
from signs.data.datasets import DataSet
from signs.data.splits import Split
from signs.networks import architectures, store
from signs.networks.backend import keras, make_deterministic, tf
from signs.networks.classifier import Classifier
from signs.networks.model_json import Metadata
from signs.networks.store import Model
from signs.training import augmentation, calibration, checkpoints
from signs.training.augmentation import Augment
from signs.training.loop import Elsewhere, train
from signs.training.settings import Settings
from signs.training.step import Examples


class Prepared(NamedTuple):
    """What a training starts from: a network, training images, and what changes them at each step, or None."""

    network: Classifier
    examples: Examples
    augment: Augment | None


def fit(
    dataset: DataSet,
    digest: str,
    preprocess: dict[str, Any],
    logs: Path,
    settings: Settings,
    elsewhere: Elsewhere | None = None,
) -> tuple[Model, list[Row]]:
    """Trains a network on a data set; a run that was killed continues after its last epoch.

    Args:
        dataset: Preprocessed images.
        digest: SHA-256 of the data set.
        preprocess: The settings that its images were preprocessed with.
        logs: Folder for TensorBoard logs and checkpoints; the caller removes these by `checkpoints.remove` once the
            model is written.
        settings: Of the training.
        elsewhere: As `loop.train` takes it.

    Returns:
        The model, which computes in float32, and the history as `loop.train` returns it.

    Raises:
        UserError: A setting does not fit the data, the network does not fit in memory, `logs` cannot be written, or
            training diverged.
    """
    make_deterministic(intra_op_threads=1, inter_op_threads=settings.shards)
    _check_writable(logs)
    network, examples, augment = prepare(dataset, settings)
    validation = None if settings.refit else _examples(dataset, dataset.valid)
    checkpoint = checkpoints.path_for(logs, settings, digest)
    with _reporting(logs, settings.epochs) as report:
        history = train(
            network,
            examples,
            validation,
            settings,
            augment=augment,
            checkpoint=checkpoint,
            report=report,
            elsewhere=elsewhere,
        )
    metadata = _metadata(_learned(dataset, settings), digest, preprocess, network, settings)
    return _calibrated(Model(network.in_float32(), dataset.classes, metadata), validation), history


def _check_writable(logs: Path) -> None:
    try:
        logs.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=logs):
            pass
    except OSError as error:
        raise UserError(f"{logs} cannot be written: {error.strerror}; training keeps its checkpoint there") from None


def prepare(dataset: DataSet, settings: Settings) -> Prepared:
    """What the training of a network on a data set starts from.

    Raises:
        UserError: A setting does not fit the data, or the network does not fit in memory.
    """
    learned = _learned(dataset, settings).train
    return Prepared(_network(dataset, settings), _examples(dataset, learned), _augment(dataset, settings))


def _learned(dataset: DataSet, settings: Settings) -> DataSet:
    return dataset.refitted() if settings.refit else dataset


def _examples(dataset: DataSet, split: Split) -> Examples:
    return Examples(split.features, classes.indices(split.labels, dataset.classes.ids), split.synthetic)


def _network(dataset: DataSet, settings: Settings) -> Classifier:
    shape = (min(settings.batch_size, len(dataset.train.labels)), *dataset.train.features.shape[1:])
    architectures.check_memory(settings.network, len(dataset.classes), shape)
    network = architectures.build(settings.network, len(dataset.classes), settings.dtype)
    earlier = settings.load_from
    if earlier and earlier.path:
        keras.utils.set_random_seed(settings.seed)  # of dropout
        network(dataset.train.features[:1])  # builds it
        network.set_weights(store.earlier_weights(earlier.path, earlier.sha256, dataset.classes, like=network))
    return network


def _augment(dataset: DataSet, settings: Settings) -> Augment | None:
    augment = augmentation.build(settings.augmentation, dataset.classes.partners)
    if augment and dataset.train.features.dtype != np.float32:
        raise UserError("train.augmentation needs images in [-1, 1]; set preprocess.normalize to true")
    return augment


def _metadata(
    dataset: DataSet, digest: str, preprocess: dict[str, Any], network: Classifier, settings: Settings
) -> Metadata:
    return {
        "preprocess": preprocess,
        "image_shape": list(dataset.train.features.shape[1:]),
        "data": digest,
        "images": {name: len(split.labels) for name, split in dataset.splits.items()},
        "train": settings.recorded,
        "instructions": processor.instructions(),
        "weights": network.count_params(),
        "temperature": settings.refit.temperature if settings.refit else 1.0,
    }


def _calibrated(model: Model, validation: Examples | None) -> Model:
    if validation is None:
        return model
    logits = model.logits(validation.features)
    temperature = calibration.temperature(logits, validation.indices)
    return dataclasses.replace(model, metadata=model.metadata | {"temperature": temperature})


@contextmanager
def _reporting(logs: Path, epochs: int) -> Iterator[Callable[[Row], None]]:
    writer = tf.summary.create_file_writer(str(logs))
    with tqdm(total=epochs, unit="epoch", dynamic_ncols=True) as bar, writer.as_default():

        def report(row: Row) -> None:
            measures = {name: value for name, value in row.items() if name != "epoch"}
            short = {name.replace("accuracy", "acc").replace("squared_", ""): value for name, value in measures.items()}
            bar.n = int(row["epoch"])
            bar.set_postfix({name: f"{value:.4f}" for name, value in short.items()})  # redraws the bar
            for name, value in measures.items():
                tf.summary.scalar(name, value, step=int(row["epoch"]))

        yield report
    writer.close()

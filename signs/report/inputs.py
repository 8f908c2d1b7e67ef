"""The outputs of earlier stages that the report is built from."""

import tempfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from signs.core import documents, tables
from signs.core.errors import UserError
from signs.core.history import Row
from signs.core.tables import Table
from signs.data import datasets, pixels, shards
from signs.data.datasets import DataSet, Stream
from signs.data.splits import Split
from signs.evaluation import diagnosis, diagnosis_files, measured, predictions
from signs.evaluation.comparison import is_same_model
from signs.evaluation.diagnosis import Diagnosis
from signs.evaluation.predictions import Predictions
from signs.preparation.merging import merge
from signs.preparation.preprocessing import preprocess

MODELS = ("original", "augmented")


class Explored(NamedTuple):
    """A data set as it was fetched or synthesized, its `datasets.digest`, and what `explore` found."""

    name: str
    dataset: DataSet
    digest: str
    found: dict[str, Any]


class Diagnosed(NamedTuple):
    """A model's results.

    `dataset`: the stored images that it was trained and measured on, cropped as the model sees them.
    `metrics`: what `metrics.evaluate` returned. `history`: of its training.
    `heatmaps`: of `diagnosis.mistakes`, 0-1 (n, rows, columns).
    `acceptance`: see `rejection.acceptance`. `corruptions` and `stress`: what `stress.stress` returned.
    """

    name: str
    dataset: DataSet
    metrics: dict[str, Any]
    history: list[Row]
    predictions: Predictions
    diagnosis: Diagnosis
    heatmaps: np.ndarray
    acceptance: Table
    corruptions: Table
    stress: dict[str, Any]


def file_of(split: Split, row: int) -> dict[str, str]:
    """The file that an image was read from, as `file`; empty if that is unknown."""
    name = "" if split.filenames is None else str(split.filenames[row])
    return {"file": name} if name else {}


def explored(name: str, data: Path, reports: Path) -> Explored:
    """Reads the data set `data/<name>` and what `explore` found in it.

    Raises:
        UserError: A file is missing or damaged, or the two do not belong together.
    """
    dataset, found = datasets.read(data / name), documents.read(reports / "explore" / name / "found.json", "explore")
    images = {split: len(part.labels) for split, part in dataset.splits.items()}
    if found.get("images") != images:
        raise UserError(
            f"{reports} describes {found.get('images')} images, {data / name} has {images}; run dvc repro explore"
        )
    return Explored(name, dataset, datasets.digest(data / name), found)


def all_explored(data: Path, models: Path, reports: Path) -> list[Explored]:
    """Reads the fetched data set, and the synthetic one unless both models are one, as they are without new signs.

    Errors as in `explored`.
    """
    is_one = is_same_model(*(models / name / "model.json" for name in MODELS))
    return [explored(name, data, reports) for name in (["original"] if is_one else ["original", "synthetic"])]


def diagnosed(name: str, dataset: DataSet, metrics: Path, probabilities: Path, reports: Path) -> Diagnosed:
    """Reads a model's results.

    Args:
        name: Of the model.
        dataset: The stored images that it was measured on, cropped as the model sees them.
        metrics: The folder of metrics and tables.
        probabilities: The folder of predictions.
        reports: The folder that holds the mistakes that `diagnose` found.

    Raises:
        UserError: A file is missing or damaged, or they do not belong together.
    """
    predicted = predictions.read(probabilities / f"{name}.npz")
    if not np.array_equal(predicted.labels["test"], dataset.test.labels):
        raise UserError(f"the predictions of {name} are of other images than those in data; dvc repro predicts again")
    found, heatmaps = _diagnosis(metrics / name, reports / "diagnose" / name / "mistakes.npz", dataset, predicted)
    return Diagnosed(
        name,
        dataset,
        measured.read_metrics(metrics / f"{name}.json"),
        tables.read(metrics / name / "history.csv", "train_accuracy", "train"),
        predicted,
        found,
        heatmaps,
        tables.read(metrics / name / "acceptance.csv", "coverage", "evaluate"),
        tables.read(metrics / name / "corruptions.csv", "severity", "stress"),
        measured.read_stress(metrics / name / "stress.json"),
    )


def seen(dataset: DataSet, preprocess: dict[str, Any]) -> DataSet:
    """Crops stored images as preprocessing does; `preprocess` is that section of params.yaml."""
    fraction = preprocess["central_fraction"]
    return dataset.map(
        lambda split: split._replace(features=shards.mapped(split.features, lambda part: pixels.middle(part, fraction)))
    )


def augmented(original: DataSet, synthetic: DataSet) -> DataSet:
    """The stored images behind the merged data set, in three channels."""
    return merge(*(dataset.map(_in_colour) for dataset in (original, synthetic)), hide_photographs_of=[]).gathered()


def check_data(stored: list[DataSet], models: Path, settings: dict[str, Any]) -> None:
    """Checks that the models were trained on these stored images, by preprocessing and merging them once more.

    A digest of what `preprocess` wrote would say nothing of the images on the page. 50,000 images take 2 seconds.

    Args:
        stored: The data set as it was fetched, and the synthetic one if there is a model of both.
        models: The folder of the models.
        settings: The sections `preprocess` and `merge` of params.yaml.

    Raises:
        UserError: A model was trained on others.
    """
    prepared = [preprocess(dataset, **settings["preprocess"]) for dataset in stored]
    trained: dict[str, DataSet | Stream] = {"original": prepared[0]}
    if len(prepared) > 1:
        trained["augmented"] = merge(*prepared, **settings["merge"])
    for name, dataset in trained.items():
        with tempfile.TemporaryDirectory() as folder:
            datasets.write(Path(folder), dataset)
            digest = datasets.digest(Path(folder))
        measured.check_data(digest, models / name / "model.json", f"what data/ holds for {name}")


def _diagnosis(
    tables_of: Path, mistakes_of: Path, dataset: DataSet, predicted: Predictions
) -> tuple[Diagnosis, np.ndarray]:
    """Reads what `diagnose` wrote, and checks it against the predictions."""
    known, softmax, labels = dataset.classes, predicted.softmax, predicted.labels
    found = diagnosis_files.read_tables(tables_of, known)
    mistakes, heatmaps = diagnosis_files.read_mistakes(mistakes_of)
    if not np.array_equal(predicted.ids, known.ids):
        raise UserError(f"the predictions behind {tables_of} are of other classes than those in data; run dvc repro")
    truth = {split: np.searchsorted(known.ids, labels[split]) for split in ("valid", "test")}
    images = np.bincount(truth["test"], minlength=len(known))
    wrong = diagnosis.wrong(softmax["test"], truth["test"])
    if not np.array_equal(found.matrix.sum(axis=1), images) or not np.array_equal(mistakes, wrong[: len(mistakes)]):
        raise UserError(f"{tables_of} and {mistakes_of} are not of these predictions; run dvc repro diagnose")
    average = diagnosis.average_probabilities(softmax["valid"], truth["valid"])
    confused = diagnosis.confused(found.matrix)
    return Diagnosis(known, found.matrix, average, found.per_class, found.reliability, confused, mistakes), heatmaps


def _in_colour(split: Split) -> Split:
    return split._replace(features=shards.mapped(split.features, pixels.colour))

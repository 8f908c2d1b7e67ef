"""What earlier stages left of a data set and of a model, read back for the report."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from signs.core import tables
from signs.core.errors import UserError
from signs.core.history import Row
from signs.core.tables import Table
from signs.data import datasets, pixels
from signs.data.datasets import DataSet, Split
from signs.evaluation import diagnosis, predictions
from signs.evaluation import metrics as evaluation
from signs.evaluation.diagnosis import Diagnosis
from signs.evaluation.predictions import Predictions
from signs.exploration import statistics
from signs.preparation.merging import merge


class Explored(NamedTuple):
    """A raw data set, its `datasets.digest`, and what `explore` found."""

    name: str
    dataset: DataSet
    digest: str
    found: dict[str, Any]


class Diagnosed(NamedTuple):
    """A model's results.

    `dataset`: the stored images of what it was trained and measured on, as far as it sees them.
    `metrics`: as `evaluate` gave them.
    `attention`: where the network looked at each of `diagnosis.mistakes`, 0-1 (n, rows, columns).
    `acceptance`: see `rejection.acceptance`. `stress` and `corruptions`: what `stress.stress` gives.
    """

    name: str
    dataset: DataSet
    metrics: dict[str, Any]
    history: list[Row]
    predictions: Predictions
    diagnosis: Diagnosis
    attention: np.ndarray
    acceptance: Table
    corruptions: Table
    stress: dict[str, Any]


def explored(name: str, data: Path, reports: Path) -> Explored:
    """Reads the raw data set `data/<name>` and what `explore` left in `reports`; a UserError if they do not match."""
    dataset, found = datasets.read(data / name), statistics.read(reports / "explore" / name / "found.json")
    images = {split: len(part.labels) for split, part in dataset.splits.items()}
    if found.get("images") != images:
        raise UserError(
            f"{reports} tells of {found.get('images')} images, {data / name} has {images}; dvc repro explore looks anew"
        )
    return Explored(name, dataset, datasets.digest(data / name), found)


def diagnosed(
    name: str, dataset: DataSet, metrics: Path, probabilities: Path, reports: Path, settings: dict[str, Any]
) -> Diagnosed:
    """Reads a model's results.

    Args:
        name: Of the model.
        dataset: The stored images of what it was measured on, as far as it sees them.
        metrics: The folder of metrics.
        probabilities: The folder of predictions.
        reports: The folder in which `diagnose` left the mistakes.
        settings: The section `diagnose` of params.yaml.

    Raises:
        UserError: A file is missing or damaged, or they do not belong together.
    """
    predicted = predictions.read(probabilities / f"{name}.npz")
    if not np.array_equal(predicted.labels["test"], dataset.test.labels):
        raise UserError(f"predictions of {name} are not of the images in data; dvc repro makes them anew")
    found = diagnosis.diagnose(predicted, dataset.classes, **settings)
    shown, attention = diagnosis.read_mistakes(reports / "diagnose" / name / "mistakes.npz")
    if not np.array_equal(shown, found.mistakes):
        raise UserError(f"the mistakes of {name} in {reports} are not those of its predictions; dvc repro diagnose")
    measured = evaluation.read(metrics / f"{name}.json")
    return Diagnosed(
        name,
        dataset,
        measured,
        tables.read(metrics / name / "history.csv", "train_accuracy", "train"),
        predicted,
        found,
        attention,
        tables.read(metrics / name / "acceptance.csv", "coverage", "evaluate"),
        tables.read(metrics / name / "corruptions.csv", "severity", "stress"),
        evaluation.read(metrics / name / "stress.json"),
    )


def seen(dataset: DataSet, settings: dict[str, Any]) -> DataSet:
    """Of the stored images the part that a network sees; `settings` are the section `preprocess` of params.yaml."""
    fraction = settings["central_fraction"]
    return dataset.map(lambda split: split._replace(features=pixels.middle(split.features, fraction)))


def augmented(original: DataSet, synthetic: DataSet) -> DataSet:
    """The stored images behind the merged data set, all in colour."""
    return merge(*(dataset.map(_in_colour) for dataset in (original, synthetic)), hide_photographs_of=[]).gathered()


def _in_colour(split: Split) -> Split:
    return split._replace(features=pixels.colour(split.features))

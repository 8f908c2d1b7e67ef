"""A diagnosis in files: CSV tables, which DVC plots and the report reads back, and the mistakes."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from signs.core import arrays, tables
from signs.core.errors import UserError
from signs.data import classes
from signs.data.classes import Classes
from signs.evaluation.diagnosis import Diagnosis, Table, confusion
from signs.evaluation.predictions import Predictions

STAGE = "diagnose"
MISTAKES = ("image", "file", "actual", "predicted", "confidence")
SCORES = ("images", "precision", "recall", "f1", "valid_probability")
BINS = ("low", "high", "confidence", "accuracy", "images")
RELIABILITY = {"test": "reliability.csv", "valid": "valid_reliability.csv"}


class Tables(NamedTuple):
    """What `read_tables` returns; the fields of `Diagnosis` with these names, without empty bins, to six digits."""

    matrix: np.ndarray
    per_class: Table
    reliability: dict[str, Table]


def write_tables(folder: Path, diagnosis: Diagnosis) -> None:
    """Writes `confusion.csv`, `per_class.csv`, `reliability.csv`, `valid_reliability.csv` and `confused.csv`.

    Ids are padded with zeros to the same length, so that sorting them as text keeps their order.
    """
    known, matrix = diagnosis.classes, diagnosis.matrix
    digits = len(str(known.ids.max()))
    labels = [f"{id:0{digits}}" for id in known.ids]
    images = [cell for cell in np.argwhere(matrix).tolist() for _ in range(matrix[tuple(cell)])]
    cells = [{"actual": labels[row], "predicted": labels[column]} for row, column in images]
    scores = [
        {"class": label, "name": name, **row}
        for label, name, row in zip(labels, known.names, diagnosis.per_class, strict=True)
    ]
    pairs = [{"pair": f"{labels[i]} {labels[j]}", "images": matrix[i, j] + matrix[j, i]} for i, j in diagnosis.confused]
    tables.write(folder / "confusion.csv", cells, ["actual", "predicted"])
    tables.write(folder / "per_class.csv", scores)
    tables.write(folder / "confused.csv", pairs, ["pair", "images"])
    for split, name in RELIABILITY.items():
        tables.write(folder / name, [row for row in diagnosis.reliability[split] if row["images"]], BINS)


def read_tables(folder: Path, known: Classes) -> Tables:
    """Reads the tables that `write_tables` wrote of a model that knows these classes.

    Raises:
        UserError: A table is missing or damaged, or is of other classes.
    """
    cells = tables.read_text(folder / "confusion.csv", ["actual", "predicted"], STAGE)
    scores = tables.read_text(folder / "per_class.csv", ["class", *SCORES], STAGE)
    bins = {split: tables.read_text(folder / name, BINS, STAGE) for split, name in RELIABILITY.items()}
    try:
        per_class = [_numbers(row, SCORES) for row in scores]
        reliability = {split: [_numbers(row, BINS) for row in rows] for split, rows in bins.items()}
        ids = np.array([int(row["class"]) for row in scores])
        truth, predicted = (np.array([int(row[side]) for row in cells], int) for side in ("actual", "predicted"))
    except ValueError as error:
        raise UserError(f"{folder} holds a table with a damaged cell: {error}; dvc repro {STAGE} restores it") from None
    if not np.array_equal(ids, known.ids):
        raise UserError(f"the tables in {folder} are of other classes than the data set; dvc repro {STAGE}")
    matrix = confusion(classes.indices(truth, known.ids), classes.indices(predicted, known.ids), len(known))
    return Tables(matrix, per_class, reliability)


def write_mistakes(path: Path, images: np.ndarray, heatmaps: np.ndarray) -> None:
    """Writes an `.npz` of the mistakes to show.

    Args:
        path: Of the file.
        images: Rows of the test split, (n,); stored as `images`.
        heatmaps: Of these images, 0-1, (n, rows, columns); stored in 256 steps as `heatmaps`.
    """
    arrays.write(path, {"images": images, "heatmaps": np.rint(heatmaps * 255).astype(np.uint8)})


def write_mistake_table(path: Path, predictions: Predictions, diagnosis: Diagnosis, files: np.ndarray | None) -> None:
    """Writes a CSV file of the mistakes: row of the test split, file, true and predicted class, confidence.

    Args:
        path: Of the file.
        predictions: What was diagnosed.
        diagnosis: What was found.
        files: File of each test image, text (n,); None if that is unknown.
    """
    names = dict(zip(diagnosis.classes.ids.tolist(), diagnosis.classes.names, strict=True))
    softmax, labels = predictions.softmax["test"], predictions.labels["test"]
    rows = [
        {
            "image": row,
            "file": "" if files is None else str(files[row]),
            "actual": names[int(labels[row])],
            "predicted": names[int(predictions.ids[softmax[row].argmax()])],
            "confidence": softmax[row].max(),
        }
        for row in diagnosis.mistakes.tolist()
    ]
    tables.write(path, rows, MISTAKES)


def read_mistakes(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Reads what `write_mistakes` wrote: rows of the test split (n,), heatmaps float32 0-1 (n, rows, columns).

    Raises:
        UserError: The file is missing, or is no such file.
    """
    images, heatmaps = arrays.read(path, ["images", "heatmaps"])
    return images, heatmaps.astype(np.float32) / 255


def _numbers(row: dict[str, str], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: _number(key, row[key]) for key in keys}


def _number(key: str, text: str) -> float | None:
    if key == "images":
        return int(text)
    return float(text) if text else None

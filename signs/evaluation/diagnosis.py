"""Where a model errs: tables of its predictions; no TensorFlow here."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from signs.core import arrays
from signs.core.errors import UserError
from signs.core.files import replaced
from signs.core.params import Count, validated
from signs.data.classes import Classes, indices
from signs.evaluation.predictions import Predictions

Table = list[dict[str, Any]]


class Diagnosis(NamedTuple):
    """Where a model errs; of test, where nothing else is said.

    `matrix`: see `confusion`. `average`: see `average_probabilities`, of validation. `reliability`: by
    split. `confused`: pairs of positions in `classes`. `mistakes`: positions of images, most confident first.
    """

    classes: Classes
    matrix: np.ndarray
    average: np.ndarray
    per_class: Table
    reliability: dict[str, Table]
    confused: list[tuple[int, int]]
    mistakes: np.ndarray


def confusion(softmax: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """How often class `row` was taken for class `column`: int64 (classes, classes)."""
    classes = softmax.shape[1]
    cells = indices * classes + softmax.argmax(axis=1)
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def average_probabilities(softmax: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """The mean probabilities over the images of each class: float64 (classes, classes), nan rows for no image.

    Source: "German traffic sign classification in Tensorflow", In [37].
    """
    sums = np.zeros((softmax.shape[1], softmax.shape[1]))
    np.add.at(sums, indices, softmax)
    images = np.bincount(indices, minlength=len(sums))[:, np.newaxis]
    return np.divide(sums, images, out=np.full_like(sums, np.nan), where=images > 0)


def per_class(softmax: np.ndarray, indices: np.ndarray, average: np.ndarray) -> Table:
    """A row a class: `images`, `precision`, `recall`, `f1`, `valid_probability`.

    Args:
        softmax: Of test, (n, classes).
        indices: The right classes of test, (n,).
        average: `average_probabilities` of validation.

    Returns:
        Shares 0-1; None where there is nothing to divide by.
    """
    matrix = confusion(softmax, indices)
    right, images, said = matrix.diagonal(), matrix.sum(axis=1), matrix.sum(axis=0)
    columns = {
        "precision": _shares(right, said),
        "recall": _shares(right, images),
        "f1": _shares(2 * right, images + said),
        "valid_probability": average.diagonal(),
    }
    return [
        {"images": int(images[position])} | {key: _number(values[position]) for key, values in columns.items()}
        for position in range(len(matrix))
    ]


def reliability(softmax: np.ndarray, indices: np.ndarray, bins: int) -> Table:
    """A row a bin of confidence: `low`, `high`, `confidence` and `accuracy` (means, None for no image), `images`.

    Source: Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", 2017.

    Args:
        softmax: (n, classes).
        indices: The right classes, (n,).
        bins: Of equal width; each holds its upper edge.
    """
    confidence = softmax.max(axis=1)
    right = softmax.argmax(axis=1) == indices
    bin_of = np.ceil(confidence * bins).astype(int).clip(1, bins) - 1
    images = np.bincount(bin_of, minlength=bins)
    sums = {"confidence": np.bincount(bin_of, confidence, bins), "accuracy": np.bincount(bin_of, right, bins)}
    return [
        {"low": row / bins, "high": (row + 1) / bins}
        | {key: _number(values[row] / images[row]) if images[row] else None for key, values in sums.items()}
        | {"images": int(images[row])}
        for row in range(bins)
    ]


def confused(matrix: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of positions that are taken for one another, either way, most images first."""
    both = np.triu(matrix + matrix.T, k=1)
    pairs = [(first, second) for first, second in np.argwhere(both).tolist()]
    return sorted(pairs, key=lambda pair: (-both[pair], pair))


def wrong(softmax: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """The images whose likeliest class is a wrong one, most confident first: int64 (n,)."""
    rows = np.flatnonzero(softmax.argmax(axis=1) != indices)
    return rows[np.argsort(-softmax[rows].max(axis=1), kind="stable")]


@validated("diagnose")
def diagnose(predictions: Predictions, classes: Classes, *, bins: Count, mistakes: Count) -> Diagnosis:
    """Finds out where a model errs on test, and how sure it is.

    Args:
        predictions: Of validation and test.
        classes: What the columns of the probabilities mean.
        bins: Of confidence, for the reliability.
        mistakes: At most so many are kept.

    Raises:
        UserError: The predictions are of other classes.
    """
    if not np.array_equal(predictions.ids, classes.ids):
        raise UserError(
            f"predictions are of {len(predictions.ids)} classes, the data have {len(classes)}, and they are not the "
            "same; dvc repro evaluate makes them anew"
        )
    right = {split: indices(labels, classes.ids) for split, labels in predictions.labels.items()}
    softmax = predictions.softmax
    matrix = confusion(softmax["test"], right["test"])
    average = average_probabilities(softmax["valid"], right["valid"])
    return Diagnosis(
        classes,
        matrix,
        average,
        per_class(softmax["test"], right["test"], average),
        {split: reliability(softmax[split], right[split], bins) for split in softmax},
        confused(matrix),
        wrong(softmax["test"], right["test"])[:mistakes],
    )


def write_tables(folder: Path, diagnosis: Diagnosis) -> None:
    """Writes what DVC plots as CSV files: `confusion`, `per_class`, `reliability`, `confused`.

    Ids have as many digits as the largest, so that they are in order where they are sorted as text.
    """
    digits = len(str(diagnosis.classes.ids.max()))
    labels = [f"{id:0{digits}}" for id in diagnosis.classes.ids]
    matrix = diagnosis.matrix
    cells = [cell for cell in np.argwhere(matrix).tolist() for _ in range(matrix[tuple(cell)])]  # a row an image
    _write(folder / "confusion.csv", ["actual", "predicted"], ([labels[row], labels[column]] for row, column in cells))
    keys = ["images", "precision", "recall", "f1", "valid_probability"]
    scores = ([row[key] for key in keys] for row in diagnosis.per_class)
    rows = ([label, name, *row] for label, name, row in zip(labels, diagnosis.classes.names, scores, strict=True))
    _write(folder / "per_class.csv", ["class", "name", *keys], rows)
    keys = ["low", "high", "confidence", "accuracy", "images"]
    filled = (row for row in diagnosis.reliability["test"] if row["images"])
    _write(folder / "reliability.csv", keys, ([row[key] for key in keys] for row in filled))
    pairs = ([f"{labels[i]} {labels[j]}", matrix[i, j] + matrix[j, i]] for i, j in diagnosis.confused)
    _write(folder / "confused.csv", ["pair", "images"], pairs)


def write_mistakes(path: Path, images: np.ndarray, attention: np.ndarray) -> None:
    """Writes an `.npz` of the mistakes shown.

    Args:
        path: Of the file.
        images: Positions in the test split, (n,); kept as `images`.
        attention: Where the network looked, 0-1, (n, rows, columns); kept in 256 steps as `attention`.
    """
    arrays.write(path, {"images": images, "attention": np.rint(attention * 255).astype(np.uint8)})


def read_mistakes(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Reads positions (n,) and attention, float32 0-1 (n, rows, columns); a UserError for another file."""
    images, attention = arrays.read(path, ["images", "attention"])
    return images, attention.astype(np.float32) / 255


def _write(path: Path, header: list[str], rows: Iterable[list]) -> None:
    with replaced(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([f"{cell:.6g}" if isinstance(cell, float) else cell for cell in row] for row in rows)


def _shares(parts: np.ndarray, wholes: np.ndarray) -> np.ndarray:
    return np.divide(parts, wholes, out=np.full(len(wholes), np.nan), where=wholes > 0)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)

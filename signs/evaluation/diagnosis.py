"""Where a model fails: tables of its predictions; needs no TensorFlow."""

from typing import Any, NamedTuple

import numpy as np

from signs.core.errors import UserError
from signs.core.params import Bins, Count, validated
from signs.data.classes import Classes, indices
from signs.evaluation.predictions import Predictions
from signs.evaluation.reliability import reliability

Table = list[dict[str, Any]]


class Diagnosis(NamedTuple):
    """Where a model fails, on test unless stated otherwise.

    `matrix`: see `confusion`. `average`: see `average_probabilities`, on validation. `per_class`: see `per_class`.
    `reliability`: by split, see `reliability.reliability`. `confused`: see `confused`.
    `mistakes`: rows of misclassified images, most confident first.
    """

    classes: Classes
    matrix: np.ndarray
    average: np.ndarray
    per_class: Table
    reliability: dict[str, Table]
    confused: list[tuple[int, int]]
    mistakes: np.ndarray


def confusion(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Number of images by true class (row) and predicted class (column); scikit-learn's refuses a single class.

    Args:
        truth: Positions of the true classes, (n,).
        predicted: Positions of the predicted classes, (n,).
        classes: Number of classes.

    Returns:
        int64 (classes, classes).
    """
    return np.bincount(truth * classes + predicted, minlength=classes**2).reshape(classes, classes)


def average_probabilities(softmax: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Mean probabilities over the images of each class: float64 (classes, classes); nan rows where there is no image.

    Source: "German traffic sign classification in Tensorflow", In [37].
    """
    sums = np.zeros((softmax.shape[1], softmax.shape[1]))
    np.add.at(sums, truth, softmax)
    images = np.bincount(truth, minlength=len(sums))[:, np.newaxis]
    return np.divide(sums, images, out=np.full_like(sums, np.nan), where=images > 0)


def per_class(softmax: np.ndarray, truth: np.ndarray, average: np.ndarray) -> Table:
    """The scores of each class.

    Args:
        softmax: On test, (n, classes).
        truth: Positions of the true classes of test, (n,).
        average: `average_probabilities` of validation.

    Returns:
        One row for each class: `images`, `precision`, `recall`, `f1`, and `valid_probability`, the mean probability of
        the true class on validation. Shares 0-1, None where a share is undefined.
    """
    from sklearn.metrics import precision_recall_fscore_support  # noqa: PLC0415  # takes a second, which not every stage needs

    labels = np.arange(softmax.shape[1])
    *scores, images = precision_recall_fscore_support(
        truth, softmax.argmax(axis=1), labels=labels, average=None, zero_division=np.nan
    )
    columns = dict(zip(("precision", "recall", "f1"), scores, strict=True)) | {"valid_probability": average.diagonal()}
    return [
        {"images": int(images[row])} | {key: _number(values[row]) for key, values in columns.items()} for row in labels
    ]


def confused(matrix: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of classes (positions) that are confused in either direction, most images first."""
    both = np.triu(matrix + matrix.T, k=1)
    pairs = [(first, second) for first, second in np.argwhere(both).tolist()]
    return sorted(pairs, key=lambda pair: (-both[pair], pair))


def wrong(softmax: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Rows of the misclassified images, most confident first: int64 (n,)."""
    rows = np.flatnonzero(softmax.argmax(axis=1) != truth)
    return rows[np.argsort(-softmax[rows].max(axis=1), kind="stable")]


@validated("diagnose")
def diagnose(predictions: Predictions, classes: Classes, *, bins: Bins, mistakes: Count) -> Diagnosis:
    """Finds where a model fails on test, and whether its confidence can be trusted.

    Args:
        predictions: On validation and test.
        classes: The classes of the columns of the probabilities.
        bins: Bins of confidence, for the reliability.
        mistakes: Mistakes kept, at most.

    Raises:
        UserError: The predictions are of other classes.
    """
    if not np.array_equal(predictions.ids, classes.ids):
        raise UserError(
            f"the predictions are of {len(predictions.ids)} classes, the data set has {len(classes)} others; "
            "dvc repro evaluate writes them again"
        )
    truth = {split: indices(labels, classes.ids) for split, labels in predictions.labels.items()}
    softmax = predictions.softmax
    matrix = confusion(truth["test"], softmax["test"].argmax(axis=1), len(classes))
    average = average_probabilities(softmax["valid"], truth["valid"])
    return Diagnosis(
        classes,
        matrix,
        average,
        per_class(softmax["test"], truth["test"], average),
        {split: _bins(softmax[split], truth[split], bins) for split in softmax},
        confused(matrix),
        wrong(softmax["test"], truth["test"])[:mistakes],
    )


def _bins(softmax: np.ndarray, truth: np.ndarray, bins: int) -> Table:
    return reliability(softmax.max(axis=1), softmax.argmax(axis=1) == truth, bins)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)

"""When a model does not answer: a threshold of confidence, chosen on validation and only measured on test."""

import math

import numpy as np

from signs.core.scores import interval, softmax
from signs.core.tables import Table

ROWS = 400  # of the curve that are kept


def answers(logits: np.ndarray, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How sure a model is of each image, float32 (n,), 0-1, and whether it is right, bool (n,).

    Args:
        logits: (n, classes).
        indices: The right classes, (n,).
    """
    return softmax(logits).max(axis=1), logits.argmax(axis=1) == indices


def acceptance(confidence: np.ndarray, is_right: np.ndarray) -> Table:
    """What is left when only images above some confidence are answered.

    Args:
        confidence: Of the likeliest class, 0-1, (n,).
        is_right: Whether that is the right one, bool (n,).

    Returns:
        A row for each threshold that makes a difference, the highest first: `threshold`, `coverage` (share of
        images above it) and `accuracy` (share of those that are right).
    """
    order = np.argsort(-confidence, kind="stable")
    sorted_down, answered = confidence[order], np.arange(1, len(order) + 1)
    right = np.cumsum(is_right[order])
    below = np.append(sorted_down[1:], 0.0)
    last = sorted_down > below  # images of the same confidence go together
    return [
        {
            "threshold": float(below[row]),
            "coverage": float(answered[row] / len(order)),
            "accuracy": float(right[row] / answered[row]),
        }
        for row in np.flatnonzero(last)
    ]


def threshold(confidence: np.ndarray, is_right: np.ndarray, accuracy: float) -> float:
    """The lowest threshold above which at least this share of images is right; 1 where there is none.

    Args:
        confidence: On validation, 0-1, (n,).
        is_right: Likewise, bool (n,).
        accuracy: Asked for, 0-1.
    """
    good = [row["threshold"] for row in acceptance(confidence, is_right) if row["accuracy"] >= accuracy]
    return min(good, default=1.0)


def accepted(confidence: np.ndarray, is_right: np.ndarray, threshold: float) -> dict[str, float]:
    """Coverage and accuracy above a threshold, each with the ends of its 95 % interval.

    Returns:
        `coverage`, `coverage_low`, `coverage_high`; `accuracy` (1 where nothing is answered), `accuracy_low`,
        `accuracy_high`; shares 0-1.
    """
    answered = confidence > threshold
    counts = {
        "coverage": (int(answered.sum()), len(answered)),
        "accuracy": (int(is_right[answered].sum()), int(answered.sum())),
    }
    result: dict[str, float] = {}
    for name, (part, whole) in counts.items():
        low, high = interval(part, whole)
        result |= {name: part / whole if whole else 1.0, f"{name}_low": low, f"{name}_high": high}
    return result


def thinned(curve: Table) -> Table:
    """Of what `acceptance` gives at most 400 rows, evenly picked, the last one among them."""
    every = math.ceil(len(curve) / ROWS)
    return curve[::-1][::every][::-1]

"""When a model should not answer: a confidence threshold, chosen on validation and measured on test."""

import math

import numpy as np

from signs.core.scores import softmax
from signs.core.tables import Table
from signs.evaluation.intervals import interval

MOST_ROWS = 400  # of the acceptance curve that is stored


def answers(logits: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The confidence of each prediction, float32 (n,), 0-1, and whether it is correct, bool (n,).

    Args:
        logits: (n, classes).
        truth: Positions of the true classes, (n,).
    """
    return softmax(logits).max(axis=1), logits.argmax(axis=1) == truth


def acceptance(confidence: np.ndarray, is_correct: np.ndarray) -> Table:
    """The trade-off between answering more images and answering them correctly.

    Args:
        confidence: Probability of the predicted class, 0-1, (n,).
        is_correct: Whether the prediction is correct, bool (n,).

    Returns:
        One row for each threshold that makes a difference, highest first: `threshold`, `coverage` (share of images with
        a confidence above it) and `accuracy` (share of those that are correct).
    """
    order = np.argsort(-confidence, kind="stable")
    descending, answered = confidence[order], np.arange(1, len(order) + 1)
    correct = np.cumsum(is_correct[order])
    next_lower = np.append(descending[1:], 0.0)
    return [
        {
            "threshold": float(next_lower[row]),
            "coverage": float(answered[row] / len(order)),
            "accuracy": float(correct[row] / answered[row]),
        }
        for row in np.flatnonzero(descending > next_lower)  # images of equal confidence are answered together
    ]


def threshold(confidence: np.ndarray, is_correct: np.ndarray, target_accuracy: float) -> float | None:
    """The lowest threshold above which enough predictions are correct; None if no threshold reaches the target.

    Args:
        confidence: On validation, 0-1, (n,).
        is_correct: On validation, bool (n,).
        target_accuracy: Share of predictions above the threshold that must be correct, 0-1.
    """
    curve = acceptance(confidence, is_correct)
    return min((row["threshold"] for row in curve if row["accuracy"] >= target_accuracy), default=None)


def accepted(confidence: np.ndarray, is_correct: np.ndarray, threshold: float) -> dict[str, float]:
    """Measures a threshold.

    Returns:
        `coverage` (share of images with a confidence above the threshold) and `accuracy` (share of those that are
        correct), 0-1, each with its 95 % interval: `coverage_low`, `coverage_high`, `accuracy_low`, `accuracy_high`.
        A share of no images is left out.
    """
    is_answered = confidence > threshold
    shares = {"coverage": is_answered, "accuracy": is_correct[is_answered]}
    result: dict[str, float] = {}
    for name, is_counted in shares.items():
        if is_counted.size:
            low, high = interval(int(is_counted.sum()), is_counted.size)
            result |= {name: float(is_counted.mean()), f"{name}_low": low, f"{name}_high": high}
    return result


def thinned(curve: Table) -> Table:
    """At most 400 evenly spaced rows of an acceptance curve, including its last row."""
    step = math.ceil(len(curve) / MOST_ROWS)
    return curve[::-1][::step][::-1]

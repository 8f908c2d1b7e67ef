"""Confidence that can be relied on: a temperature, and a threshold below which a model does not answer.

Both are chosen on validation and only measured on test.
"""

import numpy as np
from scipy.optimize import minimize_scalar

from signs.evaluation import interval
from signs.scores import cross_entropy

TEMPERATURES = (0.05, 20.0)  # between which the best is looked for

Table = list[dict[str, float]]


def temperature(logits: np.ndarray, indices: np.ndarray) -> float:
    """The number by which logits are divided so that their cross entropy is lowest; above 0.

    It changes no prediction. Where the model is always right, surer is better: it ends at the lowest looked for.

    Source: Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", 2017.

    Args:
        logits: Of validation, (n, classes).
        indices: The right classes, (n,).
    """
    low, high = np.log(TEMPERATURES)
    found = minimize_scalar(lambda power: cross_entropy(logits / np.exp(power), indices), bounds=(low, high))
    return float(np.exp(found.x))


def acceptance(confidence: np.ndarray, is_right: np.ndarray) -> Table:
    """What is left when only images of at least some confidence are answered.

    Args:
        confidence: Of the likeliest class, 0-1, (n,).
        is_right: Whether that is the right one, bool (n,).

    Returns:
        A row for each confidence that occurs, the highest first: `threshold`, `coverage` (share of images
        answered) and `accuracy` (share of those that are right).
    """
    order = np.argsort(-confidence, kind="stable")
    thresholds, answered = confidence[order], np.arange(1, len(order) + 1)
    right = np.cumsum(is_right[order])
    last = np.append(thresholds[1:] != thresholds[:-1], True)  # images of the same confidence go together
    return [
        {
            "threshold": float(thresholds[row]),
            "coverage": answered[row] / len(order),
            "accuracy": right[row] / answered[row],
        }
        for row in np.flatnonzero(last)
    ]


def threshold(confidence: np.ndarray, is_right: np.ndarray, accuracy: float) -> float:
    """The lowest confidence at and above which at least this share of images is right.

    Args:
        confidence: On validation, 0-1, (n,).
        is_right: Likewise, bool (n,).
        accuracy: Asked for, 0-1.

    Raises:
        ValueError: There is no such confidence.
    """
    rows = [row["threshold"] for row in acceptance(confidence, is_right) if row["accuracy"] >= accuracy]
    if not rows:
        raise ValueError(f"at no confidence are {accuracy:.2%} of validation images right; ask for less")
    return min(rows)


def accepted(confidence: np.ndarray, is_right: np.ndarray, threshold: float) -> dict[str, float]:
    """Coverage and accuracy at a threshold, each with the ends of its 95 % interval.

    Returns:
        `coverage`, `coverage_low`, `coverage_high`; `accuracy` (1 where nothing is answered), `accuracy_low`,
        `accuracy_high`; shares 0-1.
    """
    answered = confidence >= threshold
    counts = {
        "coverage": (int(answered.sum()), len(answered)),
        "accuracy": (int(is_right[answered].sum()), int(answered.sum())),
    }
    result: dict[str, float] = {}
    for name, (part, whole) in counts.items():
        low, high = interval(part, whole)
        result |= {name: part / whole if whole else 1.0, f"{name}_low": low, f"{name}_high": high}
    return result

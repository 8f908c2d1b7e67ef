"""Is a model correct as often as it is confident? Accuracy and confidence, compared in bins of confidence."""

from typing import Any

import numpy as np

Table = list[dict[str, Any]]


def reliability(confidence: np.ndarray, is_correct: np.ndarray, bins: int) -> Table:
    """Bins predictions by confidence.

    Source: Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", 2017.

    Args:
        confidence: Probability of the predicted class, 0-1, (n,).
        is_correct: Whether the prediction is correct, bool (n,).
        bins: Number of bins of equal width. A bin includes its upper edge.

    Returns:
        One row for each bin: its edges `low` and `high`, mean `confidence`, `accuracy` (both None in an empty bin),
        number of `images`.
    """
    bin_of = np.ceil(confidence * bins).astype(int).clip(1, bins) - 1
    images = np.bincount(bin_of, minlength=bins).tolist()
    sums = {
        "confidence": np.bincount(bin_of, confidence, bins).tolist(),
        "accuracy": np.bincount(bin_of, is_correct, bins).tolist(),
    }
    return [
        {"low": row / bins, "high": (row + 1) / bins}
        | {key: values[row] / images[row] if images[row] else None for key, values in sums.items()}
        | {"images": images[row]}
        for row in range(bins)
    ]


def calibration_error(table: Table) -> float:
    """Expected calibration error, 0-1: the mean gap between accuracy and confidence, weighted by images.

    Args:
        table: What `reliability` returns, for at least one image.
    """
    filled = [row for row in table if row["images"]]
    gaps = sum(row["images"] * abs(row["accuracy"] - row["confidence"]) for row in filled)
    return float(gaps / sum(row["images"] for row in filled))

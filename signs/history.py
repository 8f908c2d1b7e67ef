"""The history of a training: a row before the first and after each epoch."""

import csv
import math
from itertools import chain
from pathlib import Path

Row = dict[str, float]


def best_epoch(history: list[Row]) -> int:
    """The epoch of the highest validation accuracy, at a tie of the lowest validation cost, then the first.

    Without validation it is the last.
    """
    if "valid_accuracy" not in history[0]:
        return len(history) - 1
    return max(range(len(history)), key=lambda i: (history[i]["valid_accuracy"], -history[i]["valid_cost"], -i))


def read(path: Path) -> list[Row]:
    """Reads a CSV that `tables.write` wrote; a ValueError for another file."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise ValueError(f"{path} is no table of epochs: {error}; dvc repro train makes it anew") from None
    if not rows or "train_accuracy" not in rows[0] or not all(map(math.isfinite, chain(*map(dict.values, rows)))):
        raise ValueError(f"{path} is no table of epochs with finite numbers; dvc repro train makes it anew")
    return rows

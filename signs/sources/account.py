"""What a source says at its end: the images of each class and split, and what was passed over."""

from collections import Counter

import numpy as np

from signs.core.text import visible
from signs.data.datasets import DataSet

WIDTH = 40  # of a class's name, in characters


def of_classes(dataset: DataSet) -> str:
    """A table of the images of each class and split."""
    splits = dataset.splits
    rows = [["class", *splits]]
    for row in dataset.classes.rows:
        counts = [int(np.count_nonzero(split.labels == row.id)) for split in splits.values()]
        name = row.name if row.name == str(row.id) else f"{row.id} {row.name}"
        rows.append([visible(" ".join(name.split()))[:WIDTH], *(f"{count:,}" for count in counts)])
    rows.append(["all", *(f"{len(split.labels):,}" for split in splits.values())])
    width = max(len(row[0]) for row in rows)
    return "\n".join(f"{row[0]:{width}}" + "".join(f"{cell:>8}" for cell in row[1:]) for row in rows)


def of_passed_over(counts: Counter[str]) -> str:
    """What was passed over and why, in a line."""
    found = [f"{count:,} {reason}" for reason, count in sorted(counts.items()) if count]
    return f"Passed over: {visible(', '.join(found))}." if found else "Passed over: nothing."

"""Writes data sets of any size for `growth`: `python -m benchmarks.tiling DATA COUNT`."""

import sys
from pathlib import Path

import numpy as np

from signs.data import classes, datasets, pixels
from signs.data.splits import Split

TILE = 1000  # different images; the others are copies


def grey(count: int, labels: int) -> Split:
    """Random images, uint8 (count, 32, 32, 1), whose labels cycle through the classes."""
    few = np.random.default_rng(0).integers(0, 256, (min(count, TILE), 32, 32, 1), dtype=np.uint8)
    return Split(np.resize(few, (count, 32, 32, 1)), np.arange(count) % labels)


def dataset(count: int, labels: int, origin: str) -> datasets.DataSet:
    """`count` images, a tenth of them in validation and a tenth in test."""
    tenth = count // 10
    train, valid, test = (grey(size, labels) for size in (count - 2 * tenth, tenth, tenth))
    return datasets.DataSet(train, valid, test, classes.classes_from_labels(np.arange(labels), origin=origin))


def main(data: Path, count: int) -> None:
    """Writes an original data set, and a small synthetic one that is preprocessed already."""
    datasets.write(data / "original", dataset(count, 43, "photographs"))
    synthetic = dataset(100, 5, "synthetic")
    preprocessed = synthetic.map(lambda split: Split(pixels.normalize(split.images), split.labels))
    datasets.write(data / "preprocessed" / "synthetic", preprocessed)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

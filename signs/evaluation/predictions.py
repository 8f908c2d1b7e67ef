"""A model's predictions on validation and test: probabilities beside the true labels, in one file."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, NamedTuple

import numpy as np

from signs.core import arrays
from signs.core.errors import UserError

SPLITS = ("valid", "test")
NAMES = ["ids", *(f"{split}_{kind}" for split in SPLITS for kind in ("softmax", "labels"))]


class Predictions(NamedTuple):
    """Probabilities and true labels of the splits `valid` and `test`.

    `ids`: class ids of the columns of `softmax`, ascending, (classes,). `softmax`: by split, float32 (n, classes).
    `labels`: by split, true class ids (n,).
    """

    ids: np.ndarray
    softmax: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]


def write(
    path: Path,
    predictions: Predictions,
    mistaken: np.ndarray,
    heatmaps: np.ndarray,
    filenames: Mapping[str, np.ndarray | None] = MappingProxyType({}),
) -> None:
    """Writes an `.npz` of `ids`, and of `<split>_softmax`, `<split>_labels` and `<split>_filenames` for each split.

    Args:
        path: Of the file.
        predictions: Of validation and test.
        mistaken: Rows of the misclassified test images, ascending, (mistakes,); stored as `mistaken`.
        heatmaps: Of these images, 0-1, (mistakes, rows, columns); stored in 256 steps as `heatmaps`.
        filenames: By split, the file of each image, text (n,); left out where that is unknown.
    """
    names = {f"{split}_filenames": found for split in SPLITS if (found := filenames.get(split)) is not None}
    softmax = {f"{split}_softmax": values for split, values in predictions.softmax.items()}
    labels = {f"{split}_labels": values for split, values in predictions.labels.items()}
    of_mistakes = {"mistaken": mistaken, "heatmaps": np.rint(heatmaps * 255).astype(np.uint8)}
    arrays.write(path, {"ids": predictions.ids} | softmax | labels | names | of_mistakes)


def read(path: Path) -> Predictions:
    """Reads a file that `write` wrote.

    Raises:
        UserError: The file is missing, or is no such file.
    """
    return _checked(arrays.read(path, NAMES), str(path))


def read_heatmaps(path: Path, images: np.ndarray) -> np.ndarray:
    """Reads the heatmaps of some misclassified test images.

    Args:
        path: Of a file that `write` wrote.
        images: Rows of the test split, (n,).

    Returns:
        float32 (n, rows, columns), 0-1.

    Raises:
        UserError: The file is missing or damaged, or one of the images was not misclassified.
    """
    mistaken, heatmaps = arrays.read(path, ["mistaken", "heatmaps"])
    is_sound = heatmaps.dtype == np.uint8 and heatmaps.ndim == 3 and mistaken.shape == heatmaps.shape[:1]
    if not (is_sound and np.isin(images, mistaken).all()):
        raise UserError(f"{path} lacks heatmaps of some mistakes; dvc repro evaluate writes them again")
    return heatmaps[np.searchsorted(mistaken, images)].astype(np.float32) / 255


def parse(file: BinaryIO, where: str) -> Predictions:
    """Reads an open file that `write` wrote; errors name it `where`."""
    return _checked(arrays.parse(file, where, NAMES), where)


def _checked(contents: list[np.ndarray], where: str) -> Predictions:
    ids, *values = contents
    found = Predictions(ids, dict(zip(SPLITS, values[::2], strict=True)), dict(zip(SPLITS, values[1::2], strict=True)))
    for split in SPLITS:
        softmax, labels = found.softmax[split], found.labels[split]
        kinds = ids.dtype.kind, labels.dtype.kind, softmax.dtype.kind
        is_sound = kinds == ("i", "i", "f") and softmax.shape == (labels.size, ids.size)
        if not (is_sound and np.isfinite(softmax).all()):
            raise UserError(
                f"{where}: {split} has {labels.size} labels and {ids.size} classes, but probabilities of shape "
                f"{softmax.shape}, or some that are not finite; dvc repro evaluate writes them again"
            )
    return found

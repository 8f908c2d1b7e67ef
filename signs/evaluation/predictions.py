"""What a model makes of images: probabilities beside the right labels, in one file."""

from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from signs.core import arrays
from signs.core.errors import UserError
from signs.core.scores import softmax

SPLITS = ("valid", "test")
NAMES = ["ids", *(f"{split}_{kind}" for split in SPLITS for kind in ("softmax", "labels"))]


class Predictions(NamedTuple):
    """Of validation and test.

    `ids`: class ids of the columns, (classes,). `softmax`: by split, float32 (n, classes). `labels`: class
    ids by split, (n,).
    """

    ids: np.ndarray
    softmax: dict[str, np.ndarray]
    labels: dict[str, np.ndarray]


def write(
    path: Path,
    logits: dict[str, np.ndarray],
    labels: dict[str, np.ndarray],
    ids: np.ndarray,
    mistaken: np.ndarray,
    attention: np.ndarray,
) -> None:
    """Writes an `.npz`: for each split `<split>_softmax`, float32 (n, classes), and `<split>_labels`, (n,).

    Args:
        path: Of the file.
        logits: By split, each (n, classes).
        labels: Class ids by split, each (n,).
        ids: Class ids of the columns, (classes,); kept as `ids`.
        mistaken: Positions of the test images that were taken for another class, ascending, (mistakes,); kept
            as `mistaken`.
        attention: Where the network looked at these, 0-1, (mistakes, rows, columns); kept in 256 steps as
            `attention`.
    """
    probabilities = {f"{split}_softmax": softmax(values) for split, values in logits.items()}
    right = {f"{split}_labels": values for split, values in labels.items()}
    looked = {"mistaken": mistaken, "attention": np.rint(attention * 255).astype(np.uint8)}
    arrays.write(path, {"ids": ids} | probabilities | right | looked)


def read(path: Path) -> Predictions:
    """Reads a file that `write` made.

    Raises:
        UserError: It is missing, or does not hold probabilities beside labels.
    """
    return _checked(arrays.read(path, NAMES), str(path))


def read_attention(path: Path, images: np.ndarray) -> np.ndarray:
    """Where the network looked at some test images that it mistook.

    Args:
        path: Of a file that `write` made.
        images: Positions in the test split, (n,).

    Returns:
        float32 (n, rows, columns), 0-1.

    Raises:
        UserError: The file is missing or damaged, or one of the images was not mistaken.
    """
    mistaken, attention = arrays.read(path, ["mistaken", "attention"])
    if not np.isin(images, mistaken).all():
        raise UserError(f"{path} does not say where the network looked; dvc repro evaluate makes it anew")
    return attention[np.searchsorted(mistaken, images)].astype(np.float32) / 255


def parse(file: BinaryIO, where: str) -> Predictions:
    """As `read`, from an open file; `where` names it in errors."""
    return _checked(arrays.parse(file, where, NAMES), where)


def _checked(contents: list[np.ndarray], where: str) -> Predictions:
    ids, *values = contents
    found = Predictions(ids, dict(zip(SPLITS, values[::2], strict=True)), dict(zip(SPLITS, values[1::2], strict=True)))
    for split in SPLITS:
        softmax, labels = found.softmax[split], found.labels[split]
        if softmax.shape != (labels.size, ids.size) or not np.isfinite(softmax).all():
            raise UserError(
                f"{where}: {split} holds no probabilities of {ids.size} classes for {labels.size} images, but "
                f"{softmax.dtype} of shape {softmax.shape}; dvc repro evaluate makes them anew"
            )
    return found

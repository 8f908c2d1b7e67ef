"""The images of one split, with their labels."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np

from signs.core.errors import UserError
from signs.data import shards
from signs.data.shards import Images


class Split(NamedTuple):
    """Images and their labels.

    Attributes:
        features: (n, height, width, channels), uint8 0-255, or float32 in [-1, 1] after preprocessing; an array, or
            shards, which are indexed like one.
        labels: Class ids, int64 (n,).
        synthetic: Which images stage `synthesize` made, bool (n,); None if that is unknown.
        filenames: File that each image was read from, text (n,), empty where there is none; None if all are unknown.
    """

    features: Images
    labels: np.ndarray
    synthetic: np.ndarray | None = None
    filenames: np.ndarray | None = None

    def of(self, ids: Collection[int]) -> "Split":
        """The images of these classes, in the same order."""
        return self.at(np.isin(self.labels, list(ids)))

    def without(self, ids: Collection[int]) -> "Split":
        """The images of all other classes, in the same order."""
        return self.at(np.isin(self.labels, list(ids), invert=True)) if ids else self

    def at(self, rows: np.ndarray | slice) -> "Split":
        """The images at these positions, or where this mask is true."""
        own = {name: array[rows] for name, array in self._asdict().items() if name != "features" and array is not None}
        return Split(shards.selected(self.features, rows), **own)

    def sample(self, images: int) -> "Split":
        """The split, or this many of its images if it has more, evenly spaced; in memory."""
        rows = shards.evenly(np.arange(len(self.labels)), images)
        return (self if len(rows) == len(self.labels) else self.at(rows)).loaded()

    def loaded(self) -> "Split":
        """The split with its images in memory."""
        return self._replace(features=self.images)

    @property
    def images(self) -> np.ndarray:
        """The features in memory."""
        return self.features[:]


def joined(parts: Sequence[Split]) -> Split:
    """One split of several. What only some of them know is empty or false for the images of the others."""

    def column(values: list[np.ndarray | None], unknown: Any) -> np.ndarray | None:
        if all(own is None for own in values):
            return None
        columns = zip(parts, values, strict=True)
        return np.concatenate([np.full(len(part.labels), unknown) if own is None else own for part, own in columns])

    return Split(
        shards.joined([part.features for part in parts]),
        np.concatenate([part.labels for part in parts]),
        column([part.synthetic for part in parts], unknown=False),
        column([part.filenames for part in parts], unknown=""),
    )


def check_split(split: Split, where: str) -> None:
    """Raises a UserError if the arrays have other types or shapes than those of a split; `where` names it."""
    features, labels, synthetic, filenames = split
    if features.ndim != 4 or features.dtype not in (np.uint8, np.float32):
        raise UserError(
            f"{where}: features are {features.dtype} of shape {features.shape}; expected "
            "(n, height, width, channels), uint8, or float32 after preprocessing"
        )
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise UserError(f"{where}: labels are {labels.dtype} of shape {labels.shape}; expected integers of shape (n,)")
    if len(features) != len(labels):
        raise UserError(f"{where}: {len(features)} features but {len(labels)} labels; each image needs one label")
    if synthetic is not None and (synthetic.dtype != bool or synthetic.shape != labels.shape):
        raise UserError(
            f"{where}: synthetic is {synthetic.dtype} of shape {synthetic.shape}; expected bool of shape {labels.shape}"
        )
    if filenames is not None and (filenames.shape != labels.shape or not _is_text(filenames)):
        raise UserError(
            f"{where}: filenames are {filenames.dtype} of shape {filenames.shape}; expected text of shape "
            f"{labels.shape}"
        )
    lowest = labels.astype(np.int64).min(initial=0)
    if lowest < 0:
        raise UserError(f"{where}: label {lowest} is negative; class ids start at 0")


def _is_text(array: np.ndarray) -> bool:
    if array.dtype.kind != "U":
        return False
    try:
        "".join(array.tolist()).encode()
    except (ValueError, SystemError):  # a damaged file may hold numbers that are no characters
        return False
    return True

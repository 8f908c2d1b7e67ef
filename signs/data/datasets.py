"""A data set: a folder with `train.p`, `valid.p`, `test.p` and `signnames.csv`.

It may be empty: no classes, and no images in any split. Stage `synthesize` writes it so where no signs are new.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from pydantic import model_validator

from signs.core.errors import UserError
from signs.core.files import replaced
from signs.core.params import Section, Share
from signs.data import classes, pickles
from signs.data.classes import Classes, classes_from_labels

SPLITS = ("train", "valid", "test")
HIDDEN = "hidden"
ALIGNMENT = 64  # bytes; TensorFlow copies arrays that start elsewhere


class Split(NamedTuple):
    """Images and their labels.

    Attributes:
        features: (n, height, width, channels), uint8 0-255, or float32 in [-1, 1] after preprocessing.
        labels: Class ids, int64 (n,).
        synthetic: Which images stage `synthesize` made, bool (n,); None if that is unknown.
        filenames: File that each image was read from, text (n,), empty where there is none; None if all are unknown.
    """

    features: np.ndarray
    labels: np.ndarray
    synthetic: np.ndarray | None = None
    filenames: np.ndarray | None = None

    def of(self, ids: Collection[int]) -> "Split":
        """The images of these classes, in the same order."""
        return self.at(np.isin(self.labels, list(ids)))

    def without(self, ids: Collection[int]) -> "Split":
        """The images of all other classes, in the same order."""
        return self.at(np.isin(self.labels, list(ids), invert=True)) if ids else self

    def at(self, rows: np.ndarray) -> "Split":
        """The images at these positions, or where this mask is true."""
        return Split(**{name: array[rows] for name, array in self._asdict().items() if array is not None})


class Shares(Section):
    """The share of each split, 0-1; the sum is 1."""

    train: Share
    valid: Share
    test: Share

    @model_validator(mode="after")
    def _check_sum(self) -> "Shares":
        total = self.train + self.valid + self.test
        if abs(total - 1) > 1e-6:
            raise ValueError(f"the shares add up to {total:g}; expected 1")
        return self


@dataclass(frozen=True)
class DataSet:
    """Three splits and their classes.

    Attributes:
        train: Images to train on.
        valid: Images to choose by: the best epoch, thresholds.
        test: Images to measure on.
        classes: The classes of the training split.
        hidden: Photographs of classes that training sees synthetic images of instead; to measure on.
    """

    train: Split
    valid: Split
    test: Split
    classes: Classes
    hidden: Split | None = None

    @property
    def splits(self) -> dict[str, Split]:
        """`train`, `valid` and `test` by name."""
        return {name: getattr(self, name) for name in SPLITS}

    def items(self) -> Iterator[tuple[str, Split]]:
        """All that is stored, by name: the three splits, then `hidden` if there is one."""
        yield from self.splits.items()
        if self.hidden:
            yield HIDDEN, self.hidden

    def map(self, function: Callable[[Split], Split]) -> "DataSet":
        """Applies a function to each split, `hidden` too."""
        hidden = function(self.hidden) if self.hidden else None
        return DataSet(function(self.train), function(self.valid), function(self.test), self.classes, hidden)


@dataclass(frozen=True)
class Stream:
    """A data set that is made split by split as it is read, so that it need not fit in memory.

    Attributes:
        items: Gives the splits by name, as `DataSet.items` does. May be called again.
        classes: The classes of the training split.
    """

    items: Callable[[], Iterator[tuple[str, Split]]]
    classes: Classes

    def gathered(self) -> DataSet:
        """The data set in memory."""
        return DataSet(**dict(self.items()), classes=self.classes)


def read(folder: Path) -> DataSet:
    """Reads a data set. Its classes are those that occur in `train.p`; `signnames.csv` names them, if it is there.

    Raises:
        UserError: A file is missing or damaged, or `check` finds a fault.
    """
    splits = {}
    for name in (*SPLITS, HIDDEN):
        path = folder / f"{name}.p"
        if name == HIDDEN and not path.exists():
            continue
        if not path.is_file():
            raise UserError(f"{path} is missing; a data set is a folder with train.p, valid.p and test.p")
        with path.open("rb") as file:
            splits[name] = read_split(file, str(path))
    names = folder / classes.FILE_NAME
    known = classes.read(names) if names.is_file() else None
    return _sound(DataSet(**splits, classes=classes_from_labels(splits["train"].labels, known)), str(folder))


def read_split(file: BinaryIO, where: str) -> Split:
    """Reads one pickled split and runs nothing that the pickle names.

    Args:
        file: A pickled dict with the arrays of a `Split`. Other keys are ignored. Images with one channel may lack
            the last axis.
        where: Name of the file, for errors.

    Returns:
        The split; its features start at a multiple of `ALIGNMENT` in memory.

    Raises:
        UserError: The file is no such pickle.
    """
    return split_of(pickles.read(file, where), where)


def split_of(content: Mapping[str, Any], where: str) -> Split:
    """Makes a split of the content of a pickle; arguments and errors as in `read_split`."""
    if not {"features", "labels"} <= content.keys():
        raise UserError(f"{where} holds {sorted(content)[:10]}; expected a dict with the keys 'features' and 'labels'")
    for key in Split._fields:
        value = content.get(key)
        if not isinstance(value, np.ndarray) and (value is not None or key in ("features", "labels")):
            raise UserError(f"{where}: {key} are a {type(value).__name__}; expected an array")
    split = Split(content["features"], content["labels"], content.get("synthetic"), content.get("filenames"))
    if split.features.ndim == 3:
        split = split._replace(features=split.features[..., np.newaxis])
    _check_split(split, where)
    return split._replace(features=_aligned(split.features), labels=split.labels.astype(np.int64))


def _aligned(array: np.ndarray) -> np.ndarray:
    memory = np.empty(array.nbytes + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def write(folder: Path, dataset: DataSet | Stream) -> None:
    """Writes the pickles and `signnames.csv`. If anything fails, `folder` stays as it was.

    Raises:
        UserError: `check` finds a fault.
    """
    with replaced(folder) as partial:
        partial.mkdir()
        for name, split in _checked(dataset, str(folder)):
            with (partial / f"{name}.p").open("wb") as file:
                pickles.write(file, {name: array for name, array in split._asdict().items() if array is not None})
        classes.write(partial / classes.FILE_NAME, dataset.classes)


def digest(folder: Path) -> str:
    """SHA-256 of the pickles and `signnames.csv`, in hexadecimal."""
    total = hashlib.sha256()
    for name in [*(f"{split}.p" for split in (*SPLITS, HIDDEN)), classes.FILE_NAME]:
        path = folder / name
        if path.is_file():
            with path.open("rb") as file:
                total.update(f"{name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return total.hexdigest()


def check(dataset: DataSet, where: str) -> DataSet:
    """Returns the data set if its splits are sound and fit together, and it is not empty.

    Args:
        dataset: The data set to check.
        where: Its name, for errors.

    Raises:
        UserError: A split is empty or has another type or rank, the number of labels or the shapes of images differ,
            or a label does not occur in the training split.
    """
    if not dataset.classes:
        raise UserError(f"{where} is an empty data set: no class, no image; expected images in train, valid and test")
    return _sound(dataset, where)


def _sound(dataset: DataSet, where: str) -> DataSet:
    for _ in _checked(dataset, where):
        pass
    return dataset


def _checked(dataset: DataSet | Stream, where: str) -> Iterator[tuple[str, Split]]:
    expected = None
    for name, split in dataset.items():
        _check_split(split, f"{where}/{name}.p")
        found = split.features.shape[1:], split.features.dtype
        expected = expected or found
        if dataset.classes and not split.features.size:
            raise UserError(
                f"{where}/{name}.p: no image in it (features of shape {split.features.shape}); each split needs some"
            )
        if found != expected:
            raise UserError(
                f"{where}/{name}.p: images are {found[0]} {found[1]}, those of train.p {expected[0]} {expected[1]}; "
                "all splits need the same"
            )
        unknown = np.setdiff1d(split.labels, dataset.classes.ids)
        if len(unknown):
            raise UserError(
                f"{where}/{name}.p: labels {unknown.tolist()[:10]} occur in no training image; "
                "add some to train.p or remove these images"
            )
        yield name, split


def _check_split(split: Split, where: str) -> None:
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

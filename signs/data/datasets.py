"""A data set: a folder with `train.p`, `valid.p`, `test.p` and `signnames.csv`.

A split that does not fit in memory is a folder of such files instead, `train/00000.p`, `train/00001.p` and so on: its
labels are read at once, and its images where they are asked for.

It may be empty: no classes, and no images in any split. Stage `synthesize` writes it so where no signs are new.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from pydantic import model_validator

from signs.core import workers as processes
from signs.core.errors import UserError
from signs.core.files import replaced
from signs.core.params import Section, Share
from signs.data import classes, split_files
from signs.data.classes import Classes, classes_from_labels
from signs.data.shards import Shards
from signs.data.splits import Split, check_split, joined

SPLITS = ("train", "valid", "test")
HIDDEN = "hidden"


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

    def refitted(self) -> "DataSet":
        """Validation images join training, and none are left to choose by."""
        return replace(self, train=joined([self.train, self.valid]), valid=self.valid.at(slice(0, 0)))

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
        if name == HIDDEN and not split_files.files_of(folder, name):
            continue
        splits[name] = split_files.read(folder, name)
    names = folder / classes.FILE_NAME
    known = classes.read(names) if names.is_file() else None
    return _sound(DataSet(**splits, classes=classes_from_labels(splits["train"].labels, known)), str(folder))


def write(folder: Path, dataset: DataSet | Stream, workers: int | None = None) -> None:
    """Writes the pickles and `signnames.csv`. If anything fails, `folder` stays as it was.

    Args:
        folder: Written whole.
        dataset: A split whose images are shards becomes a folder of pickles.
        workers: Processes that make the shards, of this machine or a cluster; with None this process makes them, which
            alone can read temporary files.

    Raises:
        UserError: `check` finds a fault.
    """
    with replaced(folder) as partial:
        partial.mkdir()
        for name, split in _checked(dataset, str(folder)):
            if not isinstance(split.features, Shards):
                split_files.write(partial / f"{name}.p", split)
                continue
            (partial / name).mkdir()
            parts = split_files.shards_of((partial / name).absolute(), split)
            if workers:
                processes.run(split_files.write, parts, workers)
            else:
                for part in parts:
                    split_files.write(*part)
        classes.write(partial / classes.FILE_NAME, dataset.classes)


def digest(folder: Path) -> str:
    """SHA-256 of the pickles and `signnames.csv`, in hexadecimal."""
    total = hashlib.sha256()
    paths = [path for split in (*SPLITS, HIDDEN) for path in split_files.files_of(folder, split)]
    for path in [*paths, folder / classes.FILE_NAME]:
        if path.is_file():
            with path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
            total.update(f"{path.relative_to(folder).as_posix()} {found}\n".encode())
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
        check_split(split, f"{where}/{name}.p")
        found = split.features.shape[1:], split.features.dtype
        expected = expected or found
        if dataset.classes and 0 in split.features.shape:
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

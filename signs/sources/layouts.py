"""How a folder of images is laid out: which image is of which class, and of which split."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from signs.core.errors import UserError
from signs.core.text import visible
from signs.sources.image_tables import Box

SPLIT_OF = {
    "train": "train",
    "training": "train",
    "val": "valid",
    "valid": "valid",
    "validation": "valid",
    "test": "test",
    "testing": "test",
}
META = "meta"  # a picture of each class, in Kaggle's edition of the benchmark
FORMS = (
    "make a folder for each class (stop/1.png), or a CSV file with the columns Path and ClassId; or name another "
    "folder: dvc exp run -S fetch.source=folders -S fetch.path=data/images"
)


class Entry(NamedTuple):
    """An image to read.

    Attributes:
        file: Path below the folder.
        name: Name or id of its class.
        split: Where it goes; None where that is to be drawn.
        box: Left, top, right and bottom edge of the part to read, in pixels; None for all of it.
    """

    file: str
    name: str
    split: str | None = None
    box: Box | None = None


class Layout(NamedTuple):
    """What to read.

    Attributes:
        form: The layout in words.
        entries: The images, in order of their paths.
        passed_over: How many images are not read, by reason.
    """

    form: str
    entries: list[Entry]
    passed_over: Counter[str]

    @property
    def splits(self) -> set[str]:
        """The splits that are given."""
        return {entry.split for entry in self.entries if entry.split}


def class_name(written: str) -> str:
    """A class's name as it is compared: composed (NFC), without spaces around it."""
    return unicodedata.normalize("NFC", written).strip()


def split_of(name: str) -> str | None:
    """The split that a folder or table is named after: `valid` for `Val` or `val_labels`; None for any other name."""
    splits = {SPLIT_OF[word] for word in re.findall("[a-z]+", name.lower()) if word in SPLIT_OF}
    return splits.pop() if len(splits) == 1 else None


def check_splits(places: Iterable[str], splits: Sequence[str], where: str) -> None:
    """Raises a UserError unless `splits`, those of the folders or tables `places`, are distinct and have `train`."""
    names = in_words(in_order(places))
    if len(set(splits)) < len(splits):
        raise UserError(f"fetch.path: {where} has {names}, two of them for one split; keep one")
    if splits and "train" not in splits:
        raise UserError(f"fetch.path: {where} has {names}, but no train; name the training images so")


def in_order(names: Iterable[str]) -> list[str]:
    """Names of folders or tables, those of training first, then of validation, then of test."""
    order = dict(zip(SPLIT_OF.values(), range(len(SPLIT_OF)), strict=True))
    return sorted(names, key=lambda name: (order.get(split_of(PurePosixPath(name).stem) or "", -1), name))


def in_words(names: Sequence[str]) -> str:
    """`train, val and test`."""
    *most, last = map(visible, names)
    return f"{', '.join(most)} and {last}" if most else last

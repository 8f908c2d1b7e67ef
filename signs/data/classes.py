"""The classes of a data set: ids, names, origins, mirror images."""

import itertools
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from signs.core import tables
from signs.core.errors import UserError
from signs.core.text import listed

FILE_NAME = "signnames.csv"
COLUMNS = ("ClassId", "SignName", "Origin", "Mirrored")
SEEN_DRAWINGS = "synthetic of seen drawings"  # test images show drawings that training images show too
ORIGINS = ("photographs", "rendered", "synthetic", SEEN_DRAWINGS)


class SignClass(NamedTuple):
    """One class.

    Attributes:
        id: The number that labels hold, at least 0.
        name: Name of the sign.
        origin: Where the images come from, one of ORIGINS.
        mirrored: Name of the class that the mirror image shows: its own if the sign is symmetric, empty if the mirror
            image is no sign.
    """

    id: int
    name: str
    origin: str
    mirrored: str = ""

    @property
    def is_synthetic(self) -> bool:
        """Whether stage `synthesize` made the images from drawings."""
        return self.origin in ("synthetic", SEEN_DRAWINGS)


@dataclass(frozen=True)
class Classes:
    """The classes of a data set, in ascending order of id. Ids may have gaps and start anywhere.

    Names are in composed form (NFC): macOS writes ä as a and a mark, other systems as one character.

    Raises:
        ValueError: An id occurs twice or is negative, or an origin is unknown.
    """

    rows: tuple[SignClass, ...]

    def __post_init__(self) -> None:
        rows = tuple(sorted(map(_composed, self.rows)))
        object.__setattr__(self, "rows", rows)
        for row, successor in itertools.pairwise(rows):
            if row.id == successor.id:
                raise ValueError(f"class id {row.id} occurs twice; each class needs its own")
        for row in rows:
            if row.id < 0:
                raise ValueError(f"class id {row.id} is negative; ids start at 0")
            if row.origin not in ORIGINS:
                raise ValueError(f"origin {row.origin!r} of class {row.id} is not one of {', '.join(ORIGINS)}")

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def ids(self) -> np.ndarray:
        """The ids, int64 (classes,), ascending."""
        return np.array([row.id for row in self.rows], dtype=np.int64)

    @property
    def names(self) -> list[str]:
        """The names, in order of the ids."""
        return [row.name for row in self.rows]

    @property
    def counts(self) -> dict[str, str]:
        """The number of `original` and of `synthetic` classes in words; if all are of one kind, without its name."""
        synthetic = sum(row.is_synthetic for row in self.rows)
        kinds = {"original": len(self) - synthetic, "synthetic": synthetic}
        nouns = {kind: f"{kind} class" if all(kinds.values()) else "class" for kind in kinds}
        return {kind: f"{count} {nouns[kind]}{'es' * (count != 1)}" for kind, count in kinds.items() if count}

    @property
    def partners(self) -> np.ndarray:
        """Position of the class that the mirror image of each class shows, -1 if there is none: int64 (classes,)."""
        positions = {row.name: position for position, row in enumerate(self.rows)}
        return np.array([positions.get(row.mirrored, -1) for row in self.rows], dtype=np.int64)

    def with_origin(self, origin: str) -> "Classes":
        """The same classes, all with this origin."""
        return Classes(tuple(row._replace(origin=origin) for row in self.rows))


def classes_from_labels(labels: np.ndarray, known: Classes | None = None, origin: str = "photographs") -> Classes:
    """The classes that occur in labels.

    Args:
        labels: Ids, integers of any shape.
        known: Classes to take names, origins and mirror images from.
        origin: Origin of a class that is not in `known`. Its name is its id.
    """
    rows = {row.id: row for row in known.rows} if known else {}
    ids = np.unique(labels).tolist()
    return Classes(tuple(rows.get(id, SignClass(id, str(id), origin)) for id in ids))


def namesakes(known: Classes) -> str | None:
    """A line on names that several classes have; None if each has its own."""
    ids: dict[str, list[str]] = defaultdict(list)
    for row in known.rows:
        ids[row.name].append(str(row.id))
    shared = [f"{name!r} (ids {listed(found, 5)})" for name, found in ids.items() if len(found) > 1]
    return f"Several classes are called {listed(shared)}; rename all but one." if shared else None


def joined(original: Classes, synthetic: Classes) -> str | None:
    """A line on synthetic classes with the name of an original one, whose images merging joins; None without any."""
    ids = {row.name: row.id for row in original.rows}
    shared = [f"{name!r} (id {ids[name]})" for name in synthetic.names if name in ids]
    return f"Synthetic images join the original classes of the same name: {listed(shared)}." if shared else None


def indices(labels: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Maps ids to 0..n-1, the positions of a network's outputs.

    Args:
        labels: Ids, integers of any shape.
        ids: Ids of the training set, ascending, (n,). The ids of `labels` would not do: if a class were missing,
            all positions behind it would shift.

    Returns:
        int64, the shape of `labels`.

    Raises:
        UserError: A label is not among `ids`.
    """
    positions = np.searchsorted(ids, labels).clip(max=max(len(ids) - 1, 0))
    unknown = np.unique(labels[ids[positions] != labels]) if len(ids) else np.unique(labels)
    if len(unknown):
        raise UserError(f"labels {unknown.tolist()[:10]} are not among the {len(ids)} classes of the training set")
    return positions.astype(np.int64)


def one_hot(labels: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """One-hot rows, float32 (len(labels), len(ids)); errors as in `indices`."""
    return np.eye(len(ids), dtype=np.float32)[indices(labels, ids)]


def read(path: Path) -> Classes:
    """Reads a CSV file with the columns `ClassId` and `SignName`.

    `Origin` and `Mirrored` may be missing or empty: then the images are photographs, and mirror images no signs.

    Raises:
        UserError: The file is missing or has another form.
    """
    if not path.is_file():
        raise UserError(f"{path} is missing; it names the classes, a line each: {','.join(COLUMNS)}")
    return parse(path.read_bytes(), str(path))


def parse(content: bytes, where: str) -> Classes:
    """Does what `read` does with the bytes of a file; `where` names it in errors."""
    rows = tables.parse(content, where, COLUMNS[:2])
    try:
        return Classes(tuple(map(_sign_class, rows)))
    except ValueError as error:
        raise UserError(f"{where}: {error}") from None


def parse_id(text: str) -> int:
    """A class id from text; a ValueError if it is not a whole number from 0."""
    if not re.fullmatch("[0-9]{1,18}", text):
        raise ValueError(f"ClassId {text[:40]!r} is not a whole number from 0")
    return int(text)


def _composed(row: SignClass) -> SignClass:
    name, mirrored = (unicodedata.normalize("NFC", text) for text in (row.name, row.mirrored))
    return row._replace(name=name, mirrored=mirrored)


def _sign_class(row: dict[str, str | None]) -> SignClass:
    id, name, origin, mirrored = ((row.get(column) or "").strip() for column in COLUMNS)
    return SignClass(parse_id(id), name, origin or "photographs", mirrored)


def write(path: Path, classes: Classes) -> None:
    """Writes a CSV file that `read` reads."""
    tables.write(path, [dict(zip(COLUMNS, row, strict=True)) for row in classes.rows], COLUMNS)

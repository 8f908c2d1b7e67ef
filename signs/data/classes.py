"""The classes of a data set: label ids, names, origins, one-hot rows."""

import csv
import io
import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from signs.core.errors import UserError

FILE_NAME = "signnames.csv"
SEEN_DRAWINGS = "synthetic of seen drawings"  # its test images show drawings that it is trained on
ORIGINS = ("photographs", "rendered", "synthetic", SEEN_DRAWINGS)


class SignClass(NamedTuple):
    """One class.

    `id`: that labels carry. `origin`: where its images come from, one of ORIGINS. `mirrored`: the name of the class
    that its mirror image shows, its own where it is symmetric; empty where its mirror image is no sign.
    """

    id: int
    name: str
    origin: str
    mirrored: str = ""

    @property
    def is_synthetic(self) -> bool:
        """Whether its images were made of drawings, by `synthesize`."""
        return self.origin in ("synthetic", SEEN_DRAWINGS)


@dataclass(frozen=True)
class Classes:
    """The classes of a data set in ascending order of id; ids may have gaps and start anywhere.

    Raises:
        UserError: An id occurs twice or is negative, or an origin is unknown.
    """

    rows: tuple[SignClass, ...]

    def __post_init__(self) -> None:
        rows = tuple(sorted(self.rows))
        object.__setattr__(self, "rows", rows)
        for row, successor in itertools.pairwise(rows):
            if row.id == successor.id:
                raise UserError(f"class id {row.id} occurs twice; each class needs its own")
        for row in rows:
            if row.id < 0:
                raise UserError(f"class id {row.id} is negative; ids start at 0")
            if row.origin not in ORIGINS:
                raise UserError(f"origin {row.origin!r} of class {row.id} is not one of {', '.join(ORIGINS)}")

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def ids(self) -> np.ndarray:
        """The ids, int64 of shape (classes,), ascending."""
        return np.array([row.id for row in self.rows], dtype=np.int64)

    @property
    def names(self) -> list[str]:
        """The names in the order of the ids."""
        return [row.name for row in self.rows]

    @property
    def partners(self) -> np.ndarray:
        """The index of the class that each one's mirror image shows, -1 for none: int64 (classes,)."""
        places = {row.name: index for index, row in enumerate(self.rows)}
        return np.array([places.get(row.mirrored, -1) for row in self.rows], dtype=np.int64)

    def with_origin(self, origin: str) -> "Classes":
        """The same classes, all of one origin."""
        return Classes(tuple(row._replace(origin=origin) for row in self.rows))


def of_labels(labels: np.ndarray, known: Classes | None = None, origin: str = "photographs") -> Classes:
    """The classes that occur in `labels`, named after `known` where it has them, else after their ids."""
    rows = {row.id: row for row in known.rows} if known else {}
    ids = np.unique(labels).tolist()
    return Classes(tuple(rows.get(id, SignClass(id, str(id), origin)) for id in ids))


def indices(labels: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """Maps label ids to 0..n-1, the positions of a network's outputs.

    Args:
        labels: Integer ids, any shape.
        ids: The training set's ids, ascending, shape (n,). Taking them from the labels at hand
            would shift every index where a class is missing.

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
    """One-hot rows, float32 of shape (len(labels), len(ids)); errors as `indices`."""
    return np.eye(len(ids), dtype=np.float32)[indices(labels, ids)]


def read(path: Path) -> Classes:
    """Reads `ClassId,SignName` and, where these columns are there, `Origin` (else photographs) and `Mirrored`.

    Raises:
        UserError: The file is not of that form.
    """
    return parse(path.read_bytes(), str(path))


def parse(content: bytes, path: str) -> Classes:
    """The classes in the bytes of a CSV file; `path` names it in errors."""
    try:
        table = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""))
        if not {"ClassId", "SignName"} <= set(table.fieldnames or ()):
            raise KeyError("ClassId")
        return Classes(
            tuple(
                SignClass(
                    int(row["ClassId"]),
                    row["SignName"].strip(),
                    row.get("Origin") or "photographs",
                    (row.get("Mirrored") or "").strip(),
                )
                for row in table
            )
        )
    except (KeyError, UnicodeDecodeError, csv.Error, AttributeError, TypeError) as error:
        raise UserError(f"{path} is no table of ClassId,SignName,Origin: {error!r}") from None
    except ValueError as error:
        raise UserError(f"{path}: {error}") from None


def write(path: Path, classes: Classes) -> None:
    """Writes `ClassId,SignName,Origin,Mirrored` with a line for each class."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["ClassId", "SignName", "Origin", "Mirrored"])
        writer.writerows(classes.rows)

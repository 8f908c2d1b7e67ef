"""CSV tables of images: file, class and, if there is one, the box around the sign."""

import csv
import re
from collections.abc import Sequence
from typing import NamedTuple

from signs.core import tables
from signs.core.errors import UserError

# Names of columns in lower case, without what separates words. The first that a table has counts.
FILES = ("path", "filepath", "imagepath", "filename", "file", "imagename", "image")
CLASSES = ("classid", "class", "classname", "label", "category")
BOXES = (("roix1", "roiy1", "roix2", "roiy2"), ("xmin", "ymin", "xmax", "ymax"), ("x1", "y1", "x2", "y2"))

Box = tuple[int, int, int, int]


class Row(NamedTuple):
    """A line of a table.

    Attributes:
        line: Its number in the file, for errors.
        file: The image, as written.
        name: Name or id of the class, as written.
        box: Left, top, right and bottom edge of the sign in pixels; None for the whole image.
    """

    line: int
    file: str
    name: str
    box: Box | None


class Table(NamedTuple):
    """A table of images.

    Attributes:
        rows: The sound rows.
        faults: What is wrong with the others.
    """

    rows: list[Row]
    faults: list[str]


class _Columns(NamedTuple):
    file: str
    name: str
    box: Sequence[str]


def parse(content: bytes, where: str) -> Table | None:
    """Parses a CSV file; None if it lacks a column of files or of classes, so it is a table of something else.

    Args:
        content: The file, in UTF-8; commas, semicolons or tabs between cells.
        where: Its name, for errors.

    Raises:
        UserError: It is in another encoding, or no CSV.
    """
    found = Table([], [])
    try:
        reader = tables.reader(content)
        columns = _columns(reader.fieldnames or ())
        if columns is None:
            return None
        for cells in reader:
            try:
                found.rows.append(_row(reader.line_num, cells, columns))
            except ValueError as error:
                found.faults.append(f"{where} line {reader.line_num}: {error}")
    except (ValueError, csv.Error) as error:
        raise UserError(f"{where} is no table of images: {error}") from None
    return found


def _columns(header: Sequence[str]) -> _Columns | None:
    names = {re.sub("[^a-z0-9]", "", name.lower()): name for name in reversed(header)}
    file, kind = (next((names[key] for key in keys if key in names), None) for keys in (FILES, CLASSES))
    box = next((keys for keys in BOXES if names.keys() >= set(keys)), ())
    return _Columns(file, kind, [names[key] for key in box]) if file and kind else None


def _row(line: int, cells: dict[str, str], columns: _Columns) -> Row:
    if None in cells or None in cells.values():
        raise ValueError("more or fewer cells than the header")
    file, name = cells[columns.file].strip(), cells[columns.name].strip()
    if not file or not name:
        raise ValueError("no file or no class")
    return Row(line, file.replace("\\", "/"), name, _box([cells[key] for key in columns.box]))


def _box(cells: list[str]) -> Box | None:
    if not any(cells):
        return None
    try:
        left, top, right, bottom = (round(float(cell)) for cell in cells)
    except (ValueError, OverflowError):
        raise ValueError(f"the box {', '.join(cells)[:80]!r} is not four numbers") from None
    return left, top, right, bottom

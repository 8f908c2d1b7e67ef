"""Photos that a person names: files, folders, patterns, standard input, and boxes within them."""

import csv
import re
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from signs.core.errors import UserError
from signs.data import reader

STANDARD_INPUT = "-"
Box = tuple[int, int, int, int]  # left, top, width, height in pixels


class Crop(NamedTuple):
    """A photo, or the part of it in a box."""

    file: str
    box: Box | None

    def __str__(self) -> str:
        return self.file if self.box is None else f"{self.file} [{','.join(map(str, self.box))}]"

    def pixels(self) -> np.ndarray:
        """Reads it: uint8 RGB (height, width, 3).

        Raises:
            UserError: The file cannot be read, or the box leaves it.
        """
        if self.file == STANDARD_INPUT:
            image = reader.decode_rgb(sys.stdin.buffer.read(reader.MAX_BYTES + 1), "standard input")
        else:
            image = reader.read_rgb(Path(self.file))
        if self.box is None:
            return image
        left, top, width, height = self.box
        if left + width > image.shape[1] or top + height > image.shape[0]:
            raise UserError(f"{self}: the box leaves the image of {image.shape[1]}x{image.shape[0]} pixels")
        return image[top : top + height, left : left + width]


def find(source: str, box: str | None = None, boxes: Path | None = None) -> list[Crop]:
    """What to look at.

    Args:
        source: A file, a folder (with all files below it but hidden ones), a pattern as `photos/*.jpg`, or `-` for
            standard input.
        box: `x,y,width,height` in pixels, cut from each file.
        boxes: A CSV file with the columns file, x, y, width, height: what to cut from which file.

    Raises:
        UserError: There is no such file, or a box or table of boxes is of another form.
    """
    files = _files(source)
    if boxes is None:
        place = _box(box) if box else None
        return [Crop(file, place) for file in files]
    listed = _table(boxes)
    by_name = {Path(file).name: file for file in files}
    absent = [name for name, _ in listed if Path(name).name not in by_name]
    if absent:
        raise UserError(f"{boxes} names {len(absent)} files that {source} lacks ({', '.join(absent[:10])})")
    return [Crop(by_name[Path(name).name], place) for name, place in listed]


def _files(source: str) -> list[str]:
    if source == STANDARD_INPUT:
        return [source]
    path = Path(source)
    if path.is_dir():
        found = sorted(str(file) for file in path.rglob("*") if file.is_file() and not file.name.startswith("."))
        if not found:
            raise UserError(f"{source} holds no file; give a folder with photos")
        return found
    if path.is_file():
        return [source]
    if any(sign in source for sign in "*?["):
        parent, pattern = _glob(path)
        found = sorted(str(file) for file in parent.glob(pattern) if file.is_file())
        if found:
            return found
        raise UserError(f"no file matches {source}")
    raise UserError(
        f"{source} is no file or folder; give a photo, a folder, a pattern as '*.jpg', or - for standard input"
    )


def _glob(path: Path) -> tuple[Path, str]:
    """The folder before the first part with a wildcard, and the rest."""
    plain = path.parts
    first = next(i for i, part in enumerate(plain) if any(sign in part for sign in "*?["))
    return Path(*plain[:first]), "/".join(plain[first:])


def _box(text: str) -> Box:
    numbers = text.split(",")
    if len(numbers) != 4 or not all(re.fullmatch(r"\s*\d{1,6}\s*", number) for number in numbers):
        raise UserError(f"box {text!r} is not x,y,width,height in whole pixels, as 120,80,64,64")
    left, top, width, height = map(int, numbers)
    if not width or not height:
        raise UserError(f"box {text!r} is empty; width and height are at least 1")
    return left, top, width, height


def _table(path: Path) -> list[tuple[str, Box]]:
    """The rows `file,x,y,width,height` of a CSV file with that header."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path} cannot be read as CSV in UTF-8: {error}") from None
    columns = ("file", "x", "y", "width", "height")
    if not rows or not set(columns) <= rows[0].keys():
        raise UserError(f"{path} is no table of {','.join(columns)}")
    return [(str(row["file"]), _box(",".join(str(row[column]) for column in columns[1:]))) for row in rows]

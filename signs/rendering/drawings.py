"""Drawings: pictures of signs as SVG, PNG or JPEG, and the classes that their file names stand for.

A folder of drawings names its files after class ids or after class names. A final `_NUMBER` tells several drawings of
a sign apart: `33_0.svg` and `33_1.svg` are two drawings of class 33, `bus_lane.svg` and `bus_lane_1.svg` two of
"Bus lane".
"""

import itertools
import re
import unicodedata
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from signs.core.errors import UserError
from signs.data.reader import read_rgba
from signs.rendering import svg

Key = TypeVar("Key")
Drawings = dict[str, list[np.ndarray]]  # by class name; each uint8 RGBA (height, width, 4)

SUFFIXES = (".svg", ".png", ".jpg", ".jpeg")
BACKGROUND_TOLERANCE = 24  # grey levels between colours of one background
MIN_BACKGROUND = 0.001  # share of the image; at least as much must be sign


def read(path: Path) -> np.ndarray:
    """Reads a drawing.

    Returns:
        uint8 RGBA (height, width, 4). Alpha is 255 if the file has no transparency.

    Raises:
        UserError: It cannot be read as a single image, or is too large.
    """
    return read_all([path])[0]


def read_all(paths: Iterable[Path]) -> list[np.ndarray]:
    """Reads drawings, as `read` does, in less time than one by one."""
    with svg.reader() as read_svg:
        return [read_svg(path) if path.suffix.lower() == ".svg" else read_rgba(path) for path in paths]


def cut_out(drawing: np.ndarray) -> np.ndarray:
    """Makes a plain background transparent: what touches the corners and has their colour.

    Args:
        drawing: uint8 RGBA (height, width, 4).

    Returns:
        uint8 RGBA of the same shape. Unchanged if it has transparency already, if its corners differ, or if nearly
        nothing or nearly all of it would be background.
    """
    height, width = drawing.shape[:2]
    corners = [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)]
    colours = np.array([drawing[y, x, :3] for x, y in corners], dtype=int)
    if drawing[..., 3].min() < 255 or np.ptp(colours, axis=0).max() > BACKGROUND_TOLERANCE:
        return drawing
    rgb, mask = np.ascontiguousarray(drawing[..., :3]), np.zeros((height + 2, width + 2), np.uint8)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE
    for corner in corners:
        cv2.floodFill(rgb, mask, corner, 0, (BACKGROUND_TOLERANCE,) * 3, (BACKGROUND_TOLERANCE,) * 3, flags)
    background = mask[1:-1, 1:-1].astype(bool)
    if not MIN_BACKGROUND < background.mean() < 1 - MIN_BACKGROUND:
        return drawing
    # A pixel on the edge mixes sign and background. Taking it away, too, leaves no rim of the background's colour.
    grown = cv2.dilate(background.astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.dstack([drawing[..., :3], np.where(grown, 0, 255).astype(np.uint8)])


def files(folder: Path) -> list[Path]:
    """The drawings in a folder, sorted; a UserError if there are none."""
    paths = _drawings_among(folder.glob("*"))
    if not paths:
        raise UserError(f"{folder} holds no {', '.join(SUFFIXES)} file; put a drawing of each class there")
    return paths


def read_by_id(folder: Path, ids: Collection[int] | None = None) -> dict[int, list[np.ndarray]]:
    """Reads a folder of drawings named after class ids: `33.svg`, or `33_0.svg` and `33_1.svg`.

    Args:
        folder: Of the drawings.
        ids: The classes to read; None reads all.

    Returns:
        The drawings of each class in the order of their numbers, ids ascending.

    Raises:
        UserError: There are none, or a file is unreadable or named otherwise.
    """
    found: dict[int, list[tuple[int, Path]]] = {}
    for path in files(folder):
        match = re.fullmatch(r"([0-9]+)(?:_([0-9]+))?", path.stem)
        if not match:
            raise UserError(f"{path} is not named after a class id; expected ID.svg or ID_NUMBER.svg, as 33_0.svg")
        if ids is None or int(match[1]) in ids:
            found.setdefault(int(match[1]), []).append((int(match[2] or 0), path))
    return _read_groups({id: [path for _, path in sorted(variants)] for id, variants in sorted(found.items())})


def read_by_name(folder: Path) -> Drawings:
    """Reads a folder of drawings named after class names, which may have none; see `group_by_name`."""
    return _read_groups(group_by_name(folder.glob("*")))


def group_by_name(paths: Iterable[Path]) -> dict[str, list[Path]]:
    """Groups drawings by the class that their file names stand for.

    `bus_lane.svg` is "Bus lane"; more drawings of it are `bus_lane_1.svg`, `bus_lane_2.svg` and so on. The first may
    also be `bus_lane_0.svg`. A final `_NUMBER` is always the number of a drawing, so "Zone 30" is `zone_30_0.svg`.

    Args:
        paths: Files of one folder; those that are no drawings are ignored.

    Returns:
        The files of each class in the order of their numbers, classes in the order of their file names.

    Raises:
        UserError: A name is empty, two differ in case only, or the drawings of a class are not numbered 0, 1, 2, ...
    """
    groups: dict[str, list[tuple[int, Path]]] = {}
    for path in sorted(_drawings_among(paths), key=_base_and_number):
        base, number = _base_and_number(path)
        groups.setdefault(_folded(class_name(base)), []).append((number, path))
    return {_checked_name(sorted(group)): [path for _, path in sorted(group)] for group in groups.values()}


def class_name(base: str) -> str:
    """The class name that a file name without number and suffix stands for: "Bus lane" for `bus_lane`."""
    words = base.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def file_stem(name: str) -> str:
    """The file name, without suffix, of the first drawing of a class: `bus_lane`, or `zone_30_0` for "Zone 30".

    It can be read back only if `class_name` returns the same name for it. Names that `group_by_name` keeps apart
    have stems that differ in more than case.
    """
    stem = name[:1].lower() + name[1:].replace(" ", "_")
    return f"{stem}_0" if re.search("_[0-9]+$", stem) else stem


def new_path(folder: Path, name: str, suffix: str, *, known: Iterable[str] = ()) -> Path:
    """Where the first drawing of a new class goes in a folder of drawings named after class names.

    Args:
        folder: Of the drawings.
        name: Of the new class.
        suffix: Of the file, with its dot.
        known: Class names that are taken, besides those in the folder.

    Raises:
        UserError: No file name stands for this class name, or the name is taken.
    """
    stem = file_stem(name)
    is_safe = stem.isprintable() and not set(stem) & set('/\\:*?"<>|') and stem[:1] not in ("", ".")
    path = folder / f"{stem}{suffix.lower()}"
    if not is_safe or list(group_by_name([path])) != [name]:
        raise UserError(
            f'{name!r} cannot name a class; start with a capital letter or a digit, without any of _ / \\ : * ? " < > |'
        )
    if _folded(name) in map(_folded, [*known, *group_by_name(folder.glob("*"))]):
        raise UserError(f"{name!r} is a class already; choose another name")
    return path


def _read_groups(groups: dict[Key, list[Path]]) -> dict[Key, list[np.ndarray]]:
    drawings = iter(read_all(itertools.chain.from_iterable(groups.values())))
    return {key: list(itertools.islice(drawings, len(paths))) for key, paths in groups.items()}


def _drawings_among(paths: Iterable[Path]) -> list[Path]:
    return sorted(path for path in paths if path.suffix.lower() in SUFFIXES)


def _base_and_number(path: Path) -> tuple[str, int]:
    match = re.fullmatch("(.+)_([0-9]+)", path.stem, re.DOTALL)
    return (match[1], int(match[2])) if match else (path.stem, 0)


def _folded(name: str) -> str:
    """Equal for names that a file system may take for the same."""
    return unicodedata.normalize("NFC", name.casefold())


def _checked_name(group: list[tuple[int, Path]]) -> str:
    """The class name of drawings whose names fold to the same, sorted by number."""
    names = {class_name(_base_and_number(path)[0]): path for _, path in group}
    if len(names) > 1:
        first, second, *_ = names.values()
        raise UserError(f"{first} and {second.name} name classes that differ in case only; rename one of them")
    (name,) = names
    if not name:
        raise UserError(f"{group[0][1]} names no class; name it after its sign, as bus_lane.svg")
    for expected, (number, path) in enumerate(group):
        before = group[expected - 1][1].name if expected else ""
        if number < expected:
            raise UserError(f"{path} and {before} are both drawing {number} of {name!r}; rename one of them")
        if number > expected:
            raise UserError(
                f"{path} is drawing {number} of {name!r}, but drawing {expected} is missing{' after ' * bool(before)}"
                f"{before}; number the drawings of a class 0, 1, 2, ..., or rename this one to "
                f"{path.stem}_0{path.suffix} for a class {f'{name} {number}'!r}"
            )
    return name

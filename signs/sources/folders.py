"""Source `folders`: anybody's images, one folder a class."""

import itertools
import re
from pathlib import Path

import cv2
import numpy as np

from signs.core.errors import UserError
from signs.core.params import Count, Seed, validated
from signs.data import pixels as images
from signs.data.classes import Classes, SignClass
from signs.data.datasets import SPLITS, DataSet, Shares, Split, check
from signs.rendering import drawings

SUFFIXES = (".png", ".jpg", ".jpeg", ".ppm", ".webp")
TRANSPARENT_SUFFIXES = (".png", ".webp")


@validated("fetch.folders")
def folders(path: Path, *, height: Count, width: Count, shares: Shares, track: str | None, seed: Seed) -> DataSet:
    """Reads a folder of folders of images, and divides it.

    The classes are the folders in sorted order: their names, if all are numbers, are the ids, else ids
    count from 0. Transparent images are laid on white, 16 bits cut to 8, grey ones repeated in three
    channels, and photographs in JPEG turned as their EXIF orientation says. Hidden files and those of
    other kinds are passed over.

    Args:
        path: Holds a folder for each class, with PNG, JPEG, PPM or WebP files of any size in it.
        height: To which each image is scaled whole, in pixels.
        width: Likewise.
        shares: Of each class's tracks in train, valid and test. Training gets what rounding leaves.
        track: Regular expression searched for in the file name; files of a class with the same match
            (or first group) belong together and stay in one split; a file without a match stands by
            itself. None: each does.
        seed: Of the division; each class has its own stream of draws, so that what is added to one
            leaves the division of the others.

    Raises:
        UserError: No image, an unreadable one, shares that do not add up, or a split left empty.
    """
    found = _found(path)
    parts: dict[str, list[tuple[Path, int]]] = {split: [] for split in SPLITS}
    for row, files in found:
        rng = np.random.default_rng([seed, row.id])
        for split, chosen in zip(SPLITS, divided(tracks(files, track), shares, rng), strict=True):
            parts[split] += [(file, row.id) for file in chosen]
    for split, part in parts.items():
        if not part:
            raise UserError(f"{path}: no image falls to {split}; raise fetch.folders.shares.{split} or add images")
    train, valid, test = (_read(part, height, width) for part in parts.values())
    return check(DataSet(train, valid, test, Classes(tuple(row for row, _ in found))), str(path))


def tracks(files: list[Path], pattern: str | None) -> list[list[Path]]:
    """Files that belong together, in order of what they share."""
    try:
        expression = re.compile(pattern or "")
    except re.error as error:
        raise UserError(f"params.yaml: fetch.folders.track {pattern!r} is no regular expression: {error}") from None
    groups: dict[str, list[Path]] = {}
    for file in files:
        match = expression.search(file.name)
        shared = match and match[min(expression.groups, 1)]
        groups.setdefault(shared or file.name, []).append(file)
    return [groups[key] for key in sorted(groups)]


def divided(groups: list[list[Path]], shares: Shares, rng: np.random.Generator) -> list[list[Path]]:
    """The files of whole groups for train, valid and test."""
    order = [groups[i] for i in rng.permutation(len(groups))]
    valid = int(len(groups) * shares.valid + 1e-9)
    test = int(len(groups) * shares.test + 1e-9)
    parts = order[valid + test :], order[:valid], order[valid : valid + test]
    return [sorted(file for group in part for file in group) for part in parts]


def _found(path: Path) -> list[tuple[SignClass, list[Path]]]:
    if not path.is_dir():
        raise UserError(f"fetch.path: {path} is no folder; it should hold a folder of images for each class")
    listed = {
        folder.name: sorted(file for file in _visible(folder) if file.suffix.lower() in SUFFIXES)
        for folder in _visible(path)
        if folder.is_dir()
    }
    if not any(listed.values()):
        raise UserError(f"{path} holds no images; put a folder for each class there, with {', '.join(SUFFIXES)} files")
    empty = [name for name, files in listed.items() if not files]
    if empty:
        raise UserError(f"{path / empty[0]} holds no image; fill it or remove it")
    numbered = all(re.fullmatch("[0-9]{1,9}", name) for name in listed)
    names = sorted(listed, key=int) if numbered else list(listed)
    for name, successor in itertools.pairwise(names):
        if numbered and int(name) == int(successor):
            raise UserError(f"{path} has folders {name} and {successor}, both of class {int(name)}; rename one")
    return [
        (SignClass(int(name) if numbered else i, name, "photographs"), listed[name]) for i, name in enumerate(names)
    ]


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _read(part: list[tuple[Path, int]], height: int, width: int) -> Split:
    pixels = np.empty((len(part), height, width, 3), dtype=np.uint8)
    for i, (file, _) in enumerate(part):
        pixels[i] = images.resize(_image(file), height, width)
    return Split(pixels, np.array([label for _, label in part], dtype=np.int64))


def _image(file: Path) -> np.ndarray:
    if file.suffix.lower() in TRANSPARENT_SUFFIXES:
        return drawings.on_background(drawings.read(file))
    return cv2.cvtColor(images.decode(file.read_bytes(), str(file)), cv2.COLOR_BGR2RGB)

"""Source `folders`: your own images, one folder for each class."""

import itertools
import re
from pathlib import Path

import numpy as np

from signs.core.errors import UserError
from signs.core.params import Count, Seed, validated
from signs.data.classes import Classes, SignClass
from signs.data.datasets import SPLITS, DataSet, Shares, Split, check
from signs.data.reader import read_rgb, resize

SUFFIXES = (".png", ".jpg", ".jpeg", ".ppm", ".webp")


@validated("fetch.folders")
def read_folders(path: Path, *, height: Count, width: Count, shares: Shares, track: str | None, seed: Seed) -> DataSet:
    """Reads a folder of folders of images and splits it.

    Each folder is a class. If all folder names are numbers, these are the class ids; else ids count from 0, in order
    of the names. Images become 8-bit RGB, see `data.reader`. Hidden files and files with other suffixes are ignored.

    Args:
        path: Holds a folder for each class, with images of any size.
        height: Of the images, in pixels; each is scaled to that size.
        width: Of the images, in pixels.
        shares: Share of each class's tracks in each split. Training gets what rounding leaves.
        track: Regular expression to search file names for. Files of a class with the same match (or the same first
            group) are a track and go to the same split. A file without a match is a track of its own; with None,
            every file is.
        seed: Seed of the split. Each class is split on its own: adding images to one does not change the others.

    Raises:
        UserError: There are no images, one is unreadable, or a split is empty.
    """
    found = _find(path)
    parts: dict[str, list[tuple[Path, int]]] = {split: [] for split in SPLITS}
    for row, files in found:
        rng = np.random.default_rng([seed, row.id])
        for split, chosen in zip(SPLITS, divide(tracks(files, track), shares, rng), strict=True):
            parts[split] += [(file, row.id) for file in chosen]
    for split, part in parts.items():
        if not part:
            raise UserError(f"{path}: {split} gets no image; raise fetch.folders.shares.{split} or add images")
    train, valid, test = (_read(part, height, width) for part in parts.values())
    return check(DataSet(train, valid, test, Classes(tuple(row for row, _ in found))), str(path))


def tracks(files: list[Path], pattern: str | None) -> list[list[Path]]:
    """Groups files by what a pattern finds in their names, in order of that."""
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


def divide(groups: list[list[Path]], shares: Shares, rng: np.random.Generator) -> list[list[Path]]:
    """Divides whole groups of files among train, valid and test."""
    order = [groups[i] for i in rng.permutation(len(groups))]
    valid = int(len(groups) * shares.valid + 1e-9)
    test = int(len(groups) * shares.test + 1e-9)
    parts = order[valid + test :], order[:valid], order[valid : valid + test]
    return [sorted(file for group in part for file in group) for part in parts]


def _find(path: Path) -> list[tuple[SignClass, list[Path]]]:
    """The classes in a folder, and the images of each."""
    if not path.is_dir():
        raise UserError(f"fetch.path: {path} is no folder; it should hold a folder of images for each class")
    listed = {
        folder.name: sorted(file for file in _visible(folder) if file.suffix.lower() in SUFFIXES)
        for folder in _visible(path)
        if folder.is_dir()
    }
    if not any(listed.values()):
        raise UserError(
            f"fetch.path: {path} holds no folders with {', '.join(SUFFIXES)} files; make one for each class, or name "
            "another folder: dvc exp run -S fetch.source=folders -S fetch.path=data/images"
        )
    empty = [name for name, files in listed.items() if not files]
    if empty:
        raise UserError(f"{path / empty[0]} holds no image; fill it or remove it")
    return [(row, listed[row.name]) for row in _number(path, list(listed))]


def _number(path: Path, names: list[str]) -> list[SignClass]:
    if not all(re.fullmatch("[0-9]{1,9}", name) for name in names):
        return [SignClass(i, name, "photographs") for i, name in enumerate(names)]
    rows = sorted(SignClass(int(name), name, "photographs") for name in names)
    for row, successor in itertools.pairwise(rows):
        if row.id == successor.id:
            raise UserError(f"{path} has folders {row.name} and {successor.name}, both of class {row.id}; rename one")
    return rows


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _read(part: list[tuple[Path, int]], height: int, width: int) -> Split:
    features = np.empty((len(part), height, width, 3), dtype=np.uint8)
    for image, (file, _) in zip(features, part, strict=True):
        image[...] = resize(read_rgb(file), height, width)
    return Split(features, np.array([label for _, label in part], dtype=np.int64))

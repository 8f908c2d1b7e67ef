"""Source `folders`: your own images, however they are laid out."""

import math
from pathlib import Path

import numpy as np
from tqdm import tqdm

from signs.core import memory
from signs.core.errors import UserError
from signs.core.files import read_bytes
from signs.core.params import Seed, Side, validated
from signs.core.tables import MAX_BYTES
from signs.data import classes, shards
from signs.data.classes import Classes, SignClass
from signs.data.datasets import DataSet, Shares, check
from signs.data.reader import read_rgb, resize
from signs.data.splits import Split
from signs.sources import account, folder_layout, image_tables, table_layout, versioning
from signs.sources.layouts import Entry, Layout
from signs.sources.listing import Listing, refuse, survey
from signs.sources.numbering import number
from signs.sources.splitting import Fold, Parts, split

UNREADABLE = "images that cannot be read; mend, convert or remove them"
UNTRAINED = "classes without a training image; add some, or remove their images from the other splits"


@validated("fetch.folders")
def read_folders(
    path: Path,
    shard_images: int | None = None,
    fold: Fold | None = None,
    *,
    height: Side,
    width: Side,
    shares: Shares,
    track: str | None,
    seed: Seed,
) -> DataSet:
    """Reads a folder of images, and splits it where it is not split already. Prints what it read and passed over.

    Images become 8-bit RGB, see `data.reader`. `docs/own-images.md` describes the layouts.

    Args:
        path: Holds a folder for each class, or train, valid and test with such folders, or CSV tables of images.
        shard_images: Images in a shard; None for splits in memory.
        fold: Of each class's tracks, validates in place of `shares.valid`.
        height: Of the images, in pixels; each is scaled to that size.
        width: Of the images, in pixels.
        shares: Share of each class's tracks in each split. Training gets what rounding leaves. Splits that are given
            stay as they are; a missing one gets its share of the training images.
        track: Regular expression to search file names for. Files of a class with the same match (or the same first
            group) are a track and go to the same split. A file without a match is a track of its own; with None,
            every file is.
        seed: Seed of the split. Each class is split on its own: adding images to one does not change the others.

    Raises:
        UserError: The layout is none of these, images or rows are unreadable, or a split is empty.
    """
    outer = survey(path)
    listing = folder_layout.unwrapped(outer)
    layout = _layout(listing)
    names = next(filter(Path.is_file, [folder / classes.FILE_NAME for folder in (listing.folder, path)]), None)
    rows = number({entry.name for entry in layout.entries}, names, path)
    ids = {name: row.id for name, row in rows.items()}
    parts = split(layout.entries, ids, track=track, shares=shares, seed=seed, fold=fold)
    _check(parts, rows, path)
    dataset = _read(listing.folder.relative_to(path), path, parts, rows, (height, width), shard_images)
    print(f"Read {len(layout.entries):,} images of {len(rows):,} classes from {listing.folder}: {layout.form}.")
    print(account.of_passed_over(outer.passed_over + layout.passed_over))
    if note := versioning.advice(path):
        print(note)
    return check(dataset, str(path))


def _layout(listing: Listing) -> Layout:
    contents = {path: read_bytes(listing.folder / path, MAX_BYTES) for path in table_layout.candidates(listing)}
    found = {path: image_tables.parse(content, str(listing.folder / path)) for path, content in contents.items()}
    tables = {path: table for path, table in found.items() if table}
    layout = table_layout.place(listing, tables) if tables else folder_layout.place(listing)
    others = [path for path in listing.tables if path not in tables and not path.endswith(classes.FILE_NAME)]
    layout.passed_over["CSV files that list no images"] = len(others)
    return layout


def _check(parts: Parts, rows: dict[str, SignClass], path: Path) -> None:
    for name, part in parts.items():
        if not part:
            raise UserError(f"{path}: {name} gets no image; raise fetch.folders.shares.{name} or add images")
    untrained = sorted(rows.keys() - {entry.name for entry in parts["train"]})
    if untrained:
        refuse(path, {UNTRAINED: untrained})


def _read(
    folder: Path,
    path: Path,
    parts: Parts,
    rows: dict[str, SignClass],
    shape: tuple[int, int],
    shard_images: int | None,
) -> DataSet:
    """Reads the images in `path / folder`; a UserError names all that cannot be read."""
    images_in_memory = sum(map(len, parts.values())) if shard_images is None else shards.BLOCK
    memory.check(
        images_in_memory * math.prod(shape) * 3,
        f"images of {shape[0]}x{shape[1]} pixels from {path}",
        "lower fetch.folders.height and fetch.folders.width, or set fetch.shard_images",
    )
    faults: list[str] = []

    def image(entry: Entry) -> np.ndarray:
        file = path / folder / entry.file
        try:
            return resize(_cropped(read_rgb(file), entry), *shape)
        except UserError as error:
            faults.append(str(error).replace(str(file), entry.file))
            return np.zeros((*shape, 3), np.uint8)

    read = {}
    for name, part in parts.items():
        images = map(image, tqdm(part, desc=name, unit=" images", leave=False))
        features = shards.collected(shards.stacked(images), (len(part), *shape, 3), np.uint8, shard_images)
        labels = np.array([rows[entry.name].id for entry in part], dtype=np.int64)
        read[name] = Split(features, labels, filenames=np.array([(folder / entry.file).as_posix() for entry in part]))
    if faults:
        refuse(path, {UNREADABLE: faults})
    return DataSet(**read, classes=Classes(tuple(rows.values())))


def _cropped(image: np.ndarray, entry: Entry) -> np.ndarray:
    if entry.box is None:
        return image
    left, top, right, bottom = (max(0, edge) for edge in entry.box)
    part = image[top:bottom, left:right]
    if not part.size:
        height, width = image.shape[:2]
        raise UserError(f"{entry.file}: the box {entry.box} holds no pixel of its {width}x{height}")
    return part

"""Source `gtsrb`: the official archives of the German Traffic Sign Recognition Benchmark.

Source: Stallkamp, Schlipsing, Salmen, Igel, "Man vs. computer: Benchmarking machine learning algorithms
for traffic sign recognition", 2012.
"""

import math
import zipfile
from pathlib import Path, PurePosixPath
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field
from tqdm import tqdm

from signs.core import memory, tables
from signs.core.errors import UserError
from signs.core.params import Section, Seed, Share, Side, preset, validated
from signs.core.zips import content
from signs.data import shards
from signs.data.classes import Classes, classes_from_labels, parse_id
from signs.data.datasets import DataSet, check
from signs.data.reader import decode_rgb, resize
from signs.data.splits import Split
from signs.sources import download
from signs.sources.archives import opened
from signs.sources.splitting import Fold

TRAINING_IMAGES = "GTSRB_Final_Training_Images.zip"
TEST_IMAGES = "GTSRB_Final_Test_Images.zip"
TEST_LABELS = "GTSRB_Final_Test_GT.zip"

Md5 = Annotated[str, Field(pattern="^[0-9a-fA-F]{32}$")]


class Digests(Section):
    """MD5 of each archive in hexadecimal, as published with them."""

    training_images: Md5
    test_images: Md5
    test_labels: Md5


class Archives(Section):
    """The official archives.

    Attributes:
        url: Address or folder that holds them.
        md5: Their digests.
    """

    url: str
    md5: Digests


class Entry(NamedTuple):
    """A line of a table of images: the file in the archive and the class id."""

    file: str
    label: int


class Form(NamedTuple):
    """Height and width of the images in pixels, and how many make a shard; None for splits in memory."""

    height: int
    width: int
    shard_images: int | None


@validated("fetch.gtsrb")
def read_gtsrb(
    downloads: Path,
    known: Classes,
    shard_images: int | None = None,
    fold: Fold | None = None,
    *,
    archives: preset(Archives),  # type: ignore[valid-type]
    height: Side,
    width: Side,
    valid_share: Share,
    seed: Seed,
) -> DataSet:
    """Reads the three archives. Validation gets whole tracks of the training images.

    Args:
        downloads: Folder that keeps downloads.
        known: Names of the classes.
        shard_images: Images in a shard; None for splits in memory.
        fold: Of the tracks of each class, validates in place of `valid_share`.
        archives: The archives.
        height: Of the images, in pixels; each is scaled to that size.
        width: Of the images, in pixels.
        valid_share: Share of each class's tracks, rounded up, that goes to validation.
        seed: Seed of the choice of tracks.

    Raises:
        UserError: An archive is not available or damaged, or has another form.
    """
    paths = {
        name: _fetched(f"{archives.url.rstrip('/')}/{name}", digest, downloads)
        for name, digest in (
            (TRAINING_IMAGES, archives.md5.training_images),
            (TEST_IMAGES, archives.md5.test_images),
            (TEST_LABELS, archives.md5.test_labels),
        )
    }
    form = Form(height, width, shard_images)
    training, in_valid = _training(paths[TRAINING_IMAGES], form, valid_share, seed, fold)
    test = _test(paths[TEST_IMAGES], paths[TEST_LABELS], form)
    train, valid = training.at(~in_valid), training.at(in_valid)
    return check(DataSet(train, valid, test, classes_from_labels(train.labels, known)), "GTSRB")


def in_validation(entries: list[Entry], share: float, seed: int, fold: Fold | None = None) -> np.ndarray:
    """Chooses the images of validation: those of a fold, or of ceil(share), of each class's tracks; bool (n,)."""
    tracks = [(entry.label, PurePosixPath(entry.file).name.split("_")[0]) for entry in entries]
    rng = np.random.default_rng(seed)
    chosen = set()
    for label in sorted({label for label, _ in tracks}):
        own = sorted({track for track in tracks if track[0] == label})
        count = math.ceil(share * len(own) - 1e-9)  # 0.07 * 100 is 7.000000000000001
        order = [own[i] for i in rng.permutation(len(own))]
        chosen |= set(fold.of_tracks(order) if fold else order[:count])
    return np.array([track in chosen for track in tracks], dtype=bool)


def _fetched(url: str, md5: str, downloads: Path) -> Path:
    try:
        return download.fetch([url], f"md5:{md5}", downloads)
    except UserError as error:
        raise UserError(f"fetch.gtsrb: {error}. {download.INSTEAD}") from None


def _training(path: Path, form: Form, valid_share: float, seed: int, fold: Fold | None) -> tuple[Split, np.ndarray]:
    """All training images, and which of them go to validation."""
    with opened(path) as archive:
        entries = [entry for table in _tables(archive) for entry in _entries(archive, table)]
        return _split(archive, entries, form), in_validation(entries, valid_share, seed, fold)


def _test(image_path: Path, label_path: Path, form: Form) -> Split:
    with opened(label_path) as archive:
        entries = [entry for table in _tables(archive) for entry in _entries(archive, table)]
    labels = {PurePosixPath(entry.file).name: entry.label for entry in entries}
    with opened(image_path) as archive:
        files = {PurePosixPath(name).name: name for name in sorted(archive.namelist()) if name.endswith(".ppm")}
        unpaired = files.keys() ^ labels.keys()
        if unpaired:
            raise UserError(f"{image_path} and {label_path} do not fit: {min(unpaired)} is in one of them only")
        return _split(archive, [Entry(file, labels[name]) for name, file in files.items()], form)


def _tables(archive: zipfile.ZipFile) -> list[str]:
    found = sorted(name for name in archive.namelist() if PurePosixPath(name).match("GT-*.csv"))
    if not found:
        raise UserError(f"{archive.filename} holds no GT-NNNNN.csv; it is not the archive of training images")
    return found


def _entries(archive: zipfile.ZipFile, table: str) -> list[Entry]:
    where, folder = f"{archive.filename}/{table}", PurePosixPath(table).parent
    rows = tables.parse(content(archive, table), where, ("Filename", "ClassId"))
    try:
        return [Entry(str(folder / row["Filename"]), parse_id(row["ClassId"])) for row in rows]
    except ValueError as error:
        raise UserError(f"{where}: {error}") from None


def _split(archive: zipfile.ZipFile, entries: list[Entry], form: Form) -> Split:
    size, members = (form.height, form.width), set(archive.namelist())
    memory.check(
        (shards.BLOCK if form.shard_images else len(entries)) * form.height * form.width * 3,
        f"{len(entries):,} images of {form.height}x{form.width} pixels",
        "lower fetch.gtsrb.height and fetch.gtsrb.width, or set fetch.shard_images",
    )

    def image(entry: Entry) -> np.ndarray:
        where = f"{archive.filename}/{entry.file}"
        if entry.file not in members:
            raise UserError(f"{where} is missing, though a table lists it")
        return resize(decode_rgb(content(archive, entry.file), where), *size)

    images = map(image, tqdm(entries, desc="scaling", unit=" images", leave=False))
    features = shards.collected(shards.stacked(images), (len(entries), *size, 3), np.uint8, form.shard_images)
    labels = np.array([entry.label for entry in entries], dtype=np.int64)
    return Split(features, labels, filenames=np.array([entry.file for entry in entries], dtype=str))

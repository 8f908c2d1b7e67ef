"""Source `gtsrb`: the official archives of the German Traffic Sign Recognition Benchmark.

Source: Stallkamp, Schlipsing, Salmen, Igel, "Man vs. computer: Benchmarking machine learning algorithms
for traffic sign recognition", 2012.
"""

import csv
import io
import math
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated, NamedTuple

import cv2
import numpy as np
from pydantic import Field
from tqdm import tqdm

from signs.core.errors import UserError
from signs.core.params import Count, Section, Seed, Share, preset, validated
from signs.data import classes
from signs.data import pixels as images
from signs.data.classes import Classes
from signs.data.datasets import DataSet, Split, check
from signs.sources import download

TRAINING_IMAGES = "GTSRB_Final_Training_Images.zip"
TEST_IMAGES = "GTSRB_Final_Test_Images.zip"
TEST_LABELS = "GTSRB_Final_Test_GT.zip"

Md5 = Annotated[str, Field(pattern="^[0-9a-fA-F]{32}$")]


class Digests(Section):
    """MD5 of each archive, in hexadecimal, as published with them."""

    training_images: Md5
    test_images: Md5
    test_labels: Md5


class Archives(Section):
    """The official archives: `url`, the address or folder below which they lie, and their `md5`."""

    url: str
    md5: Digests


class Entry(NamedTuple):
    """One line of a table of images: its file in the archive, its label."""

    file: str
    label: int


@validated("fetch.gtsrb")
def official(
    downloads: Path,
    known: Classes,
    *,
    archives: preset(Archives),  # type: ignore[valid-type]
    height: Count,
    width: Count,
    valid_share: Share,
    seed: Seed,
) -> DataSet:
    """Reads the three archives; validation holds out whole tracks.

    Args:
        downloads: Where downloads are kept.
        known: Names of the classes.
        archives: Where they lie, and their digests.
        height: To which each image is scaled whole, in pixels.
        width: Likewise.
        valid_share: Of the tracks of each class, rounded up, go to validation.
        seed: Of the choice of tracks.

    Raises:
        UserError: An archive cannot be had, is damaged, or is not of the official form.
    """
    paths = {
        name: _fetched(f"{archives.url.rstrip('/')}/{name}", digest, downloads)
        for name, digest in (
            (TRAINING_IMAGES, archives.md5.training_images),
            (TEST_IMAGES, archives.md5.test_images),
            (TEST_LABELS, archives.md5.test_labels),
        )
    }
    with download.opened(paths[TRAINING_IMAGES]) as archive:
        entries = [entry for table in _tables(archive) for entry in _entries(archive, table)]
        held_out = in_validation(entries, valid_share, seed)
        pixels = _pixels(archive, entries, height, width)
    labels = np.array([entry.label for entry in entries], dtype=np.int64)
    train, valid = (Split(pixels[chosen], labels[chosen]) for chosen in (~held_out, held_out))
    test = _test(paths[TEST_IMAGES], paths[TEST_LABELS], height, width)
    return check(DataSet(train, valid, test, classes.of_labels(train.labels, known)), "GTSRB")


def in_validation(entries: list[Entry], share: float, seed: int) -> np.ndarray:
    """Which images go to validation: those of ceil(share) of each class's tracks; bool (n,)."""
    tracks = [(entry.label, PurePosixPath(entry.file).name.split("_")[0]) for entry in entries]
    rng = np.random.default_rng(seed)
    chosen = set()
    for label in sorted({label for label, _ in tracks}):
        own = sorted({track for track in tracks if track[0] == label})
        count = math.ceil(share * len(own) - 1e-9)  # 0.07 * 100 is 7.000000000000001
        chosen |= {own[i] for i in rng.permutation(len(own))[:count]}
    return np.array([track in chosen for track in tracks], dtype=bool)


def _fetched(url: str, md5: str, downloads: Path) -> Path:
    try:
        return download.fetch([url], f"md5:{md5}", downloads)
    except ValueError as error:
        raise UserError(
            f"fetch.gtsrb: {error}. Without it, on rendered images: dvc exp run -S fetch.source=sample"
        ) from None


def _tables(archive: zipfile.ZipFile) -> list[str]:
    tables = sorted(name for name in archive.namelist() if PurePosixPath(name).match("GT-*.csv"))
    if not tables:
        raise UserError(f"{archive.filename} holds no GT-NNNNN.csv; it is not the archive of training images")
    return tables


def _entries(archive: zipfile.ZipFile, table: str) -> Iterator[Entry]:
    text = download.content(archive, table).decode("ascii", errors="replace")
    try:
        for row in csv.DictReader(io.StringIO(text), delimiter=";"):
            yield Entry(str(PurePosixPath(table).parent / row["Filename"]), int(row["ClassId"]))
    except (KeyError, TypeError, ValueError, csv.Error):
        raise UserError(
            f"{archive.filename}/{table} is no table with Filename and ClassId between semicolons"
        ) from None


def _pixels(archive: zipfile.ZipFile, entries: list[Entry], height: int, width: int) -> np.ndarray:
    result = np.empty((len(entries), height, width, 3), dtype=np.uint8)
    members = set(archive.namelist())
    for i, entry in enumerate(tqdm(entries, desc="scaling", unit=" images", leave=False)):
        where = f"{archive.filename}/{entry.file}"
        if entry.file not in members:
            raise UserError(f"{where} is missing, though a table lists it")
        image = images.decode(download.content(archive, entry.file), where)
        result[i] = images.resize(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), height, width)
    return result


def _test(image_path: Path, label_path: Path, height: int, width: int) -> Split:
    with download.opened(label_path) as archive:
        tables = _tables(archive)
        labelled = {
            PurePosixPath(entry.file).name: entry.label for table in tables for entry in _entries(archive, table)
        }
    with download.opened(image_path) as archive:
        files = sorted(name for name in archive.namelist() if name.endswith(".ppm"))
        missing = {PurePosixPath(name).name for name in files} ^ labelled.keys()
        if missing:
            raise UserError(f"{image_path} and {label_path} do not fit: {min(missing)} is in one of them only")
        entries = [Entry(name, labelled[PurePosixPath(name).name]) for name in files]
        pixels = _pixels(archive, entries, height, width)
    return Split(pixels, np.array([entry.label for entry in entries], dtype=np.int64))

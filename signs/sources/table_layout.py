"""The layout of images that CSV tables list, such as Train.csv and Test.csv of Kaggle's edition of the benchmark."""

import posixpath
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import PurePosixPath

from signs.core.errors import UserError
from signs.data import classes
from signs.sources.image_tables import Table
from signs.sources.layouts import META, SPLIT_OF, Entry, Layout, check_splits, class_name, in_order, in_words, split_of
from signs.sources.listing import Listing, refuse

OTHERS = (META, PurePosixPath(classes.FILE_NAME).stem)
BAD_ROWS = "rows of tables that cannot be used; mend or remove them"


def candidates(listing: Listing) -> list[str]:
    """The CSV files that may list images: at the top, or in a folder of a split. Meta.csv lists none to train on."""
    places = {path: PurePosixPath(path) for path in listing.tables}
    return [
        path
        for path, place in places.items()
        if place.stem.lower() not in OTHERS and str(place.parent).lower() in (".", *SPLIT_OF)
    ]


def place(listing: Listing, tables: Mapping[str, Table]) -> Layout:
    """Tells class, split and box of each image by the tables.

    A table that is named after a split, or lies in a folder that is, gives that split. Paths are relative to the folder
    or to the table; a bare file name may also be that of one file in a folder below the table.

    Args:
        listing: What is there.
        tables: The tables of images, by path.

    Raises:
        UserError: Rows are unusable, or the tables' splits do not fit together.
    """
    splits = {path: _split(path) for path in tables}
    given = [split for split in splits.values() if split]
    if given and len(given) < len(splits):
        raise UserError(
            f"fetch.path: {listing.folder} has tables of images {in_words(in_order(splits))}, of which some are named "
            "after splits and others are not; keep the one or the other"
        )
    check_splits(splits, given, str(listing.folder))
    found: dict[tuple, Entry] = {}
    passed_over: Counter[str] = Counter()
    faults = [fault for table in tables.values() for fault in table.faults]
    find = _Finder(listing.images)
    for path, table in tables.items():
        for row in table.rows:
            file = find(row.file, posixpath.dirname(path))
            entry = Entry(file, class_name(row.name), splits[path], row.box)
            former = found.setdefault((file, row.box), entry)
            if not file:
                faults.append(f"{path} line {row.line}: there is no image {row.file[:200]}")
            elif former is not entry and former != entry:
                faults.append(f"{path} line {row.line}: {file} is {_said(entry)}, and before it is {_said(former)}")
            elif former is not entry:
                passed_over["rows that list an image again"] += 1
    if faults:
        refuse(listing.folder, {BAD_ROWS: faults})
    if not found:
        raise UserError(f"fetch.path: {listing.folder} has tables that list no image: {in_words(in_order(tables))}")
    files = {entry.file for entry in found.values()}
    passed_over["images that no table lists"] = len(listing.images) - len(files)
    entries = sorted(found.values(), key=lambda entry: (entry.file, entry.box or ()))
    return Layout(f"listed in {in_words(in_order(tables))}", entries, passed_over)


class _Finder:
    """Finds images by the paths in tables."""

    def __init__(self, images: list[str]) -> None:
        self._paths = {unicodedata.normalize("NFC", path): path for path in images}
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for path in self._paths:
            self._by_name[posixpath.basename(path)].append(path)

    def __call__(self, written: str, folder: str) -> str:
        """The image, or an empty text."""
        file = unicodedata.normalize("NFC", written)
        for place in (posixpath.normpath(f"{folder}/{file}" if folder else file), posixpath.normpath(file)):
            if place in self._paths:
                return self._paths[place]
        below = [path for path in self._by_name.get(file, []) if not folder or path.startswith(f"{folder}/")]
        return self._paths[below[0]] if len(below) == 1 else ""


def _split(path: str) -> str | None:
    return split_of(PurePosixPath(path).stem) or SPLIT_OF.get(posixpath.dirname(path).lower())


def _said(entry: Entry) -> str:
    return f"{entry.name!r} of {entry.split}" if entry.split else repr(entry.name)

"""Layouts by folder: one folder a class, or folders for splits with the classes below them."""

import posixpath
from collections import Counter, defaultdict
from typing import NamedTuple

from signs.core.errors import UserError
from signs.core.text import listed
from signs.sources.layouts import FORMS, META, SPLIT_OF, Entry, Layout, check_splits, class_name, in_order, in_words
from signs.sources.listing import Listing, refuse

MAX_DEPTH = 2  # folders from the top or from a split down to a class

EMPTY = "folders without an image; fill or remove them"
AMBIGUOUS = "folders of one name, so of one class; join or rename them"
NESTED = "folders of folders beside folders of images, so that it is not clear what the classes are; move either"


class _Placed(NamedTuple):
    file: str
    split: str | None
    folders: tuple[str, ...]


def place(listing: Listing) -> Layout:
    """Tells class and split of each image by the folders that it lies in.

    Folders that are all called train, valid (or val, validation) or test are splits. Classes are the first folders
    that hold images, at the top or one level deeper; images in folders within these belong to them, too.

    Raises:
        UserError: The folders fit none of that; the error says what was seen.
    """
    if not listing.images:
        raise UserError(f"fetch.path: {listing.folder} holds no images; {FORMS}")
    splits = _splits(listing)
    passed_over: Counter[str] = Counter()
    placed = []
    for path in listing.images:
        *folders, _ = path.split("/")
        if folders and splits and folders[0] not in splits:
            passed_over["images of Meta"] += 1
        elif len(folders) <= bool(splits):
            passed_over["images outside of class folders"] += 1
        else:
            split = splits[folders.pop(0)] if splits else None
            placed.append(_Placed(path, split, tuple(folders)))
    if not placed:
        raise UserError(
            f"fetch.path: {listing.folder} holds images directly ({listed(listing.images, 3)}), and no folders of "
            f"images; {FORMS}"
        )
    depth = min(len(image.folders) for image in placed)
    if depth > MAX_DEPTH:
        raise UserError(
            f"fetch.path: {listing.folder} holds images {depth} folders deep ({placed[0].file}), so that their classes "
            f"are not clear; {FORMS}"
        )
    _check(listing, splits, placed, depth)
    entries = [Entry(image.file, class_name(image.folders[depth - 1]), image.split) for image in placed]
    return Layout(_form(splits, placed, depth), entries, passed_over)


def unwrapped(listing: Listing) -> Listing:
    """The content of the only folder in a folder, as unpacking an archive leaves it; else the listing itself."""
    tops = {_top(path) for path in listing.images}
    shallow = any(path.count("/") <= 1 for path in listing.images)
    if len(tops) != 1 or shallow or _is_split(min(tops)) or any("/" not in path for path in listing.tables):
        return listing
    (top,) = tops
    images, tables, folders = (
        [path.removeprefix(f"{top}/") for path in paths if path.startswith(f"{top}/")]
        for paths in (listing.images, listing.tables, listing.folders)
    )
    return unwrapped(Listing(listing.folder / top, images, tables, folders, listing.passed_over))


def _is_split(name: str) -> bool:
    return name.lower() in SPLIT_OF


def _top(path: str) -> str:
    return path.partition("/")[0]


def _splits(listing: Listing) -> dict[str, str]:
    """The split of each folder at the top, where these are splits; empty where they are classes."""
    tops = sorted({_top(path) for path in listing.images if "/" in path})
    named = in_order(top for top in tops if _is_split(top))
    deep = {_top(path) for path in listing.images if path.count("/") > 1}
    flat = [top for top in named if top not in deep]
    others = [top for top in tops if not _is_split(top) and top.lower() != META]
    if flat == named and (others or not named):
        return {}
    if others:
        raise UserError(
            f"fetch.path: {listing.folder} has folders for splits ({listed(named)}) beside others ({listed(others)}); "
            "keep the one or the other"
        )
    if flat:
        of_which = "hold" if flat == named else f"{in_words(flat)} hold{'s' if len(flat) == 1 else ''}"
        raise UserError(
            f"fetch.path: your folders are called {in_words(named)}, and {of_which} images directly; put them in a "
            "folder for each class, such as "
            f"{flat[0]}/stop, or list them in {flat[0]}.csv with the columns Path and ClassId"
        )
    splits = {top: SPLIT_OF[top.lower()] for top in named}
    check_splits(splits, list(splits.values()), str(listing.folder))
    return splits


def _check(listing: Listing, splits: dict[str, str], placed: list[_Placed], depth: int) -> None:
    """Raises a UserError that names all class folders that are empty, of one name, or only folders of folders."""
    full = {parent for path in listing.images for parent in _parents(path)}
    levels = depth + bool(splits)
    empty = [path for path in listing.folders if path.count("/") < levels and path not in full]
    if splits:
        empty = [path for path in empty if _top(path).lower() != META]
    folders: dict[tuple[str | None, str], set[str]] = defaultdict(set)
    for image in placed:
        folders[image.split, class_name(image.folders[depth - 1])].add(_parents(image.file)[levels - 1])
    joined = [" and ".join(sorted(paths)) for paths in folders.values() if len(paths) > 1]
    filled = {posixpath.dirname(image.file) for image in placed}
    nested = sorted({_parents(image.file)[levels - 1] for image in placed} - filled)
    faults = {EMPTY: empty, AMBIGUOUS: joined, NESTED: nested}
    if any(faults.values()):
        refuse(listing.folder, {kind: names for kind, names in faults.items() if names})


def _parents(path: str) -> list[str]:
    """The folders of a path from the top: `a` and `a/b` of `a/b/c.png`."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]


def _form(splits: dict[str, str], placed: list[_Placed], depth: int) -> str:
    classes = "one folder a class" if depth == 1 else "class folders one level deeper"
    given = f", in {in_words(list(splits))} as given" if splits else ""
    inner = ", with the folders in it" if any(len(image.folders) > depth for image in placed) else ""
    return f"{classes}{inner}{given}"

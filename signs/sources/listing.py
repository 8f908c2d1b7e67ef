"""What lies in a folder of images. Looks at names and at how files start, and reads nothing else."""

import os
import stat
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pathspec import GitIgnoreSpec

from signs.core.errors import UserError
from signs.core.text import listed
from signs.data.reader import is_image

LITTER = ("__MACOSX", "@eaDir", "Thumbs.db", "desktop.ini")  # of macOS, Synology and Windows
# A file with such a name should be an image; that it is none is an error. Others are passed over.
IMAGE_SUFFIXES = (
    *(".arw", ".avif", ".bmp", ".cr2", ".dng", ".gif", ".heic", ".heif", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpg"),
    *(".nef", ".pbm", ".pgm", ".png", ".pnm", ".ppm", ".psd", ".tga", ".tif", ".tiff", ".webp"),
)

LINKED = "linked folders, in which DVC sees no change; put the folders themselves there"
HIDDEN = "folders that .dvcignore hides, so that DVC sees no change in them; rename them, or change .dvcignore"
SPECIAL = "files that are no regular files, such as pipes and broken links; remove them"
UNNAMED = "names that are not UTF-8; rename them"
UNLISTED = "folders that cannot be listed; change their permissions"


class Listing(NamedTuple):
    """A folder's content, by paths below it, with `/` in them, sorted.

    Attributes:
        folder: The folder.
        images: Images by content, and files that are called so.
        tables: CSV files.
        folders: Folders, at any depth.
        passed_over: How many files or folders were passed over, by reason.
    """

    folder: Path
    images: list[str]
    tables: list[str]
    folders: list[str]
    passed_over: Counter[str]


def survey(folder: Path) -> Listing:
    """Lists a folder and all below it. Hidden files, and what systems leave behind, are passed over.

    Raises:
        UserError: It is no folder, or holds something of which DVC sees no change or that cannot be read. All such
            things are counted, and the first ten named.
    """
    if not folder.is_dir():
        raise UserError(f"fetch.path: {folder} is no folder; it should hold a folder of images for each class")
    found = Listing(folder, [], [], [], Counter())
    faults: dict[str, list[str]] = defaultdict(list)
    is_hidden = _hidden_from_dvc(folder)
    for top, folders, files in os.walk(folder, onerror=lambda error: faults[UNLISTED].append(str(error.filename))):
        folders[:] = [name for name in sorted(folders) if _enters(Path(top, name), found, faults, is_hidden)]
        for name in sorted(files):
            _sort(Path(top, name), found, faults, is_hidden)
    if faults:
        refuse(folder, faults)
    for paths in (found.images, found.tables, found.folders):
        paths.sort()
    return found


def refuse(where: Path, faults: dict[str, list[str]]) -> None:
    """Raises a UserError of faults by kind: how many there are of each, and the first ten by name."""
    kinds = []
    for kind, names in faults.items():
        what, _, remedy = kind.partition("; ")
        kinds.append(f"{what} ({len(names):,} in all; {remedy}): {listed(names)}")
    raise UserError(f"{where} has {'; '.join(kinds)}")


def _enters(path: Path, found: Listing, faults: dict[str, list[str]], is_hidden: Callable[[Path], bool]) -> bool:
    """Whether to look into a folder; notes it either way."""
    name = path.relative_to(found.folder).as_posix()
    if path.name.startswith(".") or path.name in LITTER:
        found.passed_over["hidden folders"] += 1
    elif path.is_symlink():
        faults[LINKED].append(name)
    elif is_hidden(path):
        faults[HIDDEN].append(name)
    elif not _is_utf8(path.name):
        faults[UNNAMED].append(name)
    else:
        found.folders.append(name)
        return True
    return False


def _sort(path: Path, found: Listing, faults: dict[str, list[str]], is_hidden: Callable[[Path], bool]) -> None:
    """Notes a file where it belongs."""
    name, suffix = path.relative_to(found.folder).as_posix(), path.suffix.lower()
    if path.name.startswith(".") or path.name in LITTER:
        found.passed_over["hidden files"] += 1
    elif is_hidden(path):
        found.passed_over["files that .dvcignore hides"] += 1
    elif not _is_utf8(path.name):
        faults[UNNAMED].append(name)
    elif not _is_regular(path):
        faults[SPECIAL].append(name)
    elif suffix == ".csv":
        found.tables.append(name)
    elif suffix in IMAGE_SUFFIXES or is_image(path):
        found.images.append(name)
    else:
        found.passed_over[f"{suffix or 'other'} files that are no images"] += 1


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # of the bytes that Python keeps as halves of surrogate pairs
        return False
    return True


def _is_regular(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def _hidden_from_dvc(folder: Path) -> Callable[[Path], bool]:
    """A function that tells whether a .dvcignore of the project around a folder hides a path below it."""
    places = [folder.absolute(), *folder.absolute().parents]
    roots = [place for place in places if (place / ".dvc").is_dir()]
    if not roots:
        return lambda _: False
    specs = {
        place: GitIgnoreSpec.from_lines((place / ".dvcignore").read_text(encoding="utf-8").splitlines())
        for place in places[: places.index(roots[0]) + 1]
        if (place / ".dvcignore").is_file()
    }

    def is_hidden(path: Path) -> bool:
        slash = "/" if path.is_dir() else ""
        return any(spec.match_file(f"{path.absolute().relative_to(place)}{slash}") for place, spec in specs.items())

    return is_hidden

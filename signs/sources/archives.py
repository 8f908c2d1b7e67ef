"""Zip archives from elsewhere, read without trust: names stay inside, sizes are bounded."""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath

from signs.core import zips
from signs.core.errors import UserError

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # Python cannot bound the output of the others
ENCRYPTED = 1  # bit of a member's flags

# What zipfile raises for damaged archives.
DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError, UnicodeDecodeError)


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Opens a zip archive; `zips.content` reads its members.

    Raises:
        UserError: It is damaged or no zip archive, a member is encrypted, packed by another method than deflate or
            named so that it would leave the folder, or it is a zip bomb.
    """
    try:
        with path.open("rb") as file, zips.opened(file, str(path)) as archive:
            _check_members(path, archive.infolist())
            yield archive
    except DAMAGED as error:
        raise UserError(
            f"{path} is {kind(path)} ({error}); delete it and get it again, or correct its address"
        ) from None


def kind(path: Path) -> str:
    """What a file is that should be a zip archive, in words."""
    with path.open("rb") as file:
        start = file.read(1024).lower()
    if not start:
        return "an empty file"
    return "an HTML page, no zip archive" if re.search(b"<!doctype html|<html", start) else "no whole zip archive"


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    for member in members:
        name = PureWindowsPath(member.filename)  # knows / and \ and drives
        if name.anchor or ".." in name.parts:
            raise UserError(f"{path} holds {member.filename!r}, a path that leaves the folder: refused")
        if member.flag_bits & ENCRYPTED or member.compress_type not in METHODS:
            raise UserError(
                f"{path} holds {member.filename!r}, encrypted or packed by an uncommon method; "
                "pack it again without a password, by deflate"
            )

"""Zip archives, read without trust: names stay inside, sizes are bounded."""

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath

from signs.core.errors import UserError

MAX_RATIO = 100  # photographs shrink to two thirds, drawings to a tenth; more is a bomb
MAX_SMALL_BYTES = 64 * 2**20  # up to this size any ratio is allowed
MAX_BYTES = 16 * 2**30
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # Python cannot bound the output of the others
ENCRYPTED = 1  # bit of a member's flags

# What zipfile raises for damaged archives.
DAMAGED = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, NotImplementedError, UnicodeDecodeError)


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Opens a zip archive; `content` reads its members.

    Raises:
        UserError: It is damaged or no zip archive, a member is encrypted, packed by another method than deflate or
            named so that it would leave the folder, or it is a zip bomb.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive.infolist())
            yield archive
    except DAMAGED as error:
        raise UserError(
            f"{path} is {kind(path)} ({error}); delete it and get it again, or correct its address"
        ) from None


def content(archive: zipfile.ZipFile, name: str) -> bytes:
    """Reads a member of an archive from `opened`; takes no more memory than the size that it states."""
    with archive.open(name) as file:
        return file.read(archive.getinfo(name).file_size + 1)  # one more, to reach the checksum of an empty file too


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
        _check_size(f"{path} holds {member.filename!r},", member.compress_size, member.file_size)
    # Members may overlap or state wrong sizes. The size of the file is certain.
    _check_size(f"{path} has", path.stat().st_size, sum(member.file_size for member in members))


def _check_size(what: str, packed: int, unpacked: int) -> None:
    if unpacked > min(MAX_BYTES, max(MAX_SMALL_BYTES, MAX_RATIO * packed)):
        raise UserError(f"{what} {packed:,} bytes that unpack to {unpacked:,}: refused as a zip bomb")

"""Zip files, read without trust: the list of members and their sizes are bounded before they are read."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from signs.core.errors import UserError

MAX_DIRECTORY = 16 * 2**20  # bytes of the list of members; that of 39,000 photographs has 4 MiB
MAX_RATIO = 100  # photographs shrink to two thirds, drawings to a tenth; more is a bomb
MAX_SMALL_BYTES = 64 * 2**20  # up to this size any ratio is allowed
MAX_BYTES = 16 * 2**30


@contextmanager
def opened(file: BinaryIO, where: str) -> Iterator[zipfile.ZipFile]:
    """Opens a zip file; `content` reads its members.

    Args:
        file: The file, which can be sought in.
        where: Its name, for errors.

    Raises:
        UserError: It is a zip bomb.
        zipfile.BadZipFile: It is no zip file. If it is damaged, zipfile may raise other errors.
    """
    limited = _Limited(file)
    with _archive(limited) as archive:
        limited.limit = None
        _check_sizes(file, archive.infolist(), where)
        yield archive


def _archive(file: "_Limited") -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(cast(BinaryIO, file))
    except (ValueError, OverflowError) as error:  # it states impossible positions
        raise zipfile.BadZipFile(str(error)) from None


def content(archive: zipfile.ZipFile, name: str) -> bytes:
    """Reads a member of an archive from `opened`; takes no more memory than the size that it states."""
    with archive.open(name) as file:
        return file.read(archive.getinfo(name).file_size + 1)  # one more, to reach the checksum of an empty file too


class _Limited:
    """A file that refuses to read much at once while it has a limit: so zipfile reads the list of members."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.limit = file, MAX_DIRECTORY  # type: BinaryIO, int | None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)

    def read(self, size: int = -1) -> bytes:
        """Reads as the file does."""
        if self.limit and size > self.limit:
            raise zipfile.BadZipFile(f"its list of members has {size:,} bytes; at most {self.limit:,} are read")
        return self.file.read(size)


def _check_sizes(file: BinaryIO, members: list[zipfile.ZipInfo], where: str) -> None:
    for member in members:
        _check_size(f"{where} holds {member.filename!r},", member.compress_size, member.file_size)
    # Members may overlap or state wrong sizes. The size of the file is certain.
    _check_size(f"{where} has", file.seek(0, io.SEEK_END), sum(member.file_size for member in members))


def _check_size(what: str, packed: int, unpacked: int) -> None:
    if unpacked > min(MAX_BYTES, max(MAX_SMALL_BYTES, MAX_RATIO * packed)):
        raise UserError(f"{what} {packed:,} bytes that unpack to {unpacked:,}: refused as a zip bomb")

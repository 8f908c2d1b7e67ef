"""Zips from elsewhere: fetched, verified, and opened without trust."""

import hashlib
import re
import struct
import time
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath
from urllib.parse import urlparse
from urllib.request import url2pathname

import pooch
import requests

from signs.core.errors import UserError

TIMEOUT_SECONDS = 30
PAUSES_SECONDS = (1, 3)  # one before each further attempt
PASSING_STATUSES = (408, 429)  # request timeout, too many requests: the only 4xx worth another attempt
MAX_RATIO = 100  # photographs shrink to two thirds, drawings to a tenth; beyond is a bomb
MAX_SMALL_BYTES = 64 * 2**20  # below this any ratio does
MAX_BYTES = 16 * 2**30
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # of the others Python cannot bound the output
ENCRYPTED = 1  # of a member's flag bits


def sha256(path: Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    return _digest(path, "sha256")


def local_path(url: str) -> Path | None:
    """The file that a `file://` address or a plain path means; None for what must be downloaded."""
    scheme = url.partition(":")[0].lower()
    if scheme in ("http", "https"):
        return None
    if scheme == "file":
        return Path(url2pathname(urlparse(url).path))
    return Path(url).expanduser() if url.startswith("~/") else Path(url)


def fetch(mirrors: Sequence[str], digest: str | None, folder: Path) -> Path:
    """Gives a verified local copy of a zip, downloading it only where there is none yet.

    Args:
        mirrors: Addresses of the same file, tried in order; a path or `file://` is used where it lies.
        digest: SHA-256 in hexadecimal, or `md5:` and an MD5; None verifies only that it is a zip.
        folder: Where downloads are kept.

    Raises:
        UserError: No mirror gives it, each with its reason, or the digest is another one.
    """
    places = {mirror: local_path(mirror) or folder / _kept_name(mirror, digest) for mirror in mirrors}
    faults = {mirror: _fault(place, digest) for mirror, place in places.items()}
    for mirror, fault in faults.items():
        if not fault:
            return places[mirror]
    for mirror, place in places.items():
        if local_path(mirror) is None:
            try:
                return _download(mirror, digest, place)
            except (ValueError, OSError) as error:
                faults[mirror] = _reason(error)
    raise UserError("; ".join(f"{mirror}: {fault}" for mirror, fault in faults.items()))


def _kept_name(url: str, digest: str | None) -> str:
    key = (digest or hashlib.sha256(url.encode()).hexdigest()).rpartition(":")[2].lower()[:16]
    name = re.split("[?#]", url)[0].rpartition("/")[2]
    return f"{key}-{re.sub(r'[^A-Za-z0-9._-]', '_', name)[-80:]}"


def _fault(path: Path, digest: str | None) -> str:
    """Why a file is not what was asked for; empty where it is."""
    if not path.is_file():
        return "there is no such file; an address starts with https://, http:// or file://"
    kind = "" if zipfile.is_zipfile(path) else f"it is {_kind(path)}"
    if digest is None:
        return kind
    prefix, _, expected = digest.lower().rpartition(":")
    algorithm = prefix or "sha256"
    found = _digest(path, algorithm)
    if found == expected:
        return ""
    wrong = f"its {algorithm.upper()} is {found}, expected {expected}"
    return f"{wrong} ({kind})" if kind else wrong


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _kind(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(1024).lower()
    if not start:
        return "an empty file"
    return "an HTML page, no zip archive" if re.search(b"<!doctype html|<html", start) else "no whole zip archive"


def _download(url: str, digest: str | None, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    try:
        _transfer(url, partial)
        fault = _fault(partial, digest)
        if fault:
            raise UserError(fault)
        return partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _transfer(url: str, target: Path) -> None:
    downloader = pooch.HTTPDownloader(progressbar=True, timeout=TIMEOUT_SECONDS)
    for pause in PAUSES_SECONDS:
        try:
            return downloader(url, str(target), None)
        except requests.RequestException as error:
            if _is_final(error):
                raise
            time.sleep(pause)
    return downloader(url, str(target), None)


def _is_final(error: requests.RequestException) -> bool:
    """Whether asking again would be in vain: no such thing there, or no valid address."""
    if error.response is None:
        return isinstance(error, ValueError)
    return 400 <= error.response.status_code < 500 and error.response.status_code not in PASSING_STATUSES


def _reason(error: Exception) -> str:
    match error:
        case requests.HTTPError(response=requests.Response() as response):
            return f"the server answers {response.status_code} {response.reason}"
        case requests.exceptions.SSLError():
            return "no secure connection; its certificate is not accepted"
        case requests.Timeout():
            return f"no answer within {TIMEOUT_SECONDS} seconds"
        case requests.ConnectionError():
            return "no connection"
        case requests.exceptions.ChunkedEncodingError():
            return "the connection breaks off before the end of the file"
    return " ".join(str(error).split())[:300]


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Opens a zip whose names stay inside it and whose sizes are believable; `content` reads from it.

    Raises:
        UserError: No zip, a truncated or damaged one, an encrypted member or one packed by another
            method than deflate, a name that leaves the folder, or a zip bomb.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive.infolist())
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, struct.error) as error:
        raise UserError(
            f"{path} is {_kind(path)} ({error}); delete it and get it again, or correct its address"
        ) from None


def content(archive: zipfile.ZipFile, name: str) -> bytes:
    """One member of an archive from `opened`, in memory never larger than it says it is."""
    with archive.open(name) as file:
        return file.read(archive.getinfo(name).file_size + 1)  # one more, to reach the checksum of an empty one too


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    for member in members:
        name = PureWindowsPath(member.filename)  # knows / and \ and drives
        if name.anchor or ".." in name.parts:
            raise UserError(f"{path} holds {member.filename!r}, a path that leaves the folder: refused")
        if member.flag_bits & ENCRYPTED or member.compress_type not in METHODS:
            raise UserError(
                f"{path} holds {member.filename!r}, encrypted or packed by an uncommon method; "
                "pack it anew without a password, by deflate"
            )
        _check_size(f"{path} holds {member.filename!r},", member.compress_size, member.file_size)
    # What members say of their packed sizes may be a lie, or they may overlap; the file's size is a fact.
    _check_size(f"{path} has", path.stat().st_size, sum(member.file_size for member in members))


def _check_size(what: str, packed: int, unpacked: int) -> None:
    if unpacked > min(MAX_BYTES, max(MAX_SMALL_BYTES, MAX_RATIO * packed)):
        raise UserError(f"{what} {packed:,} bytes that unpack to {unpacked:,}: refused as a zip bomb")

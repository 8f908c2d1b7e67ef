"""Files from elsewhere: fetched, verified, and opened without trust."""

import hashlib
import logging
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlparse

import pooch
import requests

ATTEMPTS = 3
TIMEOUT_SECONDS = 30
MAX_RATIO = 100  # photographs shrink to two thirds, drawings to a tenth; beyond is a bomb
MAX_SMALL_BYTES = 64 * 2**20  # below this any ratio does
MAX_BYTES = 16 * 2**30


def sha256(path: Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def local_path(url: str) -> Path | None:
    """The file that a `file://` address or a plain path means; None for what must be downloaded."""
    parsed = urlparse(url)
    if parsed.scheme == "file":
        return Path(unquote(parsed.path))
    return Path(url).expanduser() if parsed.scheme == "" else None


def fetch(mirrors: Sequence[str], digest: str | None, folder: Path) -> Path:
    """Gives a verified local copy of a file, downloading it once.

    Args:
        mirrors: Addresses of the same file, tried in order; a path or `file://` is used where it lies.
        digest: SHA-256 in hexadecimal, or `md5:` and an MD5; None leaves it unverified.
        folder: Where downloads are kept.

    Raises:
        ValueError: No mirror gives it, each with its reason, or the digest is another one.
    """
    problems = []
    for mirror in mirrors:
        try:
            path = local_path(mirror)
            return _verified(path, digest) if path else _download(mirror, digest, folder)
        except (ValueError, OSError, requests.RequestException) as error:
            problems.append(f"{mirror}: {_reason(error)}")
    raise ValueError("; ".join(problems))


def _verified(path: Path, digest: str | None) -> Path:
    if not path.is_file():
        raise ValueError("there is no such file")
    if digest and not pooch.hashes.hash_matches(path, digest.lower()):
        algorithm = digest.split(":")[0] if ":" in digest else "sha256"
        found = pooch.file_hash(path, alg=algorithm)
        raise ValueError(f"its {algorithm.upper()} is {found}, expected {digest.split(':')[-1].lower()}")
    return path


def _download(url: str, digest: str | None, folder: Path) -> Path:
    key = (digest or hashlib.sha256(url.encode()).hexdigest()).split(":")[-1][:16]
    path = folder / f"{key}-{re.sub(r'[^A-Za-z0-9._-]', '_', PurePosixPath(urlparse(url).path).name)}"
    if path.is_file() and (digest is None or pooch.hashes.hash_matches(path, digest.lower())):
        return path
    pooch.get_logger().setLevel(logging.ERROR)
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    downloader = pooch.HTTPDownloader(progressbar=True, timeout=TIMEOUT_SECONDS)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            downloader(url, str(partial), None)
            _verified(partial, digest).replace(path)
            return path
        except (requests.RequestException, ValueError) as error:
            if attempt == ATTEMPTS or _is_final(error):
                raise
        finally:
            partial.unlink(missing_ok=True)
    raise AssertionError("unreachable")


def _is_final(error: Exception) -> bool:
    response = getattr(error, "response", None)
    return response is not None and 400 <= response.status_code < 500


def _reason(error: Exception) -> str:
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return " ".join(str(error).split())[:300]


@contextmanager
def opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Opens a zip whose names stay inside it and whose sizes are believable.

    Raises:
        ValueError: No zip, a truncated or damaged one, a name that leaves the folder, or a zip bomb.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(path, archive.infolist())
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        start = path.read_bytes()[:15] if path.stat().st_size < MAX_SMALL_BYTES else b""
        kind = "an HTML page" if start.lstrip().lower().startswith((b"<!doctype", b"<html")) else "no whole zip archive"
        raise ValueError(f"{path} is {kind} ({error}); download it again or correct the address") from None


def _check_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    for member in members:
        name = PurePosixPath(member.filename.replace("\\", "/"))
        if name.is_absolute() or ".." in name.parts or ":" in name.parts[0:1]:
            raise ValueError(f"{path} holds {member.filename!r}, a path that leaves the folder: refused")
        if member.file_size > max(MAX_SMALL_BYTES, MAX_RATIO * member.compress_size):
            raise ValueError(
                f"{path} holds {member.filename!r}, {member.compress_size:,} bytes that unpack to "
                f"{member.file_size:,}: refused as a zip bomb"
            )
    total = sum(member.file_size for member in members)
    if total > MAX_BYTES:
        raise ValueError(f"{path} unpacks to {total:,} bytes; at most {MAX_BYTES:,} are read")

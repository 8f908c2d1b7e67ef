"""Zip archives from elsewhere: downloaded once, verified at each use."""

import hashlib
import re
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

import pooch

from signs.core.errors import UserError
from signs.core.files import replaced
from signs.sources import archives, transfer

PAUSES_SECONDS = (1, 3)  # before the second and the third attempt
INSTEAD = "To use rendered images instead: dvc exp run -S fetch.source=sample"  # the end of an error


def fetch(mirrors: Sequence[str], digest: str | None, folder: Path) -> Path:
    """Gives a verified local copy of a zip archive. Downloads it only if there is none yet.

    Args:
        mirrors: Addresses of the same file, tried in order. A path or `file://` address is used in place.
        digest: SHA-256 in hexadecimal, or `md5:` and an MD5. With None, any zip archive is accepted.
        folder: Where downloads are kept.

    Raises:
        UserError: No mirror gives the file; each is named with its reason.
    """
    places = {mirror: local_path(mirror) or folder / _kept_name(mirror, digest) for mirror in mirrors}
    faults = {mirror: _fault(place, digest) for mirror, place in places.items()}
    for mirror, fault in faults.items():
        if not fault:
            return places[mirror]
    for mirror, place in places.items():
        if local_path(mirror) is None:
            try:
                _download(mirror, digest, place)
            except (*transfer.FAILED, ValueError) as error:
                faults[mirror] = transfer.reason(error)
            else:
                return place
    raise UserError("; ".join(f"{shown(mirror)}: {fault}" for mirror, fault in faults.items()))


def shown(address: str) -> str:
    """An address without user, password and query, which may be secret."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        return address
    _, at, place = rest.rpartition("@")
    return f"{scheme}://{'...@' * bool(at)}{re.split('[?#]', place)[0]}"


def local_path(address: str) -> Path | None:
    """The file of a `file://` address or a plain path; None for an address to download from."""
    scheme = address.partition(":")[0].lower()
    if scheme in ("http", "https"):
        return None
    if scheme == "file":
        return Path(url2pathname(urlparse(address).path))
    return Path(address).expanduser() if address.startswith("~/") else Path(address)


def _kept_name(url: str, digest: str | None) -> str:
    key = (digest or hashlib.sha256(url.encode()).hexdigest()).rpartition(":")[2].lower()[:16]
    name = re.split("[?#]", url)[0].rpartition("/")[2]
    return f"{key}-{re.sub(r'[^A-Za-z0-9._-]', '_', name)[-80:]}"


def _fault(path: Path, digest: str | None) -> str:
    """Why a file is not the one that was asked for; empty if it is."""
    if not path.is_file():
        return "there is no such file; an address starts with https://, http:// or file://"
    kind = "" if zipfile.is_zipfile(path) else f"it is {archives.kind(path)}"
    if digest is None:
        return kind
    prefix, _, expected = digest.lower().rpartition(":")
    algorithm = prefix or "sha256"
    found = pooch.file_hash(path, algorithm)
    if found == expected:
        return ""
    wrong = f"its {algorithm.upper()} is {found}, expected {expected}"
    return f"{wrong} ({kind})" if kind else wrong


def _download(url: str, digest: str | None, path: Path) -> None:
    with replaced(path) as partial:
        _transfer(url, partial)
        fault = _fault(partial, digest)
        if fault:
            raise UserError(fault)


def _transfer(url: str, path: Path) -> None:
    pooch.get_logger().setLevel("WARNING")  # release.py prints the digest
    for pause in (*PAUSES_SECONDS, None):  # pooch's own retries would ask again for a file that does not exist
        try:
            pooch.retrieve(url, known_hash=None, fname=path.name, path=path.parent, downloader=transfer.transfer)
            return
        except transfer.FAILED as error:
            if pause is None or transfer.is_final(error):
                raise
            time.sleep(pause)

"""Source `signs`: a release zip with `train.p`, `valid.p` and `test.p`."""

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import Annotated
from zipfile import ZipFile

import numpy as np
import pooch
from pydantic import BeforeValidator, Field

from signs.core import zips
from signs.core.errors import UserError
from signs.data import classes, pickles
from signs.data.classes import Classes, classes_from_labels
from signs.data.datasets import SPLITS, DataSet, Split, check, split_of
from signs.sources import archives, conversion, download

Mirrors = Annotated[list[str], BeforeValidator(lambda url: [url] if isinstance(url, str) else url), Field(min_length=1)]

# SHA-256 of the pickles that circulate most widely.
KNOWN_SHA256 = {
    "train": "5c319e00df7f45a18761e65dfd47341779c310798a71ea3f371659cc4a63da44",
    "valid": "7d92b991f95cf3bfcc6e35b88bad506b89e562992c1eb6c1034462a9604b6948",
    "test": "60b6450ffdb227042eb32f28d15fe77f98ad24dd550cc85eb445b8c0e502e470",
}


def read_release(downloads: Path, known: Classes, mirrors: list[str], sha256: str | None) -> DataSet:
    """Reads a release zip.

    Args:
        downloads: Folder that keeps downloads.
        known: Names of the classes, used if the zip has no `signnames.csv` and exactly these ids.
        mirrors: Addresses or paths of the same file, tried in order.
        sha256: Digest of the zip. A local file needs one, because DVC cannot see that the file at a path changes.

    Raises:
        UserError: No mirror gives the file, the digest differs, or it is no such zip.
    """
    path = _fetched(mirrors, sha256, downloads)
    if sha256 is None:
        print(f"SHA-256 of the download: {pooch.file_hash(path)}; set fetch.sha256 to it, and it is checked")
    with archives.opened(path) as archive:
        contents = {split: _needed(archive, f"{split}.p") for split in SPLITS}
        names = _only(archive, classes.FILE_NAME)
    for split, content in contents.items():
        print(provenance(split, content, KNOWN_SHA256))
    splits = _splits(contents, path)
    ids = np.unique(splits["train"].labels)
    own = classes.parse(names, f"{path}/{classes.FILE_NAME}") if names else None
    named = own or (known if np.array_equal(known.ids, ids) else None)
    if named is None:
        print(f"The zip names no classes and its {len(ids)} are not those of signnames.csv: ids serve as names")
    return check(DataSet(**splits, classes=classes_from_labels(ids, named)), str(path))


def _splits(contents: dict[str, bytes], path: Path) -> dict[str, Split]:
    read = {split: pickles.read(io.BytesIO(content), f"{path}/{split}.p") for split, content in contents.items()}
    arrays = conversion.converted({f"{path}/{split}.p": found for split, found in read.items()})
    return {split: split_of(arrays[f"{path}/{split}.p"], f"{path}/{split}.p") for split in contents}


def provenance(split: str, content: bytes, known: Mapping[str, str]) -> str:
    """Says whether a split's pickle has the SHA-256 in `known`."""
    same = hashlib.sha256(content).hexdigest() == known[split]
    return f"{split}.p {'is' if same else 'is not'} the pickle that circulates most widely"


def _fetched(mirrors: list[str], sha256: str | None, downloads: Path) -> Path:
    local = next((path for path in map(download.local_path, mirrors) if path and path.is_file()), None)
    if local and sha256 is None:
        raise UserError(
            f"fetch.url is a local file, so fetch.sha256 must be set, or DVC would not see it change; it is now "
            f"{pooch.file_hash(local)}"
        )
    try:
        return download.fetch(mirrors, sha256, downloads)
    except UserError as error:
        raise UserError(f"fetch.url: {error}. {download.INSTEAD}") from None


def _needed(archive: ZipFile, name: str) -> bytes:
    content = _only(archive, name)
    if content is None:
        raise UserError(f"{archive.filename} holds no {name}; expected train.p, valid.p and test.p")
    return content


def _only(archive: ZipFile, name: str) -> bytes | None:
    # Some zips from Windows have \ in names. __MACOSX holds what macOS remembers of each file.
    found = [member for member in archive.namelist() if PureWindowsPath(member).name == name]
    found = [member for member in found if "__MACOSX" not in member]
    if len(found) > 1:
        raise UserError(f"{archive.filename} holds {len(found)} {name} ({', '.join(found)}); expected one")
    return zips.content(archive, found[0]) if found else None

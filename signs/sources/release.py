"""Source `signs`: a release zip with `train.p`, `valid.p` and `test.p`."""

import hashlib
import io
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path, PureWindowsPath
from typing import Annotated, Any, BinaryIO, cast
from zipfile import ZipFile

import numpy as np
import pooch
from pydantic import BeforeValidator, Field

from signs.core import zips
from signs.core.errors import UserError
from signs.data import classes, pickles, shards
from signs.data.classes import Classes, classes_from_labels
from signs.data.datasets import SPLITS, DataSet, check
from signs.data.split_files import split_of
from signs.data.splits import Split
from signs.sources import archives, conversion, download

Mirrors = Annotated[list[str], BeforeValidator(lambda url: [url] if isinstance(url, str) else url), Field(min_length=1)]

# SHA-256 of the pickles that circulate most widely.
KNOWN_SHA256 = {
    "train": "5c319e00df7f45a18761e65dfd47341779c310798a71ea3f371659cc4a63da44",
    "valid": "7d92b991f95cf3bfcc6e35b88bad506b89e562992c1eb6c1034462a9604b6948",
    "test": "60b6450ffdb227042eb32f28d15fe77f98ad24dd550cc85eb445b8c0e502e470",
}


def read_release(
    downloads: Path, known: Classes, mirrors: list[str], sha256: str | None, shard_images: int | None = None
) -> DataSet:
    """Reads a release zip.

    Args:
        downloads: Folder that keeps downloads.
        known: Names of the classes, used if the zip has no `signnames.csv` and exactly these ids.
        mirrors: Addresses or paths of the same file, tried in order.
        sha256: Digest of the zip. A local file needs one, because DVC cannot see that the file at a path changes.
        shard_images: Images in a shard; None for splits in memory.

    Raises:
        UserError: No mirror gives the file, the digest differs, or it is no such zip.
    """
    path = _fetched(mirrors, sha256, downloads)
    if sha256 is None:
        print(f"SHA-256 of the download: {pooch.file_hash(path)}; set fetch.sha256 to it, and it is checked")
    with archives.opened(path) as archive:
        files = {split: _needed(archive, f"{split}.p", spooled=shard_images is not None) for split in SPLITS}
        names = _only(archive, classes.FILE_NAME)
    for split, file in files.items():
        print(provenance(split, file, KNOWN_SHA256))
    splits = _splits(files, path, shard_images)
    ids = np.unique(splits["train"].labels)
    own = classes.parse(names, f"{path}/{classes.FILE_NAME}") if names else None
    named = own or (known if np.array_equal(known.ids, ids) else None)
    if named is None:
        print(f"The zip names no classes and its {len(ids)} are not those of signnames.csv: ids serve as names")
    return check(DataSet(**splits, classes=classes_from_labels(ids, named)), str(path))


def _splits(files: dict[str, BinaryIO], path: Path, shard_images: int | None) -> dict[str, Split]:
    read = {f"{path}/{split}.p": _read(file, f"{path}/{split}.p", shard_images) for split, file in files.items()}
    arrays = conversion.converted(read)
    return {split: split_of(arrays[f"{path}/{split}.p"], f"{path}/{split}.p") for split in files}


def _read(file: BinaryIO, where: str, shard_images: int | None) -> dict[str, Any]:
    """The content of a pickle; with `shard_images` its images are shards of the file."""
    if shard_images is None:
        return pickles.read(file, where)
    content, offsets = pickles.read_in_place(file, where)
    for key, offset in offsets.items():
        array = content[key]
        found = shards.stored(shards.path_of(file), offset, array.shape, array.dtype, shard_images)
        content[key] = shards.kept_open(found, file) if key == "features" else found[:]
    features = content.get("features")
    if isinstance(features, np.ndarray):  # it lay otherwise in the file
        file.close()
        content["features"] = shards.collected([features], features.shape, features.dtype, shard_images)
    return content


def provenance(split: str, file: BinaryIO, known: Mapping[str, str]) -> str:
    """Says whether a split's pickle has the SHA-256 in `known`."""
    same = hashlib.file_digest(cast(Any, file), "sha256").hexdigest() == known[split]
    file.seek(0)
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


def _needed(archive: ZipFile, name: str, *, spooled: bool) -> BinaryIO:
    """A member as a file that can be sought in: in memory, or spooled to a temporary one."""
    found = _member(archive, name)
    if found is None:
        raise UserError(f"{archive.filename} holds no {name}; expected train.p, valid.p and test.p")
    if not spooled:
        return io.BytesIO(zips.content(archive, found))
    file = tempfile.TemporaryFile()  # noqa: SIM115  # open as long as its images are used
    with archive.open(found) as packed:
        shutil.copyfileobj(packed, file, 2**20)
    file.seek(0)
    return cast(BinaryIO, file)


def _only(archive: ZipFile, name: str) -> bytes | None:
    found = _member(archive, name)
    return zips.content(archive, found) if found else None


def _member(archive: ZipFile, name: str) -> str | None:
    # Some zips from Windows have \ in names. __MACOSX holds what macOS remembers of each file.
    found = [member for member in archive.namelist() if PureWindowsPath(member).name == name]
    found = [member for member in found if "__MACOSX" not in member]
    if len(found) > 1:
        raise UserError(f"{archive.filename} holds {len(found)} {name} ({', '.join(found)}); expected one")
    return found[0] if found else None

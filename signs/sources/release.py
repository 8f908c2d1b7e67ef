"""Source `signs`: a release zip that holds `train.p`, `valid.p` and `test.p`."""

import hashlib
from pathlib import Path, PurePosixPath

import numpy as np

from signs import classes, download
from signs.classes import Classes
from signs.datasets import SPLITS, DataSet, check, unpickle_bytes

# The pickles that circulate most widely.
KNOWN_SHA256 = {
    "train": "5c319e00df7f45a18761e65dfd47341779c310798a71ea3f371659cc4a63da44",
    "valid": "7d92b991f95cf3bfcc6e35b88bad506b89e562992c1eb6c1034462a9604b6948",
    "test": "60b6450ffdb227042eb32f28d15fe77f98ad24dd550cc85eb445b8c0e502e470",
}


def release(downloads: Path, known: Classes, url: str | list[str], sha256: str | None) -> DataSet:
    """Reads a release zip from its first mirror that answers.

    Args:
        downloads: Where downloads are kept.
        known: Names for the labels, used where these are exactly its classes and the zip has no
            `signnames.csv` of its own.
        url: Address, `file://` address or path, or a list of mirrors of the same file.
        sha256: Of the zip; required for a local file, since a path alone does not tell DVC that the
            file has changed.

    Raises:
        ValueError: No mirror gives it, the digest differs, or it is no such zip.
    """
    mirrors = [url] if isinstance(url, str) else url
    path = _fetched(mirrors, sha256, downloads)
    if sha256 is None:
        print(f"SHA-256 of {mirrors[0]}: {download.sha256(path)}; set fetch.sha256 to it to have it checked")
    with download.opened(path) as archive:
        names = archive.namelist()
        contents = {split: archive.read(_member(names, f"{split}.p", path)) for split in SPLITS}
        listed = [name for name in names if PurePosixPath(name).name == classes.FILE_NAME]
        own = classes.parse(archive.read(listed[0]), f"{path}/{listed[0]}") if listed else None
    for split, content in contents.items():
        same = hashlib.sha256(content).hexdigest() == KNOWN_SHA256[split]
        print(f"{split}.p {'is' if same else 'is not'} the pickle that circulates most widely")
    splits = {split: unpickle_bytes(content, f"{path}/{split}.p") for split, content in contents.items()}
    ids = np.unique(splits["train"].labels)
    named = own or (known if np.array_equal(known.ids, ids) else None)
    if named is None:
        print(f"The zip names no classes and its {len(ids)} are not those of signnames.csv: ids serve as names")
    return check(DataSet(**splits, classes=classes.of_labels(ids, named)), str(path))


def _fetched(mirrors: list[str], sha256: str | None, downloads: Path) -> Path:
    local = next(filter(None, map(download.local_path, mirrors)), None)
    if local and sha256 is None and local.is_file():
        raise ValueError(
            f"fetch.url is a local file, so fetch.sha256 must be set, or DVC would not see it change; it is now "
            f"{download.sha256(local)}"
        )
    try:
        return download.fetch(mirrors, sha256, downloads)
    except ValueError as error:
        raise ValueError(f"fetch.url: {error}. Without it: dvc exp run -S fetch.source=sample") from None


def _member(names: list[str], wanted: str, path: Path) -> str:
    found = [name for name in names if PurePosixPath(name).name == wanted and "__MACOSX" not in name]
    if len(found) != 1:
        raise ValueError(
            f"{path} holds {len(found) or 'no'} {wanted}; expected one each of train.p, valid.p and test.p"
        )
    return found[0]

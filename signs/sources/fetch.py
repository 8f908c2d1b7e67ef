"""Where a data set comes from."""

from pathlib import Path
from typing import Any, Literal

from signs.core.params import Sha256, validated
from signs.data import classes
from signs.data.datasets import DataSet
from signs.sources.folders import folders as from_folders
from signs.sources.gtsrb import official
from signs.sources.release import Mirrors, release
from signs.sources.sample import sample as rendered


@validated("fetch")
def fetch(
    data: Path,
    path: Path,
    *,
    source: Literal["sample", "signs", "gtsrb", "folders"],
    url: Mirrors,
    sha256: Sha256 | None,
    sample: dict[str, Any],
    gtsrb: dict[str, Any],
    folders: dict[str, Any],
) -> DataSet:
    """Gets the original data set from one of four sources.

    Args:
        data: The folder with `signnames.csv`; downloads are kept below it.
        path: The folder that `sample` and `folders` read.
        source: `sample` renders one here, `signs` reads a release zip, `gtsrb` the official archives,
            `folders` your own images.
        url: Of the release zip, or its mirrors.
        sha256: Of the release zip.
        sample: Settings of `sample`.
        gtsrb: Settings of `gtsrb`.
        folders: Settings of `folders`.

    Returns:
        uint8 images, RGB or in one channel.

    Raises:
        ValueError: The source does not give a sound data set.
    """
    downloads = data / "downloads"
    known = classes.read(data / classes.FILE_NAME)
    match source:
        case "sample":
            return rendered(path, known, **sample)
        case "signs":
            return release(downloads, known, url, sha256)
        case "gtsrb":
            return official(downloads, known, **gtsrb)
        case "folders":
            return from_folders(path, **folders)

"""Where the original data set comes from: one of four sources."""

from pathlib import Path
from typing import Any, Literal

from signs.core.params import Sha256, validated
from signs.data import classes
from signs.data.datasets import DataSet
from signs.sources.folders import read_folders
from signs.sources.gtsrb import read_gtsrb
from signs.sources.release import Mirrors, read_release
from signs.sources.sample import render_sample


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
    """Gets the original data set.

    Args:
        data: Folder with `signnames.csv`; its subfolder `downloads` keeps downloads.
        path: Folder that `sample` and `folders` read; the other sources ignore it.
        source: `sample` renders drawings, `signs` reads a release zip, `gtsrb` the official archives, `folders` your
            own images.
        url: Address of the release zip, or a list of mirrors.
        sha256: Digest of the release zip.
        sample: Settings of `sample`.
        gtsrb: Settings of `gtsrb`.
        folders: Settings of `folders`.

    Returns:
        uint8 images, in RGB or with one channel.

    Raises:
        UserError: The source gives no sound data set.
    """
    if source == "folders":
        return read_folders(path, **folders)
    downloads, known = data / "downloads", classes.read(data / classes.FILE_NAME)
    match source:
        case "sample":
            return render_sample(path, known, **sample)
        case "signs":
            return read_release(downloads, known, url, sha256)
        case "gtsrb":
            return read_gtsrb(downloads, known, **gtsrb)

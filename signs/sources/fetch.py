"""Where the original data set comes from: one of four sources."""

from pathlib import Path
from typing import Any, Literal

from signs.core.errors import UserError
from signs.core.params import Count, Sha256, validated
from signs.data import classes
from signs.data.datasets import DataSet
from signs.sources import account
from signs.sources.folders import read_folders
from signs.sources.gtsrb import read_gtsrb
from signs.sources.release import Mirrors, read_release
from signs.sources.sample import render_sample
from signs.sources.splitting import Folding


@validated("fetch")
def fetch(
    data: Path,
    path: Path,
    *,
    source: Literal["sample", "signs", "gtsrb", "folders"],
    shard_images: Count | None,
    fold: Folding,
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
        shard_images: Images in a file. Splits that do not fit in memory become folders of such files; None keeps each
            in one.
        fold: Of the training images, validates in place of a share of them, for `gtsrb` and `folders`; None for none.
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
    if fold and source in ("sample", "signs"):
        raise UserError(
            f"fetch.fold is {fold.number}/{fold.of}, and the source {source} does not tell which images show the same "
            "sign; leave it empty, or take gtsrb or folders"
        )
    downloads, names = data / "downloads", data / classes.FILE_NAME
    match source:
        case "sample":
            return render_sample(path, classes.read(names), shard_images, **sample)
        case "signs":
            dataset = read_release(downloads, classes.read(names), url, sha256, shard_images)
        case "gtsrb":
            dataset = read_gtsrb(downloads, classes.read(names), shard_images, fold, **gtsrb)
        case "folders":
            dataset = read_folders(path, shard_images, fold, **folders)
    print(account.of_classes(dataset))
    if note := classes.namesakes(dataset.classes):
        print(note)
    return dataset

"""Stage `fetch`: gets the original data set from the source that params.yaml names."""

from pathlib import Path

from signs.core import params
from signs.data.datasets import write
from signs.sources.fetch import fetch


def main(data: Path, path: Path, out: Path) -> None:
    """Gets the data set, from the folder `path` or the web, with class names from `data`, and writes it to `out`."""
    settings = params.load("fetch")
    settings.pop("path", None)  # it is `path`: DVC watches the folder
    write(out, fetch(data, path, **settings))

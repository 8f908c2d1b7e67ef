"""Stage `fetch`: gets the original data set from the source that params.yaml names."""

from pathlib import Path

from signs import params
from signs.datasets import write
from signs.sources import fetch
from stages import run


def main(data: Path, out: Path) -> None:
    """Gets the data set, with names and drawings from `data`, and writes it to `out`."""
    write(out, fetch(data, **params.load("fetch")))


if __name__ == "__main__":
    run(main)

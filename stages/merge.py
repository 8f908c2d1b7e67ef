"""Stage `merge`: joins the original and the synthetic data set into one."""

from pathlib import Path

from signs import params
from signs.datasets import read, write
from signs.merging import merge
from stages import run


def main(original: Path, synthetic: Path, out: Path) -> None:
    """Reads both data sets, merges them, writes the result to `out`."""
    write(out, merge(read(original), read(synthetic), **params.load("merge")))


if __name__ == "__main__":
    run(main)

"""Stage `merge`: joins the original and the synthetic data set."""

from pathlib import Path

from signs.core import params
from signs.data.datasets import read, write
from signs.preparation.merging import merge


def main(original: Path, synthetic: Path, out: Path) -> None:
    """Merges the data sets `original` and `synthetic` and writes the result to `out`."""
    write(out, merge(read(original), read(synthetic), **params.load("merge")))

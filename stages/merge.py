"""Stage `merge`: joins the original and the synthetic data set."""

from pathlib import Path

from signs.core import params
from signs.data.classes import joined
from signs.data.datasets import read, write
from signs.preparation.merging import merge


def main(original: Path, synthetic: Path, out: Path) -> None:
    """Merges the data sets `original` and `synthetic` and writes the result to `out`."""
    first, second = read(original), read(synthetic)
    write(out, merge(first, second, **params.load("merge")))
    if line := joined(first.classes, second.classes):
        print(line)

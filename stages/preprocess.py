"""Stage `preprocess`: turns stored images into what a network sees."""

from pathlib import Path

from signs.core import params, workers
from signs.data.datasets import read, write
from signs.preparation.preprocessing import preprocess


def main(dataset: Path, out: Path) -> None:
    """Preprocesses the uint8 images of `dataset` and writes the result to `out`."""
    write(out, preprocess(read(dataset), **params.load("preprocess")), workers.of_this_machine())

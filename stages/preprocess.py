"""Stage `preprocess`: turns stored images into what a network sees."""

from pathlib import Path

from signs import params
from signs.datasets import read, write
from signs.preprocessing import preprocess
from stages import run


def main(dataset: Path, out: Path) -> None:
    """Reads a data set of uint8 images, preprocesses it, writes the result to `out`."""
    write(out, preprocess(read(dataset), **params.load("preprocess")))


if __name__ == "__main__":
    run(main)

"""Stage `synthesize`: makes a class of each image in a folder."""

from pathlib import Path

from signs import classes, params
from signs.datasets import write
from signs.synthesis import synthesize
from stages import run


def main(images: Path, drawings: Path, names: Path, out: Path) -> None:
    """Makes a data set from the single images in `images`, and from `drawings` of known classes; writes it to `out`."""
    write(out, synthesize(images, drawings, classes.read(names), **params.load("synthesize")))


if __name__ == "__main__":
    run(main)

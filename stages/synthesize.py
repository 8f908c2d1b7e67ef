"""Stage `synthesize`: makes a class of each sign drawn in a folder."""

from pathlib import Path

from signs import classes, params
from signs.datasets import read, write
from signs.merging import lent
from signs.synthesis import synthesize
from stages import run


def main(images: Path, drawings: Path, names: Path, original: Path, out: Path) -> None:
    """Makes classes of the single images in `images`, and of known ones in `drawings`; writes them to `out`."""
    photographs = lent(read(original).train, **params.load("merge"))
    made = synthesize(images, drawings, classes.read(names), photographs, **params.load("synthesize"))
    write(out, made)


if __name__ == "__main__":
    run(main)

"""Stage `synthesize`: makes a class of each sign drawn in a folder."""

from pathlib import Path

from signs.core import params
from signs.data import classes
from signs.data.datasets import read, write
from signs.synthesis.lending import lent
from signs.synthesis.synthesis import synthesize


def main(images: Path, drawings: Path, names: Path, original: Path, out: Path) -> None:
    """Makes classes of the single images in `images`, and of known ones in `drawings`; writes them to `out`."""
    photographs = lent(read(original).train, **params.load("merge"))
    made = synthesize(
        images, drawings, classes.read(names), photographs, **params.load("synthesize", recipe="synthesis_recipes")
    )
    write(out, made)

"""Stage `synthesize`: makes a class of each new sign."""

from pathlib import Path

from signs.core import params
from signs.data import classes
from signs.data.datasets import read, write
from signs.synthesis.lending import lent
from signs.synthesis.synthesis import synthesize


def main(images: Path, drawings: Path, names: Path, original: Path, out: Path) -> None:
    """Writes a data set of the new signs in `images`, and of known ones in `drawings`, to the folder `out`."""
    photographs = lent(read(original).train, **params.load("merge"))
    settings = params.load("synthesize", recipe="synthesis_recipes")
    made = synthesize(images, drawings, classes.read(names), photographs, **settings)
    write(out, made)
    if not made.classes:
        print(f"{out.name}: recipe {settings['recipe']['name']} makes no class of {images}; this data set is empty")

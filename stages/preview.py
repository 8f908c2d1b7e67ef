"""Stage `preview`: shows what synthesis made of each new sign."""

from pathlib import Path

from signs import figures, params
from signs.datasets import read, replaced
from signs.figures.galleries import new_sign
from signs.preview import preview
from signs.templates import drawings
from stages import run


def main(images: Path, dataset: Path, out: Path) -> None:
    """Draws each new sign of `images`, and what `dataset` has of it, as a figure in the folder `out`."""
    settings = params.load("preview")
    with replaced(out) as partial:
        partial.mkdir()
        for sign in preview(read(dataset), drawings(images), **settings):
            name = sign.name.lower().replace(" ", "_")
            figures.save(partial / f"{name}.png", new_sign(*sign, settings["every"]))


if __name__ == "__main__":
    run(main)

"""Stage `preview`: shows what synthesis made of each new sign."""

from pathlib import Path

from signs import figures, params
from signs.datasets import read
from signs.figures.galleries import new_sign
from signs.files import replaced
from signs.preview import preview
from signs.templates import of_names
from stages import run


def main(images: Path, dataset: Path, original: Path, out: Path) -> None:
    """Draws each new sign of `images`, what `dataset` has of it and what in `original` is like it; writes to `out`."""
    settings = params.load("preview")
    with replaced(out) as partial:
        partial.mkdir()
        for sign in preview(read(dataset), read(original), of_names(images), **settings):
            name = sign.name.lower().replace(" ", "_")
            figures.save(partial / f"{name}.png", new_sign(*sign, settings["every"]))


if __name__ == "__main__":
    run(main)

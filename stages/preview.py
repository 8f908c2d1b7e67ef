"""Stage `preview`: shows what synthesis made of each new sign."""

from pathlib import Path

from signs.core import params
from signs.core.files import replaced
from signs.data.datasets import read
from signs.exploration.preview import preview
from signs.figures import canvas
from signs.figures.galleries import new_sign
from signs.rendering.drawings import of_names


def main(images: Path, dataset: Path, original: Path, out: Path) -> None:
    """Draws each new sign of `images`, what `dataset` has of it and what in `original` is like it; writes to `out`."""
    settings = params.load("preview")
    with replaced(out) as partial:
        partial.mkdir()
        for sign in preview(read(dataset), read(original), of_names(images), **settings):
            name = sign.name.lower().replace(" ", "_")
            canvas.save(partial / f"{name}.png", new_sign(*sign, settings["sample_every"]))

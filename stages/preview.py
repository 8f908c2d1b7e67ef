"""Stage `preview`: shows what synthesis made of each new sign."""

from pathlib import Path

from signs.core import params
from signs.core.files import replaced
from signs.data.datasets import read
from signs.exploration.preview import preview
from signs.figures import canvas
from signs.figures.new_sign import new_sign
from signs.rendering.drawings import file_stem, read_by_name


def main(images: Path, dataset: Path, original: Path, out: Path) -> None:
    """Writes a figure of each new sign in `images`: its images in `dataset`, and similar classes in `original`."""
    settings = params.load("preview")
    signs = preview(read(dataset), read(original), read_by_name(images), **settings)
    with replaced(out) as partial:
        partial.mkdir()
        for sign in signs:
            figure = new_sign(sign, settings["sample_every"], f"{dataset.name}: new sign {sign.name}")
            canvas.save(partial / f"{file_stem(sign.name)}.png", figure)
        if not signs:
            canvas.save(partial / "none.png", canvas.notice(f"{dataset.name}: new signs", "There are none."))

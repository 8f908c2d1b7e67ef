"""`signs add`: makes a picture of a sign a new class."""

from pathlib import Path

import numpy as np

from signs.core.errors import UserError
from signs.core.files import replaced
from signs.data import classes
from signs.data.reader import on_background
from signs.rendering import drawings

KNOWN, NEW_SIGNS = Path("data") / classes.FILE_NAME, Path("data/new_signs")


def main(picture: Path, name: str) -> None:
    """Copies a picture of a sign to data/new_signs, under the name of its class."""
    target = add(picture, name, classes.read(KNOWN).names, NEW_SIGNS)
    print(f"{name!r} is {target} now; dvc repro makes images of it and trains the model that knows it")


def add(picture: Path, name: str, known: list[str], folder: Path) -> Path:
    """Copies a picture to a folder of new signs, under the name of its class.

    Args:
        picture: SVG, PNG or JPEG.
        name: Of the new class.
        known: Names that are taken.
        folder: Of new signs.

    Returns:
        The path of the copy.

    Raises:
        UserError: It is no picture of a sign, or the name is taken or cannot be that of a file.
    """
    if picture.suffix.lower() not in drawings.SUFFIXES:
        raise UserError(f"{picture} is not a {', '.join(drawings.SUFFIXES)} file; save it as one of them")
    if not picture.is_file():
        raise UserError(f"{picture} is missing; give the path of the picture")
    target = drawings.new_path(folder, name, picture.suffix, known=known)
    if np.ptp(on_background(drawings.read(picture)).reshape(-1, 3), axis=0).max() == 0:
        raise UserError(f"{picture} has one colour; give a picture of the sign")
    with replaced(target) as partial:
        partial.write_bytes(picture.read_bytes())
    return target

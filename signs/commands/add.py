"""Adds a class: `python -m signs.add stop_ahead.svg "Stop ahead"` puts its picture where `dvc repro` finds it."""

import argparse
import sys
from pathlib import Path

import numpy as np

from signs.core.errors import UserError
from signs.core.files import replaced
from signs.data import classes
from signs.rendering import drawings

KNOWN, NEW_SIGNS = Path("data") / classes.FILE_NAME, Path("data/new_signs")


def add(picture: Path, name: str, known: list[str], folder: Path) -> Path:
    """Copies a picture to a folder of new signs, under the name of its class.

    Args:
        picture: SVG, PNG or JPEG.
        name: Of the new class.
        known: Names that are taken.
        folder: Of new signs.

    Returns:
        Where it is now.

    Raises:
        UserError: It is no picture of a sign, or the name is taken or cannot be a file's.
    """
    if picture.suffix.lower() not in drawings.SUFFIXES:
        raise UserError(f"{picture} is no {', '.join(drawings.SUFFIXES)} file; save it as one of them")
    if not picture.is_file():
        raise UserError(f"{picture} is missing; give the picture of the new sign")
    stem = name.replace(" ", "_")
    stem = stem[:1].lower() + stem[1:]
    if (
        drawings.name_of(stem) != name
        or not stem.isprintable()
        or set(stem) & set('/\\:*?"<>|')
        or stem[:1] in ("", ".")
    ):
        raise UserError(
            f"{name!r} cannot be a class; a name begins with a capital letter or a digit, and holds no '_' or '/'"
        )
    present = drawings.by_name(folder.glob("*"))
    taken = [*known, *present]
    if name.casefold() in (one.casefold() for one in taken):
        raise UserError(f"{name!r} is a class already; choose another name")
    image = drawings.read(picture)
    if np.ptp(drawings.on_background(image).reshape(-1, 3), axis=0).max() == 0:
        raise UserError(f"{picture} is of one colour; give a picture of the sign")
    target = folder / f"{stem}{picture.suffix.lower()}"
    if set(drawings.by_name([*folder.glob("*"), target])) != {*present, name}:
        raise UserError(f"{name!r} and a sign that is there would pass for variants of one; choose another name")
    with replaced(target) as partial:
        partial.write_bytes(picture.read_bytes())
    return target


def main(picture: Path, name: str) -> None:
    """Makes a picture of a sign a new class."""
    target = add(picture, name, classes.read(KNOWN).names, NEW_SIGNS)
    print(f"{name!r} is {target} now; dvc repro makes images of it, and trains the network that knows it.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m signs.add", description=main.__doc__)
    parser.add_argument("picture", type=Path, help="an SVG, PNG or JPEG file")
    parser.add_argument("name", help="of the class, as the report is to show it")
    try:
        main(**vars(parser.parse_args()))
    except (ValueError, OSError) as error:
        sys.exit(f"add: {' '.join(str(error).split())}")

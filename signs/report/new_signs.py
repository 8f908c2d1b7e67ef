"""What the page tells of each new sign."""

from typing import Any

import numpy as np

from signs.data import pixels
from signs.evaluation.diagnosis import Diagnosis
from signs.exploration.preview import Preview
from signs.report.sprites import Sprite, data_uri

DRAWING_SIDE = 192  # pixels


def new_sign(preview: Preview, diagnosis: Diagnosis, sprite: Sprite, every: int) -> dict[str, Any]:
    """A new sign: its drawing, its images, what it is most like, and what a model takes its test images for."""
    height, width = preview.drawing.shape[:2]
    scale = min(1.0, DRAWING_SIDE / max(height, width))
    drawing = pixels.resize(preview.drawing, max(1, round(height * scale)), max(1, round(width * scale)))
    return {
        "name": preview.name,
        "drawing": data_uri(drawing),
        "drawings": preview.drawings,
        "nearest": [list(pair) for pair in preview.nearest],
        "origin": next((row.origin for row in diagnosis.classes.rows if row.name == preview.name), None),
        "taken_for": _taken_for(preview.name, diagnosis),
        "ladder": [sprite.add(image) for image in preview.ladder],
        "every": every,
        "samples": [sprite.add(image) for image in preview.samples],
    }


def _taken_for(name: str, diagnosis: Diagnosis) -> list[list[Any]] | None:
    """The other classes that test images of a class are taken for, and how many of them, the most first.

    None where no test image is of the class.
    """
    names = diagnosis.classes.names
    row = diagnosis.matrix[names.index(name)] if name in names else np.zeros(1)
    if not row.any():
        return None
    taken = [other for other in np.argsort(-row, kind="stable") if row[other] and names[other] != name]
    return [[names[other], int(row[other])] for other in taken]

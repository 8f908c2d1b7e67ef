"""What the page shows of each new sign."""

from typing import Any

import numpy as np

from signs.data import pixels
from signs.evaluation.diagnosis import Diagnosis
from signs.exploration.preview import Preview
from signs.report.sprites import Sprite, data_uri

DRAWING_SIDE = 192  # pixels


def new_sign(
    preview: Preview, diagnosis: Diagnosis, sprite: Sprite, sample_every: int, hidden: list[int]
) -> dict[str, Any]:
    """A new sign: its drawing, some of its images, the classes most like it, and how its test images are classified.

    Args:
        preview: The new sign.
        diagnosis: Of the model that knows it.
        sprite: Collects the tiles.
        sample_every: One in this number of its images is shown.
        hidden: Ids of the classes whose photographs were hidden from training.
    """
    height, width = preview.drawing.shape[:2]
    scale = min(1.0, DRAWING_SIDE / max(height, width))
    drawing = pixels.resize(preview.drawing, max(1, round(height * scale)), max(1, round(width * scale)))
    row = next((row for row in diagnosis.classes.rows if row.name == preview.name), None)
    return {
        "name": preview.name,
        "drawing": data_uri(drawing),
        "drawings": preview.drawing_count,
        "nearest": [list(pair) for pair in preview.nearest],
        "origin": row.origin if row else None,
        "is_hidden": row is not None and row.id in hidden,
        "mistaken_for": _mistaken_for(preview.name, diagnosis),
        "by_brightness": [sprite.add(image) for image in preview.by_brightness],
        "sample_every": sample_every,
        "samples": [sprite.add(image) for image in preview.samples],
    }


def _mistaken_for(name: str, diagnosis: Diagnosis) -> list[list[Any]] | None:
    """The other classes that test images of a class are classified as, with their number, most images first.

    None where no test image belongs to the class.
    """
    names = diagnosis.classes.names
    row = diagnosis.matrix[names.index(name)] if name in names else np.zeros(1)
    if not row.any():
        return None
    others = [place for place in np.argsort(-row, kind="stable") if row[place] and names[place] != name]
    return [[names[place], int(row[place])] for place in others]

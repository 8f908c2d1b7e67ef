"""What synthesis made of each new sign."""

from typing import NamedTuple

import numpy as np

from signs.core.params import Bins, Count, validated
from signs.data import pixels
from signs.data.datasets import DataSet
from signs.data.reader import on_background
from signs.data.splits import joined
from signs.exploration.similarity import nearest_classes
from signs.rendering.drawings import Drawings


class Preview(NamedTuple):
    """One new sign and some of its synthetic images.

    Attributes:
        name: Of the class.
        drawing: The first one, uint8 RGB (height, width, 3).
        drawing_count: How many drawings it has.
        nearest: As in `similarity.nearest_classes`.
        by_brightness: From the darkest to the brightest, uint8 (n, height, width, channels).
        samples: uint8 (n, height, width, channels).
    """

    name: str
    drawing: np.ndarray
    drawing_count: int
    nearest: list[tuple[str, float]]
    by_brightness: np.ndarray
    samples: np.ndarray


@validated("preview")
def preview(
    dataset: DataSet,
    original: DataSet,
    drawings: Drawings,
    *,
    sample_every: Count,
    brightness_steps: Bins,
    nearest: Count,
) -> list[Preview]:
    """Picks images of each new sign.

    Args:
        dataset: Synthetic images, uint8.
        original: Images of the known classes, uint8.
        drawings: Of each new sign.
        sample_every: Of the images of a class (train, then valid, then test), one in this number is a sample.
        brightness_steps: Number of images in `by_brightness`, at equal steps of their order.
        nearest: Number of similar classes to name.
    """
    made = joined(list(dataset.splits.values()))
    similar = nearest_classes(dataset, original, nearest)
    result = []
    for row in dataset.classes.rows:
        if row.name not in drawings:
            continue  # a known class
        own, variants = made.features[made.labels == row.id], drawings[row.name]
        order = np.argsort(pixels.brightness(own), kind="stable")
        steps = np.linspace(0, len(own) - 1, min(brightness_steps, len(own))).round().astype(int)
        result.append(
            Preview(
                row.name,
                on_background(variants[0]),
                len(variants),
                similar[row.name],
                own[order[steps]],
                own[::sample_every],
            )
        )
    return result

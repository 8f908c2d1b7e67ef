"""What synthesis made of each new sign, to be looked at."""

from typing import NamedTuple

import numpy as np

from signs.core.params import Count, validated
from signs.data import pixels
from signs.data.datasets import DataSet
from signs.exploration import likeness
from signs.rendering.drawings import Signs, on_background


class Preview(NamedTuple):
    """One new sign and its synthetic images, uint8.

    `name`: of the class. `drawing`: (height, width, 3). `drawings`: how many there are of it. `nearest`: as in
    `likeness.nearest`. `ladder`: (steps, height, width, channels), from the darkest to the brightest. `samples`:
    every N-th image, (n, height, width, channels).
    """

    name: str
    drawing: np.ndarray
    drawings: int
    nearest: list[tuple[str, float]]
    ladder: np.ndarray
    samples: np.ndarray


@validated("preview")
def preview(
    dataset: DataSet, original: DataSet, drawn: Signs, *, sample_every: Count, brightness_steps: Count, nearest: Count
) -> list[Preview]:
    """Picks images of each new sign.

    Args:
        dataset: Synthetic images, uint8.
        original: Images of the known classes, uint8.
        drawn: Drawings of each new sign by its name.
        sample_every: Of a class's images in their order, train, valid, test, each so many-th is a sample.
        brightness_steps: How many images the ladder of brightness has.
        nearest: How many classes to name that a new sign is most like.
    """
    features = np.concatenate([split.features for split in dataset.splits.values()])
    labels = np.concatenate([split.labels for split in dataset.splits.values()])
    alike = likeness.nearest(dataset, original, nearest)
    result = []
    for row in dataset.classes.rows:
        if row.name not in drawn:
            continue  # a known class
        own = features[labels == row.id]
        order = np.argsort(pixels.brightness(own), kind="stable")
        ladder = own[order[np.linspace(0, len(own) - 1, min(brightness_steps, len(own))).round().astype(int)]]
        variants = drawn[row.name]
        result.append(
            Preview(row.name, on_background(variants[0]), len(variants), alike[row.name], ladder, own[::sample_every])
        )
    return result

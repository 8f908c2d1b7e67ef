"""What synthesis made of each new sign, to be looked at."""

from typing import NamedTuple

import numpy as np

from signs import images
from signs.datasets import DataSet
from signs.params import Count, validated


class Preview(NamedTuple):
    """One new sign and its synthetic images, uint8.

    `name`: of the class. `drawing`: (height, width, 3). `ladder`: (rungs, height, width, channels), from
    the darkest to the brightest. `samples`: every N-th image, (n, height, width, channels).
    """

    name: str
    drawing: np.ndarray
    ladder: np.ndarray
    samples: np.ndarray


@validated("preview")
def preview(dataset: DataSet, drawings: dict[str, np.ndarray], *, every: Count, rungs: Count) -> list[Preview]:
    """Picks images of each new sign.

    Args:
        dataset: Synthetic images, uint8.
        drawings: The drawing of each new sign by its name, uint8 (height, width, 3).
        every: Of a class's images in their order, train, valid, test, each so many-th is a sample.
        rungs: How many images the ladder of brightness has.
    """
    features = np.concatenate([split.features for split in dataset.splits.values()])
    labels = np.concatenate([split.labels for split in dataset.splits.values()])
    result = []
    for row in dataset.classes.rows:
        if row.name not in drawings:
            continue  # a known class
        own = features[labels == row.id]
        order = np.argsort(images.brightness(own), kind="stable")
        ladder = own[order[np.linspace(0, len(own) - 1, min(rungs, len(own))).round().astype(int)]]
        result.append(Preview(row.name, drawings[row.name], ladder, own[::every]))
    return result

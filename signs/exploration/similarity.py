"""Which classes look alike, from their images alone."""

import cv2
import numpy as np
from scipy.spatial.distance import cdist

from signs.data import pixels
from signs.data.datasets import DataSet
from signs.data.splits import Split

MIN_DEVIATION = 5  # grey levels; keeps an image of one colour from being blown up to noise

MOST_IMAGES = 10_000  # of a class, from which its mean image is taken


def nearest_classes(new: DataSet, known: DataSet, count: int) -> dict[str, list[tuple[str, float]]]:
    """Finds the classes that each new class is most similar to.

    Each training image is standardized in brightness and contrast. The similarity of two classes is the correlation
    of their mean images.

    Args:
        new: uint8 images of the new classes.
        known: uint8 images of the known classes.
        count: Classes to name for each new one; other new classes are among them.

    Returns:
        By name of the new class, names and correlations in [-1, 1], highest first.
    """
    if not new.classes:
        return {}
    height, width = known.train.features.shape[1:3]
    size = (height, width)
    own = _mean_images(new, size)
    others = own | _mean_images(known, size)  # the images of a known class count if it is in both
    correlations = 1 - cdist(list(own.values()), list(others.values()), "correlation")
    result = {}
    for name, row in zip(own, np.nan_to_num(correlations), strict=True):  # an image of one colour correlates with none
        pairs = [(other, float(value)) for other, value in zip(others, row, strict=True) if other != name]
        result[name] = sorted(pairs, key=lambda pair: -pair[1])[:count]
    return result


def _mean_images(dataset: DataSet, size: tuple[int, int]) -> dict[str, np.ndarray]:
    return {row.name: _mean_image(dataset.train.of([row.id]), size) for row in dataset.classes.rows}


def _mean_image(split: Split, size: tuple[int, int]) -> np.ndarray:
    """The mean of standardized images, scaled to a size: float32 (rows * columns * 3,)."""
    images = pixels.colour(split.sample(MOST_IMAGES).images).astype(np.float32)
    deviation = images.std(axis=(1, 2, 3), keepdims=True) + MIN_DEVIATION
    mean = ((images - images.mean(axis=(1, 2, 3), keepdims=True)) / deviation).mean(axis=0)
    return cv2.resize(mean, size[::-1], interpolation=cv2.INTER_AREA).ravel()

"""Which classes look alike, told from their images before any network is trained."""

import cv2
import numpy as np

from signs.data import pixels as images
from signs.data.datasets import DataSet, Split

LEAST_DEVIATION = 5  # grey levels: an image of one colour is not blown up to noise


def nearest(new: DataSet, known: DataSet, count: int) -> dict[str, list[tuple[str, float]]]:
    """The classes that each new class is most like, by what its images have in common.

    Of each class the training images are averaged, each freed of its brightness and contrast; alike are classes
    whose averages correlate.

    Args:
        new: Images of the new classes.
        known: Images of the known ones.
        count: Of classes to name for each, new ones among them.

    Returns:
        By name of the new class, the most alike first, with their correlations, -1 to 1.
    """
    size = known.train.features.shape[1:3]
    own = _averages(new, size)
    others = own | _averages(known, size)  # a class that is in both looks as it is known
    result = {}
    for name, average in own.items():
        alike = [(other, _correlation(average, others[other])) for other in others if other != name]
        result[name] = sorted(alike, key=lambda pair: -pair[1])[:count]
    return result


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    with np.errstate(invalid="ignore"):  # nothing correlates with one even colour
        return float(np.nan_to_num(np.corrcoef(first.ravel(), second.ravel())[0, 1]))


def _averages(dataset: DataSet, size: tuple[int, int]) -> dict[str, np.ndarray]:
    return {row.name: _average(dataset.train.of([row.id]), size) for row in dataset.classes.rows}


def _average(split: Split, size: tuple[int, int]) -> np.ndarray:
    pixels = images.colour(split.features).astype(np.float32)
    deviation = pixels.std(axis=(1, 2, 3), keepdims=True) + LEAST_DEVIATION
    average = ((pixels - pixels.mean(axis=(1, 2, 3), keepdims=True)) / deviation).mean(axis=0)
    return cv2.resize(average, size[::-1], interpolation=cv2.INTER_AREA)

"""Two models beside each other, on the images that both were measured on."""

from typing import NamedTuple

import numpy as np

from signs.predictions import Predictions


class Opinion(NamedTuple):
    """What one model says of images: class `ids` (n,), its `confidence` 0-1 (n,), and whether it `is_right` (n,)."""

    ids: np.ndarray
    confidence: np.ndarray
    is_right: np.ndarray


def compare(first: Predictions, second: Predictions) -> tuple[Opinion, Opinion]:
    """What both say of the test images of `first`, of whose classes `second` may know more.

    Raises:
        ValueError: They were measured on different images.
    """
    rows = np.flatnonzero(np.isin(second.labels["test"], first.ids))
    if not np.array_equal(second.labels["test"][rows], first.labels["test"]):
        raise ValueError(
            f"the first model was measured on {len(first.labels['test'])} test images, the second on {len(rows)} of "
            "the same classes, and their labels differ; only results on the same images compare"
        )
    return _opinion(first, np.arange(len(first.labels["test"]))), _opinion(second, rows)


def _opinion(predictions: Predictions, rows: np.ndarray) -> Opinion:
    softmax = predictions.softmax["test"][rows]
    ids = predictions.ids[softmax.argmax(axis=1)]
    return Opinion(ids, softmax.max(axis=1), ids == predictions.labels["test"][rows])

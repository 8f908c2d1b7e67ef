"""Two models beside each other, on the images that both were measured on."""

from typing import NamedTuple

import numpy as np
from scipy.special import bdtr

from signs.core.errors import UserError
from signs.evaluation.predictions import Predictions

SIGNIFICANCE = 0.05


class Opinion(NamedTuple):
    """What one model says of images: class `ids` (n,), its `confidence` 0-1 (n,), and whether it `is_right` (n,)."""

    ids: np.ndarray
    confidence: np.ndarray
    is_right: np.ndarray


def compare(first: Predictions, second: Predictions) -> tuple[Opinion, Opinion]:
    """What both say of the test images of `first`, of whose classes `second` may know more.

    Raises:
        UserError: They were measured on different images, as their labels tell.
    """
    rows = np.flatnonzero(np.isin(second.labels["test"], first.ids))
    if not np.array_equal(second.labels["test"][rows], first.labels["test"]):
        raise UserError(
            f"the first model was measured on {len(first.labels['test'])} test images, the second on {len(rows)} of "
            "the same classes, and their labels differ; only results on the same images compare"
        )
    return _opinion(first, np.arange(len(first.labels["test"]))), _opinion(second, rows)


class Verdict(NamedTuple):
    """Whether one model is better than another, or luck may have it so.

    `only_first`, `only_second`: images that one alone has right. `probability`: of a difference as large
    between models that are equally good. `words`: "real gain", "real loss" (of the second) or "within noise".
    """

    only_first: int
    only_second: int
    probability: float
    words: str


def judge(first: np.ndarray, second: np.ndarray) -> Verdict:
    """The exact two-sided test of McNemar, at 0.05.

    Images of one sign are no independent trials: where there are several of each, it finds real too much.

    Source: McNemar, "Note on the sampling error of the difference between correlated proportions or
    percentages", 1947.

    Args:
        first: Whether the first model is right on each image, bool (n,).
        second: Likewise.
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    differ = only_first + only_second
    # Twice the tail of the binomial distribution; `scipy.stats`, which has a test of that name, takes a second to load.
    probability = min(1.0, 2 * float(bdtr(min(only_first, only_second), differ, 0.5)))
    words = "within noise"
    if probability < SIGNIFICANCE:
        words = "real gain" if only_second > only_first else "real loss"
    return Verdict(only_first, only_second, probability, words)


def _opinion(predictions: Predictions, rows: np.ndarray) -> Opinion:
    softmax = predictions.softmax["test"][rows]
    ids = predictions.ids[softmax.argmax(axis=1)]
    return Opinion(ids, softmax.max(axis=1), ids == predictions.labels["test"][rows])

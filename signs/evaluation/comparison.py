"""Two models, compared on the images that both were measured on."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from signs.core import documents
from signs.core.errors import UserError
from signs.evaluation.predictions import Predictions

SIGNIFICANCE = 0.05
BETTER, WORSE, SAME = "better", "worse", "no significant difference"


def is_same_model(first: Path, second: Path) -> bool:
    """Whether the `model.json` of two models name the same data and the same settings: their bytes are the same then.

    Raises:
        UserError: A file is missing, or is no JSON.
    """
    return documents.read(first, "train") == documents.read(second, "train")


class Answers(NamedTuple):
    """A model's answers to some of its test images.

    `rows`: of its test split (n,). `ids`: classes (n,). `confidence`: 0-1 (n,). `is_correct`: bool (n,).
    """

    rows: np.ndarray
    ids: np.ndarray
    confidence: np.ndarray
    is_correct: np.ndarray


def compare(first: Predictions, second: Predictions) -> tuple[Answers, Answers]:
    """The answers of both models to the test images of the first; the second may know more classes.

    Raises:
        UserError: The labels show that the models were measured on different images.
    """
    rows = np.flatnonzero(np.isin(second.labels["test"], first.ids))
    if not np.array_equal(second.labels["test"][rows], first.labels["test"]):
        raise UserError(
            f"the first model was measured on {len(first.labels['test'])} test images, the second on {len(rows)} of "
            "the same classes, and their labels differ; only results on the same images can be compared"
        )
    return _answers(first, np.arange(len(first.labels["test"]))), _answers(second, rows)


class Verdict(NamedTuple):
    """Whether the second of two models is better than the first.

    `only_first`, `only_second`: images that only that model classifies correctly. `p_value`: probability of a
    difference at least as large if both models were equally good. `words`: "better", "worse", or "no significant
    difference" where `p_value` is 0.05 or more.
    """

    only_first: int
    only_second: int
    p_value: float
    words: str


def judge(first: np.ndarray, second: np.ndarray) -> Verdict:
    """McNemar's exact test, two-sided.

    It takes images to be independent. Several images of one physical sign are not: then it finds too many differences
    significant.

    Source: McNemar, "Note on the sampling error of the difference between correlated proportions or percentages", 1947.

    Args:
        first: Whether the first model is correct on each image, bool (n,).
        second: Whether the second model is, bool (n,).
    """
    from scipy.stats import binomtest  # noqa: PLC0415  # takes a second, which not every stage needs

    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    differ = only_first + only_second
    p_value = float(binomtest(only_first, differ).pvalue) if differ else 1.0
    words = SAME
    if p_value < SIGNIFICANCE:
        words = BETTER if only_second > only_first else WORSE
    return Verdict(only_first, only_second, p_value, words)


def _answers(predictions: Predictions, rows: np.ndarray) -> Answers:
    softmax = predictions.softmax["test"][rows]
    ids = predictions.ids[softmax.argmax(axis=1)]
    return Answers(rows, ids, softmax.max(axis=1), ids == predictions.labels["test"][rows])

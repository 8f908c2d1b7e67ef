"""Made-up predictions, for the tests of what is computed from them."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from signs.core.scores import softmax
from signs.data.classes import Classes, SignClass
from signs.evaluation.predictions import Predictions


def certain(positions, classes):
    """Probabilities of a model that is sure of these classes."""
    return np.eye(classes, dtype=np.float32)[positions]


def predictions_of(ids, test, labels, valid=None, valid_labels=None):
    return Predictions(
        np.array(ids),
        {"valid": np.array(test if valid is None else valid, np.float32), "test": np.array(test, np.float32)},
        {"valid": np.array(labels if valid_labels is None else valid_labels), "test": np.array(labels)},
    )


def classes_of(*ids):
    return Classes(tuple(SignClass(id, f"class {id}", "photographs") for id in ids))


def random_predictions(seed, classes=4, images=60):
    rng = np.random.default_rng(seed)
    ids = np.arange(classes) * 5 + 2
    logits = {split: rng.normal(0, 1.5, (images, classes)).astype(np.float32) for split in ("valid", "test")}
    labels = {split: rng.choice(ids, images) for split in ("valid", "test")}
    return logits, Predictions(ids, {split: softmax(values) for split, values in logits.items()}, labels)


# Eighths, lest two logits differ by less than their probabilities can tell.
eighths = st.integers(-160, 160).map(lambda number: number / 8)
logits_and_indices = st.tuples(st.integers(1, 12), st.integers(2, 5)).flatmap(
    lambda shape: st.tuples(
        npst.arrays(np.float32, shape, elements=eighths),
        npst.arrays(np.int64, shape[0], elements=st.integers(0, shape[1] - 1)),
    )
)

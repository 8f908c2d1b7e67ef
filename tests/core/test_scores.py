import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from sklearn.metrics import accuracy_score, log_loss

from signs.core import scores

logits = npst.arrays(
    np.float32, st.tuples(st.integers(1, 20), st.integers(2, 8)), elements=st.floats(-1e4, 1e4, width=32)
)


def drawn(rows=200, columns=7):
    rng = np.random.default_rng(1)
    return rng.normal(0, 2, (rows, columns)).astype(np.float32), rng.integers(0, columns, rows)


@given(logits)
def test_probabilities_are_finite_and_sum_to_1(logits):
    probabilities = scores.softmax(logits)
    assert probabilities.dtype == np.float32
    assert probabilities.shape == logits.shape
    assert np.isfinite(probabilities).all()
    assert probabilities.sum(axis=1) == pytest.approx(1, abs=1e-5)


@given(logits, st.sampled_from([-1000, 0.5, 1000]))
def test_a_constant_added_to_all_logits_changes_nothing(logits, constant):
    logits = logits.astype(np.float64)
    assert scores.log_softmax(logits + constant) == pytest.approx(scores.log_softmax(logits), abs=1e-8)


def test_softmax_by_hand():
    logits = np.log(np.array([[1.0, 2.0, 5.0], [3.0, 3.0, 2.0]], dtype=np.float32))
    assert scores.softmax(logits) == pytest.approx(np.array([[0.125, 0.25, 0.625], [0.375, 0.375, 0.25]]))


def test_extreme_logits_do_not_overflow():
    logits = np.array([[1e4, -1e4, 0], [0, 1e4, -1e4]], dtype=np.float32)
    assert scores.softmax(logits).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert scores.cross_entropy(logits, np.array([0, 1])) == 0
    assert scores.cross_entropy(logits, np.array([1, 2])) == 2e4


def test_accuracy_is_that_of_scikit_learn():
    logits, indices = drawn()
    assert scores.accuracy(logits, indices) == accuracy_score(indices, logits.argmax(axis=1))


def test_accuracy_by_hand():
    logits = np.array([[0, 1], [1, 0], [2, 3], [0, 9]], dtype=np.float32)
    assert scores.accuracy(logits, np.array([1, 0, 0, 1])) == 0.75


def test_accuracy_of_nothing_is_not_a_number():
    assert np.isnan(scores.accuracy(np.zeros((0, 3), np.float32), np.zeros(0, np.int64)))


def test_cross_entropy_is_that_of_scikit_learn():
    logits, indices = drawn()
    probabilities = np.exp(logits.astype(np.float64))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    expected = log_loss(indices, probabilities, labels=np.arange(7))
    assert scores.cross_entropy(logits, indices) == pytest.approx(expected, rel=1e-9)


def test_cross_entropy_of_no_knowledge_is_the_log_of_the_number_of_classes():
    assert scores.cross_entropy(np.zeros((5, 43), np.float32), np.arange(5)) == pytest.approx(np.log(43))

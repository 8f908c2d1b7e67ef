from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from signs.core.scores import softmax
from signs.evaluation import rejection
from signs.evaluation.rejection import acceptance, accepted, answers, threshold

SHARES = st.integers(1, 8).map(lambda eighths: eighths / 8)
OUTCOMES = st.integers(1, 30).flatmap(
    lambda count: st.tuples(npst.arrays(np.float64, count, elements=SHARES), npst.arrays(np.bool_, count))
)


def test_an_answer_is_as_sure_as_its_likeliest_class():
    logits = np.array([[1.0, 3.0], [0.5, 0.0]])
    confidence, is_right = answers(logits, np.array([1, 1]))
    np.testing.assert_allclose(confidence, softmax(logits).max(axis=1))
    assert is_right.tolist() == [True, False]


@given(OUTCOMES)
def test_acceptance_is_that_of_a_loop(outcomes):
    confidence, is_right = outcomes
    rows = acceptance(confidence, is_right)
    levels = sorted(set(confidence), reverse=True)
    assert [row["threshold"] for row in rows] == [*levels[1:], 0]
    for row in rows:
        answered = confidence > row["threshold"]
        assert row["coverage"] == pytest.approx(answered.mean())
        assert row["accuracy"] == pytest.approx(is_right[answered].mean())


@given(OUTCOMES, SHARES)
def test_the_threshold_is_the_lowest_that_does(outcomes, accuracy):
    confidence, is_right = outcomes
    limit = threshold(confidence, is_right, accuracy)
    good = [value for value in [*confidence, 0] if (confidence > value).any()]
    good = [value for value in good if is_right[confidence > value].mean() >= accuracy]
    assert limit == min(good, default=None)


def test_coverage_and_accuracy_stand_within_their_intervals():
    confidence = np.array([0.9, 0.8, 0.7, 0.2])
    found = accepted(confidence, np.array([True, False, True, False]), 0.6)
    assert (found["coverage"], found["accuracy"]) == (3 / 4, 2 / 3)
    for name in ("coverage", "accuracy"):
        assert 0 <= found[f"{name}_low"] < found[name] < found[f"{name}_high"] <= 1


def test_the_accuracy_of_no_answer_is_left_out():
    nothing = accepted(np.array([0.9, 0.2]), np.ones(2, bool), 0.95)
    assert (nothing["coverage"], nothing["coverage_low"]) == (0, 0)
    assert not {"accuracy", "accuracy_low", "accuracy_high"} & nothing.keys()
    assert accepted(np.zeros(0), np.zeros(0, bool), 0.5) == {}


def test_an_image_as_sure_as_the_threshold_is_not_answered():
    assert accepted(np.array([0.5, 0.5]), np.ones(2, bool), 0.5)["coverage"] == 0


@given(st.integers(1, 3000))
def test_the_curve_is_thinned_down_to_answering_all(count):
    curve = [{"coverage": row / count} for row in range(1, count + 1)]
    kept = rejection.thinned(curve)
    assert min(count, 200) <= len(kept) <= 400
    assert kept[-1] == curve[-1]
    assert len({curve.index(b) - curve.index(a) for a, b in pairwise(kept)}) <= 1

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signs.core.scores import softmax
from signs.evaluation.reliability import calibration_error, reliability
from tests.predicted import logits_and_indices


def answered(softmax, truth):
    return softmax.max(axis=1), softmax.argmax(axis=1) == truth


def test_reliability_by_hand():
    """Bins of 0.25: none below 0.5; 0.5 in the second, right; 0.75 and 0.625 in the third, one right; 1 wrong."""
    probabilities = np.array([[0.5, 0.5], [0.75, 0.25], [0.375, 0.625], [0, 1]], np.float32)
    assert reliability(*answered(probabilities, np.array([0, 0, 0, 0])), 4) == [
        {"low": 0, "high": 0.25, "confidence": None, "accuracy": None, "images": 0},
        {"low": 0.25, "high": 0.5, "confidence": 0.5, "accuracy": 1, "images": 1},
        {"low": 0.5, "high": 0.75, "confidence": 0.6875, "accuracy": 0.5, "images": 2},
        {"low": 0.75, "high": 1, "confidence": 1, "accuracy": 0, "images": 1},
    ]


@pytest.mark.parametrize("upper", [0.6, 0.7, 0.8, 0.9])
def test_a_bin_holds_its_upper_edge(upper):
    probabilities = np.array([[upper, 1 - upper]], np.float32)
    table = reliability(*answered(probabilities, np.array([0])), 10)
    assert [row["high"] for row in table if row["images"]] == [upper]


def gap_by_hand(confidence, is_correct, bins):
    """Sums of what is correct less confidence, a bin after the other."""
    place = np.ceil(confidence * bins).clip(1, bins)
    gaps = [abs((is_correct[place == one] - confidence[place == one].astype(float)).sum()) for one in np.unique(place)]
    return sum(gaps) / len(confidence)


@given(logits_and_indices, st.integers(1, 20))
def test_the_calibration_error_is_the_weighted_gap(drawn, bins):
    found = answered(softmax(drawn[0]), drawn[1])
    table = reliability(*found, bins)
    assert len(table) == bins
    assert sum(row["images"] for row in table) == len(drawn[1])
    assert calibration_error(table) == pytest.approx(gap_by_hand(*found, bins), abs=1e-6)


def test_gaps_at_the_edges_of_bins_do_not_cancel():
    """Confident by 0.6 and correct, by 0.7 and wrong: in one bin of 0.2 the gaps would cancel."""
    probabilities = np.array([[0.6, 0.4], [0.7, 0.3]], np.float32)
    table = reliability(*answered(probabilities, np.array([0, 1])), 5)
    assert calibration_error(table) == pytest.approx((0.4 + 0.7) / 2, abs=1e-6)


@given(logits_and_indices, st.integers(1, 9))
def test_the_bins_are_side_by_side_and_hold_what_is_in_them(drawn, bins):
    table = reliability(*answered(softmax(drawn[0]), drawn[1]), bins)
    assert table[0]["low"] == 0
    assert table[-1]["high"] == 1
    assert [row["low"] for row in table[1:]] == [row["high"] for row in table[:-1]]
    for row in table:
        if row["images"]:
            assert row["low"] - 1e-6 <= row["confidence"] <= row["high"] + 1e-6
            assert 0 <= row["accuracy"] <= 1

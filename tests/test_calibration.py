import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from signs.calibration import acceptance, accepted, temperature, threshold
from signs.scores import cross_entropy, softmax

SHARES = st.integers(0, 8).map(lambda eighths: eighths / 8)
OUTCOMES = st.integers(1, 30).flatmap(
    lambda count: st.tuples(npst.arrays(np.float64, count, elements=SHARES), npst.arrays(np.bool_, count))
)


def drawn(factor, count=20_000, classes=5):
    """Logits `factor` times those from whose probabilities the right classes were drawn."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (count, classes))
    chances = softmax(logits).astype(np.float64)
    indices = (chances.cumsum(axis=1) < rng.random((count, 1)) * chances.sum(axis=1, keepdims=True)).sum(axis=1)
    return logits * factor, indices.clip(max=classes - 1)


@pytest.mark.parametrize("factor", [0.5, 1.0, 4.0])
def test_the_temperature_takes_back_a_factor(factor):
    assert temperature(*drawn(factor)) == pytest.approx(factor, rel=0.05)


def test_no_other_temperature_costs_less():
    logits, indices = drawn(3.0, 500)
    best = cross_entropy(logits / temperature(logits, indices), indices)
    assert all(best <= cross_entropy(logits / other, indices) + 1e-9 for other in np.geomspace(0.1, 10, 200))


def test_a_model_that_is_always_right_may_be_as_sure_as_it_gets():
    assert temperature(np.eye(3) * 2, np.arange(3)) < 0.06


@given(OUTCOMES)
def test_acceptance_is_that_of_a_loop(outcomes):
    confidence, is_right = outcomes
    rows = acceptance(confidence, is_right)
    assert [row["threshold"] for row in rows] == sorted(set(confidence), reverse=True)
    for row in rows:
        answered = confidence >= row["threshold"]
        assert row["coverage"] == pytest.approx(answered.mean())
        assert row["accuracy"] == pytest.approx(is_right[answered].mean())


@given(OUTCOMES, SHARES)
def test_the_threshold_is_the_lowest_that_does(outcomes, accuracy):
    confidence, is_right = outcomes
    good = [value for value in confidence if is_right[confidence >= value].mean() >= accuracy]
    if not good:
        with pytest.raises(ValueError, match="of validation images right; ask for less"):
            threshold(confidence, is_right, accuracy)
    else:
        assert threshold(confidence, is_right, accuracy) == min(good)


def test_coverage_and_accuracy_stand_within_their_intervals():
    confidence = np.array([0.9, 0.8, 0.7, 0.2])
    found = accepted(confidence, np.array([True, False, True, False]), 0.7)
    assert (found["coverage"], found["accuracy"]) == (3 / 4, 2 / 3)
    for name in ("coverage", "accuracy"):
        assert 0 <= found[f"{name}_low"] < found[name] < found[f"{name}_high"] <= 1
    nothing = accepted(confidence, np.ones(4, bool), 0.95)
    assert (nothing["coverage"], nothing["accuracy"], nothing["accuracy_low"]) == (0, 1, 0)

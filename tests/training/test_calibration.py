import numpy as np
import pytest

from signs.core.scores import cross_entropy, softmax
from signs.training.calibration import temperature


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

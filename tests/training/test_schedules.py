import numpy as np
import pytest

from signs.training import schedules
from signs.training.schedules import constant, cosine


def rates(schedule, steps, rate=0.4, steps_per_epoch=10):
    value = schedule(rate, steps_per_epoch, steps)
    return [float(value(step)) if callable(value) else value for step in range(steps)]


def test_a_constant_rate_stays():
    assert rates(constant(), 30) == [0.4] * 30


def test_the_rate_warms_up_linearly_and_decays_along_half_a_cosine():
    found = rates(cosine(warmup=1.0, last=0.1), 31)
    up = 0.4 * np.arange(10) / 10
    down = 0.4 * (0.1 + 0.9 * (1 + np.cos(np.pi * np.arange(21) / 21)) / 2)
    np.testing.assert_allclose(found, [*up, *down], rtol=1e-5)


def test_without_a_warmup_the_first_rate_is_the_highest():
    found = rates(cosine(warmup=0, last=0), 20)
    assert found[0] == pytest.approx(0.4)
    assert found == sorted(found, reverse=True)


def test_a_warmup_longer_than_the_training_ends_with_it():
    found = rates(cosine(warmup=100, last=0), 20)
    assert found == sorted(found)
    assert max(found) == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"name": "cosine", "warmup": 1, "last": 2}, r"schedules\.cosine\.last is 2; Input should be less than"),
        ({"name": "cosine", "warmup": 1}, r"schedules\.cosine\.last is missing"),
        ({"name": "linear"}, "schedules has no 'linear'; it may be constant, cosine"),
    ],
)
def test_a_wrong_setting_is_named(choice, message):
    with pytest.raises(ValueError, match=message):
        schedules.build(choice)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signs.evaluation.outliers import outliers

KINDS = ["noise", "backgrounds", "pictures"]


def framed(count=5, shape=(20, 30, 3)):
    """Images that are black but for corners of a colour of their own."""
    features = np.zeros((count, *shape), np.uint8)
    for number, image in enumerate(features):
        image[:4, :4] = 100 + number
        image[:4, -4:] = 200 + number
    return features


@settings(max_examples=8, deadline=None)
@given(st.sampled_from([(20, 30, 3), (32, 32, 1), (3, 4, 1)]), st.integers(1, 9), st.integers(0, 2**32 - 1))
def test_there_are_as_many_of_each_kind_in_the_form_of_the_photographs(shape, count, seed):
    found = outliers(framed(5, shape), count, np.random.default_rng(seed))
    assert list(found) == KINDS
    for images in found.values():
        assert images.shape == (count, *shape)
        assert images.dtype == np.uint8


def test_the_same_draws_give_the_same_images():
    first, second = (outliers(framed(), 6, np.random.default_rng(4)) for _ in range(2))
    assert all(np.array_equal(first[kind], second[kind]) for kind in KINDS)


def test_backgrounds_hold_nothing_but_upper_corners():
    found = outliers(framed(), 40, np.random.default_rng(1))["backgrounds"]
    values = np.unique(found)
    assert set(values.tolist()) <= {100, 101, 102, 103, 104, 200, 201, 202, 203, 204}
    assert values.min() < 150 < values.max()  # left ones and right ones


def test_noise_is_uniform_and_no_two_pictures_are_the_same():
    found = outliers(framed(), 60, np.random.default_rng(1))
    assert found["noise"].mean() == pytest.approx(127.5, abs=1)
    assert len({image.tobytes() for image in found["pictures"]}) == 60
    assert found["pictures"].std() > 30

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signs.evaluation.intervals import interval

counts = st.integers(1, 20_000).flatmap(lambda images: st.tuples(st.integers(0, images), st.just(images)))


def wilson(correct, images, deviations=1.959964):
    """The formula of 1927."""
    weight = deviations**2 / images
    share = correct / images
    middle = (share + weight / 2) / (1 + weight)
    half = deviations * sqrt(share * (1 - share) / images + weight / images / 4) / (1 + weight)
    return max(0.0, middle - half), min(1.0, middle + half)


@given(counts)
def test_the_interval_is_that_of_the_formula_and_holds_the_share(counts):
    low, high = interval(*counts)
    assert (low, high) == pytest.approx(wilson(*counts), abs=1e-7)
    assert 0 <= low <= counts[0] / counts[1] + 1e-12
    assert counts[0] / counts[1] - 1e-12 <= high <= 1


def test_more_images_make_the_interval_narrower():
    widths = [high - low for low, high in (interval(9 * count, 10 * count) for count in (1, 10, 100, 1000))]
    assert widths == sorted(widths, reverse=True)


def test_the_interval_of_none_or_all_ends_at_0_or_1():
    assert interval(0, 12)[0] == pytest.approx(0, abs=1e-12)
    assert interval(12, 12)[1] == pytest.approx(1, abs=1e-12)
    assert interval(3, 12) == pytest.approx([1 - end for end in interval(9, 12)[::-1]])

import matplotlib
import numpy as np
import pytest
from specimens import PLAIN, frozen, shares, texts

from signs.figures import canvas, distributions


def test_bars_are_as_high_as_the_numbers_of_images():
    given = {"train": frozen([5, 0, 7]), "valid": frozen([1, 2, 3]), "test": frozen([0, 0, 0])}
    figure = distributions.counts(given, [1, 4, 9], PLAIN, "Images")
    for axes, (split, expected) in zip(figure.axes[1:], given.items(), strict=True):
        assert [bar.get_height() for bar in axes.patches] == expected.tolist()
        assert {bar.get_facecolor() for bar in axes.patches} == {matplotlib.colors.to_rgba(canvas.SPLIT_COLOURS[split])}
        assert axes.get_title(loc="left") == f"{split}: {expected.sum()} images"


def test_histograms_of_brightness_have_numpy_s_heights():
    values, labels = frozen(shares(60) * 255), frozen([3, 8] * 30)
    figure = distributions.brightness(values, labels, [3, 5, 8], PLAIN, "Brightness")
    plotted = [patch.get_data() for patch in figure.axes[0].patches]
    for id, (tops, _, base) in zip((3, 5, 8), plotted, strict=True):
        heights = base - tops
        expected, _ = np.histogram(values[labels == id], bins=range(0, 261, 10))
        assert heights / max(1, heights.max()) == pytest.approx(expected / max(1, expected.max()))
    assert [text for text in texts(figure) if text.endswith(" images")] == ["30 images", "0 images", "30 images"]


def test_the_brightest_image_is_in_the_last_bin():
    figure = distributions.brightness(np.array([255.0, 0.0]), np.array([1, 1]), [1], ["a"], "b")
    tops, _, base = figure.axes[0].patches[0].get_data()
    assert np.flatnonzero(base - tops).tolist() == [0, 25]

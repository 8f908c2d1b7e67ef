import cv2
import numpy as np
import pytest

from signs.data import pixels
from signs.deployment.conversion import conversion


def preprocess(**changes):
    return {"central_fraction": 1.0, "grey": False, "normalize": False, "min_brightness": None} | changes


@pytest.mark.parametrize("fraction", [0.5, 0.8, 0.93, 1.3])
def test_two_matrices_enlarge_the_middle_as_the_preprocessing_does(fraction):
    noise = np.random.default_rng(0).integers(0, 256, (50, 40, 32, 3), dtype=np.uint8)
    images = np.concatenate([noise, [cv2.GaussianBlur(image, (0, 0), 2) for image in noise]])
    steps = conversion(preprocess(central_fraction=fraction), (40, 32, 3))

    channels = images.transpose(0, 3, 1, 2).astype(np.float32)
    enlarged = np.rint(steps.rows @ (channels @ steps.columns.T)).clip(0, 255).transpose(0, 2, 3, 1)

    # Where a value lies in the middle of two whole numbers, the order of the sum decides.
    difference = np.abs(enlarged - pixels.middle(images, fraction))
    assert difference.max() <= 1
    assert np.mean(difference > 0) < 1e-4


def test_weights_of_grey_round_as_the_preprocessing_does():
    every = np.stack(np.meshgrid(*3 * [np.arange(0, 256, 5, dtype=np.uint8)], indexing="ij"), axis=-1)
    images = every.reshape(-1, 52, 52, 3)
    steps = conversion(preprocess(grey=True), (52, 52, 1))
    assert steps.is_rounded
    np.testing.assert_array_equal(np.floor(images @ steps.grey + np.float32(0.5)), pixels.grey(images)[..., 0])


def test_steps_that_change_nothing_are_left_out():
    steps = conversion(preprocess(), (32, 32, 3))
    assert (steps.rows, steps.columns, steps.grey, steps.is_normalized) == (None, None, None, False)

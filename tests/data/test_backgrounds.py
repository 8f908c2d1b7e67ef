import numpy as np
import pytest

from signs.data.backgrounds import corners_of, enlarged


def photographs(count=3, height=20, width=40, channels=3):
    """Each with corners of its own colours: left `10 i`, right `10 i + 5`; the rest is white."""
    images = np.full((count, height, width, channels), 255, np.uint8)
    for i, image in enumerate(images):
        image[:5, :5], image[:5, -5:] = 10 * i, 10 * i + 5
    return images


def test_corners_are_the_upper_left_and_right_ones_without_the_sign():
    corners = corners_of(photographs())
    assert corners.shape == (6, 4, 4, 3)
    assert sorted({int(level) for level in corners.ravel()}) == [0, 5, 10, 15, 20, 25]
    assert all((corner == corner[0, 0]).all() for corner in corners)


def test_the_smallest_image_has_corners_of_one_pixel():
    assert corners_of(np.zeros((2, 1, 1, 1), np.uint8)).shape == (4, 1, 1, 1)


@pytest.mark.parametrize("channels", [1, 3])
def test_corners_are_drawn_at_random_and_fill_whole_images(channels):
    corners = corners_of(photographs(channels=channels))
    images = enlarged(corners, 200, 8, 12, np.random.default_rng(1))
    assert (images.shape, images.dtype) == ((200, 8, 12, channels), np.uint8)
    assert {int(level) for level in images.ravel()} == {0, 5, 10, 15, 20, 25}
    assert np.array_equal(images, enlarged(corners, 200, 8, 12, np.random.default_rng(1)))
    assert not np.array_equal(images, enlarged(corners, 200, 8, 12, np.random.default_rng(2)))

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from signs.core import params
from signs.core.errors import UserError
from signs.synthesis.article import vary

RECIPE = params.load("synthesis_recipes")["article"]
# Quicker than the article's: 2 brightnesses, each at full size and at 3 x 3 places.
SMALL = {
    "brightness": {"start": 0.5, "stop": 1.1, "step": 0.5},
    "scale": {"start": 0.5, "stop": 0.6, "step": 0.2},
    "offset_step": 3,
    "canvas_pixel": [2, 2],
}


def frange(x, y, jump):
    while x < y:
        yield x
        x += jump


def article_cells_28_and_29(original):
    """The article's loops; but `cv2.resize` gets width before height, which square images do not show."""
    imsize = original.shape
    resized = []
    for brightness in frange(0.1, 4.0, 0.5):
        image = np.clip(brightness * np.copy(original), 0, 255).astype(np.uint8)
        resized.append(image)
        for scale in frange(0.5, 1.0, 0.1):
            newsize = (int(imsize[0] / scale), int(imsize[1] / scale), int(imsize[2]))
            for xoff in range(0, newsize[0] - imsize[0], 5):
                for yoff in range(0, newsize[1] - imsize[1], 5):
                    blank = np.ones(shape=newsize, dtype=image.dtype) * image[2, 2, :]
                    blank[xoff : xoff + imsize[0], yoff : yoff + imsize[1], :] = image
                    resized.append(cv2.resize(blank, (imsize[1], imsize[0])))
    return np.array(resized)


@pytest.mark.parametrize("shape", [(32, 32, 3), (32, 20, 3), (17, 48, 3), (64, 64, 3)])
def test_the_recipe_is_the_article_s_to_the_bit(shape):
    image = np.random.default_rng(sum(shape)).integers(0, 256, shape, dtype=np.uint8)
    expected = article_cells_28_and_29(image)
    result = vary(image, **RECIPE)
    assert result.dtype == np.uint8
    assert np.array_equal(result, expected)


@given(npst.arrays(np.uint8, st.tuples(st.integers(3, 12), st.integers(3, 12), st.just(3))))
@settings(max_examples=25)
def test_the_recipe_is_the_article_s_for_images_of_any_size(image):
    before = image.copy()
    assert np.array_equal(vary(image, **RECIPE), article_cells_28_and_29(image))
    assert np.array_equal(image, before)


def one_at_a_time(image, brightness, scale, offset_step, canvas_pixel):
    """The recipe without optimization: a canvas for each place, each scaled alone."""
    height, width = image.shape[:2]
    made = []
    for light in frange(*brightness.values()):
        original = np.clip(light * image, 0, 255).astype(np.uint8)
        made.append(original)
        for factor in frange(*scale.values()):
            rows, columns = int(height / factor), int(width / factor)
            for row in range(0, rows - height, offset_step):
                for column in range(0, columns - width, offset_step):
                    canvas = np.full((rows, columns, 3), original[tuple(canvas_pixel)], np.uint8)
                    canvas[row : row + height, column : column + width] = original
                    made.append(cv2.resize(canvas, (width, height), interpolation=cv2.INTER_LINEAR))
    return np.array(made)


@given(
    npst.arrays(np.uint8, st.tuples(st.integers(1, 3), st.integers(1, 40), st.integers(1, 40), st.just(3))),
    st.floats(0.15, 1.5),
    st.floats(0.05, 0.5),
    st.integers(1, 30),
    st.data(),
)
@settings(max_examples=25, deadline=None)
def test_several_images_at_once_become_what_each_becomes_alone(images, start, step, offset_step, data):
    height, width = images.shape[1:3]
    recipe = {
        "brightness": {"start": 0.3, "stop": 1.9, "step": 0.4},
        "scale": {"start": start, "stop": start + 0.3, "step": step},
        "offset_step": offset_step + max(height, width) // 2,  # few places, so it is quick
        "canvas_pixel": [data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))],
    }
    before = images.copy()
    expected = np.stack([one_at_a_time(image, **recipe) for image in images])
    result = vary(images, **recipe)
    assert result.dtype == np.uint8
    assert np.array_equal(result, expected)
    assert np.array_equal(images, before)


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (2, 3), (31, 32), (32, 31), (33, 47), (48, 17), (64, 64), (128, 9)]
)
@pytest.mark.parametrize("factor", [0.07, 0.35, 0.5, 0.6, 0.97])
def test_images_far_down_a_tall_canvas_become_what_each_becomes_alone(height, width, factor):
    """It would not if OpenCV scaled too many at once in float32."""
    images = np.random.default_rng(height).integers(0, 256, (40, height, width, 3), dtype=np.uint8)
    recipe = {
        "brightness": {"start": 1.0, "stop": 1.1, "step": 1.0},
        "scale": {"start": factor, "stop": 1.0, "step": 1.0},
        "offset_step": max(1, int(height / factor) // 2),
        "canvas_pixel": [0, 0],
    }
    assert np.array_equal(vary(images, **recipe), [one_at_a_time(image, **recipe) for image in images])


def test_a_tall_canvas_may_have_more_rows_than_16_bits_count():
    images = np.random.default_rng(1).integers(0, 256, (2000, 32, 4, 3), dtype=np.uint8)
    recipe = {
        "brightness": {"start": 1.0, "stop": 1.1, "step": 1.0},
        "scale": {"start": 0.6, "stop": 0.7, "step": 1.0},
        "offset_step": 20,
        "canvas_pixel": [0, 0],
    }
    assert np.array_equal(vary(images, **recipe), [one_at_a_time(image, **recipe) for image in images])


@pytest.mark.parametrize("start", [1.0, 2.5, 40.0])
def test_a_canvas_smaller_than_the_image_has_no_place_for_it(start):
    image = np.random.default_rng(1).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    recipe = SMALL | {"scale": {"start": start, "stop": start + 1, "step": 0.5}}
    assert np.array_equal(vary(image, **recipe), one_at_a_time(image, **recipe))
    assert len(vary(image, **recipe)) == 2


def test_a_square_of_32_pixels_becomes_712_images():
    images = vary(np.zeros((32, 32, 3), np.uint8), **RECIPE)
    assert images.shape == (712, 32, 32, 3)
    assert 8 * (1 + sum(math.ceil((int(32 / scale) - 32) / 5) ** 2 for scale in frange(0.5, 1.0, 0.1))) == 712


def test_brightness_is_clipped_at_white():
    image = np.full((4, 4, 3), (10, 100, 200), np.uint8)
    steps = {"brightness": {"start": 0.5, "stop": 3.0, "step": 1.0}, "scale": {"start": 1, "stop": 2, "step": 1}}
    images = vary(image, **RECIPE | steps)
    assert images[:, 0, 0].tolist() == [[5, 50, 100], [15, 150, 255], [25, 250, 255]]


def test_the_canvas_has_the_colour_of_the_chosen_pixel():
    image = np.zeros((8, 8, 3), np.uint8)
    image[1, 6] = (10, 20, 30)
    smaller = vary(image, **SMALL | {"canvas_pixel": [1, 6], "brightness": {"start": 1.0, "stop": 1.1, "step": 1.0}})[
        1:
    ]
    assert len(smaller) == 9
    assert (smaller[0][-1, -1] == (10, 20, 30)).all()


@pytest.mark.parametrize("pixel", [[8, 0], [0, 8], [100, 100]])
def test_a_canvas_pixel_outside_the_image_is_an_error(pixel):
    with pytest.raises(
        UserError, match=r"params\.yaml: synthesis_recipes\.article\.canvas_pixel is .*, outside an image of 8"
    ):
        vary(np.zeros((8, 8, 3), np.uint8), **RECIPE | {"canvas_pixel": pixel})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"canvas_pixel": [-1, 2]}, r"article\.canvas_pixel\.0 is -1; .*greater than or equal to 0"),
        ({"offset_step": 0}, r"article\.offset_step is 0; .*greater than or equal to 1"),
        ({"scale": {"start": 0.5, "stop": 1.0, "step": 0}}, r"article\.scale\.step is 0; .*equal to 0\.001"),
        ({"scale": {"start": 0, "stop": 1.0, "step": 1}}, r"article\.scale\.start is 0; .*equal to 0\.001"),
        ({"brightness": {"start": 1, "stop": 1e9, "step": 1}}, r"article\.brightness\.stop is 1.*; .*equal to 1000"),
        ({"brightness": {"start": 4, "stop": 1, "step": 1}}, r"article\.brightness is .*start 4 is not below stop 1"),
        ({"brightness": {"start": 4, "stop": 5, "setp": 1}}, r"article\.brightness\.(step is missing|setp is unknown)"),
        ({"offest_step": 5}, r"article\.offest_step is unknown; synthesis_recipes\.article takes brightness, canvas"),
    ],
)
def test_a_wrong_setting_of_the_recipe_is_an_error(changes, message):
    with pytest.raises(UserError, match=rf"params\.yaml: synthesis_recipes\.{message}"):
        vary(np.zeros((8, 8, 3), np.uint8), **RECIPE | changes)

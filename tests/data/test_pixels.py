import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from signs.data import pixels

EVERY_LEVEL = np.arange(256, dtype=np.uint8).reshape(16, 4, 4, 1)

colour = npst.arrays(np.uint8, st.tuples(*[st.integers(1, 5)] * 3, st.just(3)))
stored = npst.arrays(np.uint8, st.tuples(*[st.integers(1, 5)] * 3, st.sampled_from([1, 3])))


def article_grey(x):
    return np.dot(x[..., :3], [0.299, 0.587, 0.114])


def article_normalize(x):
    x = x / 255.0
    x -= 0.5
    return 2.0 * x


@given(colour)
def test_grey_is_the_article_s_within_one_level(features):
    result = pixels.grey(features)
    assert (result.dtype, result.shape) == (np.uint8, (*features.shape[:3], 1))
    assert np.abs(result[..., 0] - article_grey(features)).max() <= 1


@given(stored)
def test_normalization_is_the_article_s(features):
    result = pixels.normalize(features)
    assert (result.dtype, result.shape) == (np.float32, features.shape)
    assert np.abs(result - article_normalize(features)).max() < 1e-6


@given(colour)
def test_normalized_grey_is_the_article_s(features):
    result = pixels.normalized_grey(features)
    assert (result.dtype, result.shape) == (np.float32, (*features.shape[:3], 1))
    assert np.abs(result[..., 0] - article_normalize(article_grey(features))).max() < 1e-6


def test_many_images_in_blocks_are_the_article_s_too():
    features = np.random.default_rng(1).integers(0, 256, (500, 32, 31, 3), dtype=np.uint8)
    assert features.nbytes > 4 * pixels.BLOCK_BYTES
    assert np.abs(pixels.normalized_grey(features)[..., 0] - article_normalize(article_grey(features))).max() < 1e-6


def test_an_image_larger_than_a_block_is_converted():
    features = np.random.default_rng(1).integers(0, 256, (2, 300, 400, 3), dtype=np.uint8)
    assert features[0].nbytes > pixels.BLOCK_BYTES
    assert np.abs(pixels.normalized_grey(features)[..., 0] - article_normalize(article_grey(features))).max() < 1e-6


@pytest.mark.parametrize("convert", [pixels.normalize, pixels.normalized_grey])
@pytest.mark.parametrize("channels", [1, 3])
def test_black_is_exactly_minus_1_and_white_exactly_1(convert, channels):
    ends = np.array([0, 255], np.uint8).repeat(4 * channels).reshape(2, 2, 2, channels)
    assert (convert(ends)[0] == -1).all()
    assert (convert(ends)[1] == 1).all()


def test_normalization_keeps_all_levels_apart_and_in_order():
    assert (np.diff(pixels.normalize(EVERY_LEVEL).ravel()) > 0).all()


def test_one_channel_is_its_own_brightness():
    assert np.array_equal(pixels.grey(EVERY_LEVEL), EVERY_LEVEL)
    assert np.array_equal(pixels.normalized_grey(EVERY_LEVEL), pixels.normalize(EVERY_LEVEL))


def test_three_equal_channels_are_as_one():
    three = EVERY_LEVEL.repeat(3, axis=-1)
    assert np.array_equal(pixels.grey(three), EVERY_LEVEL)
    assert pixels.normalized_grey(three) == pytest.approx(pixels.normalize(EVERY_LEVEL), abs=1e-6)


def test_red_green_and_blue_have_their_own_weights():
    features = np.eye(3, dtype=np.uint8).reshape(3, 1, 1, 3) * 255
    assert pixels.grey(features).ravel().tolist() == [76, 150, 29]


@given(stored)
def test_brightness_is_the_mean(features):
    result = pixels.brightness(features)
    assert result.dtype == np.float64
    assert result == pytest.approx(features.mean(axis=(1, 2, 3)))


@given(stored)
def test_colour_is_in_three_channels_and_looks_the_same(features):
    result = pixels.colour(features)
    assert (result.dtype, result.shape) == (np.uint8, (*features.shape[:3], 3))
    assert all(
        np.array_equal(result[..., channel], features[..., channel % features.shape[-1]]) for channel in range(3)
    )
    assert np.array_equal(pixels.grey(result), pixels.grey(features))


@given(stored)
def test_what_was_normalized_is_displayed_as_it_was(features):
    displayed = pixels.displayed(pixels.normalize(features))
    assert displayed.dtype == np.uint8
    assert np.array_equal(displayed, features)
    assert np.array_equal(pixels.displayed(features), features)


def test_grey_that_was_normalized_is_displayed_rounded():
    features = np.random.default_rng(1).integers(0, 256, (50, 8, 8, 3), dtype=np.uint8)
    displayed = pixels.displayed(pixels.normalized_grey(features))
    assert np.abs(displayed[..., 0] - article_grey(features)).max() <= 0.5 + 1e-3


def test_what_is_out_of_range_is_displayed_as_black_or_white():
    features = np.array([-9, -1, -0.998, 0.998, 1, 9], np.float32).reshape(1, 1, 6, 1)
    before = features.copy()
    assert pixels.displayed(features).ravel().tolist() == [0, 0, 0, 255, 255, 255]
    assert np.array_equal(features, before)


@pytest.mark.parametrize(
    "convert", [pixels.grey, pixels.normalize, pixels.normalized_grey, pixels.brightness, pixels.colour]
)
@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.zeros((2, 4, 4, 3), np.float32), "images are float32 in 3 channels; expected uint8 in 1 or 3"),
        (np.zeros((2, 4, 4, 1), np.float64), "images are float64 in 1 channels; expected uint8 in 1 or 3"),
        (np.zeros((2, 4, 4, 2), np.uint8), "images are uint8 in 2 channels; expected uint8 in 1 or 3"),
        (np.zeros((2, 4, 4, 4), np.uint8), "images are uint8 in 4 channels; expected uint8 in 1 or 3"),
    ],
)
def test_what_is_converted_already_or_of_other_channels_is_refused(convert, features, message):
    with pytest.raises(ValueError, match=message):
        convert(features)


@given(stored)
def test_no_conversion_alters_its_argument(features):
    before = features.copy()
    for convert in (pixels.grey, pixels.normalize, pixels.normalized_grey, pixels.brightness, pixels.colour):
        convert(features)
    pixels.displayed(features)
    pixels.resize(features[0], 7, 3)
    assert np.array_equal(features, before)


@pytest.mark.parametrize("channels", [1, 3])
def test_no_image_converts_to_no_image(channels):
    nothing = np.empty((0, 5, 7, channels), np.uint8)
    assert pixels.grey(nothing).shape == pixels.normalized_grey(nothing).shape == (0, 5, 7, 1)
    assert pixels.normalize(nothing).shape == pixels.middle(nothing, 0.5).shape == nothing.shape
    assert pixels.colour(nothing).shape == (0, 5, 7, 3)
    assert pixels.brightness(nothing).shape == (0,)


def test_views_convert_as_copies_do():
    features = np.random.default_rng(1).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
    view = features[::2, ::-1, 1:6]
    for convert in (pixels.grey, pixels.normalize, pixels.normalized_grey, pixels.brightness):
        assert np.array_equal(convert(view), convert(view.copy()))


@given(stored, st.integers(1, 12), st.integers(1, 12))
def test_resize_gives_the_size_and_keeps_channels_and_range(features, height, width):
    image = features[0]
    result = pixels.resize(image, height, width)
    assert (result.dtype, result.shape) == (np.uint8, (height, width, image.shape[2]))
    assert result.min() >= image.min()
    assert result.max() <= image.max()


def test_shrinking_takes_means_of_areas():
    image = np.random.default_rng(1).integers(0, 256, (8, 12, 3), dtype=np.uint8)
    means = image.reshape(4, 2, 4, 3, 3).mean(axis=(1, 3))
    assert np.abs(pixels.resize(image, 4, 4) - means).max() <= 0.5 + 1e-6


def test_an_image_of_the_right_size_stays():
    image = np.random.default_rng(1).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    assert np.array_equal(pixels.resize(image, 5, 7), image)

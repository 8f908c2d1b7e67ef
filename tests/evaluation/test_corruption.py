import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signs.evaluation.corruption import CORRUPTIONS, Corruptions, corrupted

AMOUNTS = {
    "blur": [0.0, 0.02, 0.1],
    "noise": [0.0, 0.1, 0.3],
    "dark": [1.0, 0.5, 0.1],
    "contrast": [1.0, 0.5, 0.1],
    "fog": [0.0, 0.3, 0.9],
    "occlusion": [0.0, 0.2, 0.6],
    "jpeg": [100, 30, 5],
    "tight": [0.0, 0.1, 0.3],
    "loose": [0.0, 0.1, 0.3],
}
HARMLESS = {"jpeg": 4.0}  # mean change of pixels at the first amount, where it is not 0


def pictures(count=6, shape=(32, 32, 3)):
    rng = np.random.default_rng(0)
    noise = rng.integers(40, 216, (count, *shape)).astype(np.uint8)
    return np.stack([cv2.GaussianBlur(image, (0, 0), 1.5).reshape(shape) for image in noise])


def all_of(features, seed=3, **changed):
    return list(corrupted(features, Corruptions(**AMOUNTS | changed), seed))


@settings(max_examples=8)
@given(st.sampled_from([(32, 32, 3), (20, 28, 1), (7, 5, 3)]), st.integers(0, 2**32 - 1))
def test_images_keep_shape_and_type_and_their_original_is_not_touched(shape, seed):
    features = pictures(3, shape)
    before = features.copy()
    for _, _, found in all_of(features, seed):
        assert found.shape == features.shape
        assert found.dtype == np.uint8
    np.testing.assert_array_equal(features, before)


def test_every_corruption_comes_in_every_severity():
    found = [(name, severity) for name, severity, _ in all_of(pictures())]
    assert found == [(name, severity) for name in CORRUPTIONS for severity in (1, 2, 3)]


def test_an_amount_that_is_none_changes_nothing_and_more_changes_more():
    features = pictures().astype(np.int16)
    for name in CORRUPTIONS:
        changes = [np.abs(found - features).mean() for own, _, found in all_of(pictures()) if own == name]
        assert changes[0] <= HARMLESS.get(name, 0), name
        assert changes[0] < changes[1] < changes[2], name


def test_the_same_seed_gives_the_same_images_and_another_one_others():
    first, again, other = (all_of(pictures(), seed) for seed in (1, 1, 2))
    assert all(np.array_equal(one[2], two[2]) for one, two in zip(first, again, strict=True))
    drawn = {one[0] for one, two in zip(first, other, strict=True) if not np.array_equal(one[2], two[2])}
    assert drawn == {"noise", "fog", "occlusion"}


def test_values_are_those_of_the_formula():
    features = np.full((2, 4, 4, 1), 100, np.uint8)
    features[:, :2] = 200
    found = {name: images for name, severity, images in all_of(features) if severity == 2}
    assert set(found["dark"].ravel()) == {50, 100}
    assert set(found["contrast"].ravel()) == {125, 175}
    assert found["noise"].astype(int).std() > 10
    patches = (found["occlusion"] != features).sum(axis=(1, 2, 3))
    assert set(patches) <= {0, 1}  # a fifth of 4 pixels is one


def test_a_tight_crop_cuts_each_side_off_and_a_loose_one_is_undone_by_it():
    features = np.zeros((1, 40, 40, 3), np.uint8)
    features[:, 10:30, 10:30] = 200  # the middle half
    tight = CORRUPTIONS["tight"](features, 0.25, np.random.default_rng(0))
    assert tight[:, 2:-2, 2:-2].min() >= 199
    loose = CORRUPTIONS["loose"](features, 0.5, np.random.default_rng(0))
    assert (loose[0, :, :, 0] > 100).sum() == pytest.approx(10 * 10, abs=24)
    again = CORRUPTIONS["tight"](loose, 0.25, np.random.default_rng(0))
    assert np.abs(again.astype(int) - features).mean() < 10


def test_a_blur_is_as_wide_on_a_larger_image():
    small = pictures(4, (32, 32, 3))
    large = np.stack([cv2.resize(image, (64, 64), interpolation=cv2.INTER_CUBIC) for image in small])
    blurred = [CORRUPTIONS["blur"](images, 0.06, np.random.default_rng(0)) for images in (small, large)]
    shrunk = np.stack([cv2.resize(image, (32, 32), interpolation=cv2.INTER_AREA) for image in blurred[1]])
    assert np.abs(shrunk.astype(int) - blurred[0]).mean() < 1.5


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"blur": [2, 0, 0]}, "Input should be less than or equal to 1"),
        ({"jpeg": [0, 1, 2]}, "greater than or equal to 1"),
        ({"tight": [0.1, 0.2, 0.5]}, "Input should be less than 0.5"),
        ({"fog": [0.5]}, "same number of severities"),
    ],
)
def test_a_wrong_amount_is_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        Corruptions(**AMOUNTS | changed)

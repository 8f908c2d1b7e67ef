import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signs.networks.backend import tf
from signs.training import augmentation
from signs.training.augmentation import camera, none

STILL = {
    "mirror": False,
    **dict.fromkeys(("rotation", "scale", "aspect", "shear", "offset", "perspective"), 0.0),
    "blur": 0,
    **dict.fromkeys(("brightness", "gamma", "contrast", "colour", "noise", "shadow", "cutout"), 0.0),
}
STRONG = {
    "mirror": True,
    "rotation": 30.0,
    "scale": 0.3,
    "aspect": 0.3,
    "shear": 0.2,
    "offset": 0.2,
    "perspective": 0.2,
    "blur": 2,
    **dict.fromkeys(("brightness", "gamma", "contrast", "colour"), 0.5),
    **dict.fromkeys(("noise", "shadow", "cutout"), 0.5),
}
PARTNERS = np.array([1, 0, 2, -1])  # two classes that mirror each other, a symmetric one, and one without a partner


def smooth(n=64, height=32, width=32, channels=3):
    """Noise, blurred enough to be resampled."""
    rng = np.random.default_rng(0)
    noise = rng.uniform(-1, 1, (n, height, width, channels)).astype(np.float32)
    return np.stack([cv2.GaussianBlur(image, (0, 0), 2).reshape(height, width, channels) for image in noise]) * 3


def augmented(images, labels=None, seed=(1, 2), **changed):
    labels = np.zeros(len(images), int) if labels is None else labels
    augment = camera(PARTNERS, **STILL | changed)
    images, labels = augment(tf.constant(images), tf.constant(labels, tf.int64), tf.constant(seed, tf.int64))
    return images.numpy(), labels.numpy()


def test_no_augmentation_is_none():
    assert none(PARTNERS) is None


def test_limits_of_zero_leave_images_as_they_are():
    images = smooth().clip(-1, 1)
    found, labels = augmented(images)
    np.testing.assert_allclose(found, images, atol=1e-5)
    assert not labels.any()


@settings(max_examples=12)
@given(st.integers(0, 2**32 - 1), st.integers(0, 10**6), st.sampled_from([(32, 32, 3), (20, 28, 1)]))
def test_images_keep_their_shape_type_and_range(seed, step, shape):
    images = np.random.default_rng(seed).uniform(-1, 1, (5, *shape)).astype(np.float32)
    found, labels = augmented(images, np.array([0, 1, 2, 3, 0]), seed=(seed, step), **STRONG)
    assert found.shape == images.shape
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    assert -1 <= found.min() <= found.max() <= 1
    assert set(labels) <= {0, 1, 2, 3}


def test_the_same_seed_gives_the_same_images_in_a_graph_as_outside_of_one():
    images, labels = tf.constant(smooth(8)), tf.constant([0, 1, 2, 3] * 2, tf.int64)
    augment = camera(PARTNERS, **STRONG)
    first = augment(images, labels, tf.constant([1, 2], tf.int64))
    again = tf.function(augment)(images, labels, tf.constant([1, 2], tf.int64))
    other = augment(images, labels, tf.constant([1, 3], tf.int64))
    np.testing.assert_allclose(first[0], again[0], atol=1e-5)
    np.testing.assert_array_equal(first[1], again[1])
    assert np.abs(first[0] - other[0]).mean() > 0.05


def test_each_image_is_changed_in_its_own_way():
    found, _ = augmented(np.repeat(smooth(1), 16, axis=0), **STRONG)
    assert len({image.tobytes() for image in found}) == 16


def test_mirrored_images_have_the_label_of_the_mirrored_class():
    images, labels = smooth(400), np.arange(400) % 4
    found, new = augmented(images, labels, mirror=True)
    flipped = np.abs(found - images[:, :, ::-1].clip(-1, 1)).max(axis=(1, 2, 3)) < 1e-4
    np.testing.assert_array_equal(new, np.where(flipped, PARTNERS[labels], labels))
    assert not flipped[labels == 3].any()
    assert 0.4 < flipped[labels != 3].mean() < 0.6


def warped(image, matrix):
    height, width = image.shape[:2]
    return cv2.warpPerspective(
        image, matrix, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )


@pytest.mark.parametrize("setting", ["offset", "rotation", "scale"])
def test_a_move_is_one_that_opencv_can_make(setting):
    """Finds the move among all of its kind that there are, by OpenCV's own warp."""
    most = {"offset": 0.15, "rotation": 20.0, "scale": 0.3}[setting]
    images = smooth(6)
    found, _ = augmented(images, **{setting: most})
    middle = 15.5
    for before, after in zip(images, found, strict=True):
        errors = []
        for amount in np.linspace(-most, most, 81):
            if setting == "offset":
                moves = [
                    np.float32([[1, 0, amount * 32], [0, 1, other * 32], [0, 0, 1]])
                    for other in np.linspace(-most, most, 81)
                ]
            else:
                angle, scale = (np.deg2rad(amount), 1.0) if setting == "rotation" else (0.0, np.exp(amount))
                turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
                moves = [np.vstack([np.c_[turn, middle - turn @ [middle, middle]], [0, 0, 1]])]
            errors += [np.abs(warped(before, move).clip(-1, 1) - after)[4:-4, 4:-4].mean() for move in moves]
        assert min(errors) < 0.01 < np.median(errors)


def test_blur_lowers_contrast_and_keeps_the_mean():
    images = np.random.default_rng(0).uniform(-0.9, 0.9, (32, 32, 32, 1)).astype(np.float32)
    found, _ = augmented(images, blur=2)
    np.testing.assert_allclose(found.mean(axis=(1, 2, 3)), images.mean(axis=(1, 2, 3)), atol=0.03)
    assert (found.std(axis=(1, 2, 3)) < images.std(axis=(1, 2, 3))).all()


def test_brightness_multiplies_by_a_factor_within_its_limits():
    images = np.full((500, 4, 4, 3), -0.8, np.float32)  # 0.1 of the range
    found, _ = augmented(images, brightness=0.5)
    factors = (found[:, 0, 0, 0] + 1) / 0.2
    assert np.exp(-0.5) <= factors.min() < 0.65
    assert 1.55 < factors.max() <= np.exp(0.5) + 1e-5
    assert np.ptp(found, axis=(1, 2, 3)).max() < 1e-6


def test_as_many_images_as_asked_have_a_shadow_or_a_patch():
    images = np.full((2000, 16, 16, 1), 0.5, np.float32)
    for setting in ("shadow", "cutout"):
        found, _ = augmented(images, **{setting: 0.3})
        changed = np.ptp(found, axis=(1, 2, 3)) > 0.02
        assert 0.2 < changed.mean() < 0.33, setting


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"name": "camera", **STILL, "cutout": 2}, r"augmentations\.camera\.cutout is 2; Input should be less than"),
        ({"name": "camera", **STILL, "mirror": [[1, 2]]}, r"augmentations\.camera\.mirror is .*boolean"),
        ({"name": "flip"}, "augmentations has no 'flip'; it may be none, camera"),
    ],
)
def test_a_wrong_setting_is_named(choice, message):
    with pytest.raises(ValueError, match=message):
        augmentation.build(choice, PARTNERS)

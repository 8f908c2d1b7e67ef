"""Augmentations that `train.augmentation` may name: random changes of each image at each training step.

They run in TensorFlow's graph. All random numbers are stateless: the same seed gives the same images on any number of
threads.
"""

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
from pydantic import Field, StrictBool

from signs.core import params
from signs.core.params import Count, NonNegative, Share, validated
from signs.networks.backend import tf

# From images in [-1, 1], class indices and a seed (2,): images and indices of the same shapes.
Augment = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
Degrees = Annotated[NonNegative, Field(le=180)]
Exponent = Annotated[NonNegative, Field(le=3)]

BLUR = np.outer([1, 2, 1], [1, 2, 1]) / 16
SHADOW_STEEPNESS = 12  # of its edge, per half an image


@validated("augmentations.none")
def none(partners: np.ndarray) -> Augment | None:  # noqa: ARG001  # as every alternative
    """No augmentation."""
    return None


@validated("augmentations.camera")
def camera(
    partners: np.ndarray,
    *,
    mirror: StrictBool,
    rotation: Degrees,
    scale: Exponent,
    aspect: Exponent,
    shear: Share,
    offset: Share,
    perspective: Share,
    blur: Annotated[Count, Field(le=5)] | Annotated[int, Field(ge=0, le=0)],
    brightness: Exponent,
    gamma: Exponent,
    contrast: Exponent,
    colour: Exponent,
    noise: Share,
    shadow: Share,
    cutout: Share,
) -> Augment:
    """Makes a function that changes each image of a batch as a camera might have seen it, within these limits.

    Args:
        partners: The index of the class that each class's mirror image shows, -1 for none, int (classes,).
        mirror: Whether to mirror images of classes with a partner, with probability 0.5.
        rotation: Degrees, either way.
        scale: Logarithm of a factor of the size.
        aspect: Logarithm of a factor of width to height.
        shear: Share of the height.
        offset: Share of the image.
        perspective: Foreshortening across the image, as a share.
        blur: Passes of a 3x3 blur; fractions blend two passes.
        brightness: Logarithm of a factor of pixel values.
        gamma: Logarithm of their exponent.
        contrast: Logarithm of a factor of their distance from the mean.
        colour: Logarithm of a factor of each channel.
        noise: Standard deviation of Gaussian noise, as a share of the range of pixel values.
        shadow: Probability of a shadow over part of the image.
        cutout: Probability of a flat patch over up to 0.4 of each side.
    """
    partner = partners if mirror else np.full(len(partners), -1)
    geometry = {
        "rotation": np.deg2rad(rotation),
        "scale": scale,
        "aspect": aspect,
        "shear": shear,
        "offset": offset,
        "perspective": perspective,
    }

    def augment(images: tf.Tensor, labels: tf.Tensor, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        random = _Random(tf.shape(images)[0], seed)
        is_mirrored, labels = _mirrored(labels, partner, random)
        pixels = (_warped(images, is_mirrored, random, **geometry) + 1) / 2
        pixels = _blurred(pixels, random.uniform() * blur, blur)
        pixels = _lit(pixels, random, brightness, gamma, contrast, colour)
        pixels += tf.random.stateless_normal(tf.shape(pixels), random.next_seed()) * (random.uniform() ** 2 * noise)
        pixels = _covered(pixels * _shadows(pixels, random, shadow), random, cutout)
        return tf.clip_by_value(pixels, 0, 1) * 2 - 1, labels

    return augment


AUGMENTATIONS: dict[str, Callable[..., Augment | None]] = {"none": none, "camera": camera}


def build(choice: dict[str, Any], partners: np.ndarray) -> Augment | None:
    """The augmentation that `choice`, `name` and settings, describes, or None.

    Args:
        choice: As `params.load` returns a chosen alternative.
        partners: The index of the class that each class's mirror image shows, -1 for none, int (classes,).

    Raises:
        UserError: There is no such augmentation, or a setting is wrong.
    """
    return params.choose("augmentations", choice, AUGMENTATIONS)(partners)


class _Random:
    """Random numbers for the images of a batch, each (n, 1, 1, 1) and each call with a seed of its own."""

    def __init__(self, images: tf.Tensor, seed: tf.Tensor) -> None:
        self.images, self.seed, self.count = images, seed, 0

    def next_seed(self) -> tf.Tensor:
        self.count += 1
        return self.seed + tf.constant([0, self.count], self.seed.dtype) * 1_000_003

    def uniform(self) -> tf.Tensor:
        """Uniform in [0, 1)."""
        return tf.random.stateless_uniform((self.images, 1, 1, 1), self.next_seed())

    def symmetric(self, limit: float) -> tf.Tensor:
        """Uniform in [-limit, limit)."""
        return (self.uniform() * 2 - 1) * limit

    def factor(self, limit: float) -> tf.Tensor:
        """Log-uniform in [exp(-limit), exp(limit))."""
        return tf.exp(self.symmetric(limit))


def _mirrored(labels: tf.Tensor, partner: np.ndarray, random: _Random) -> tuple[tf.Tensor, tf.Tensor]:
    """Which images to mirror, bool (n, 1, 1, 1), and the labels afterwards."""
    partners = tf.gather(tf.constant(partner, tf.int64), labels)
    is_mirrored = (random.uniform() < 0.5) & (partners >= 0)[:, None, None, None]
    return is_mirrored, tf.where(is_mirrored[:, 0, 0, 0], partners, labels)


def _warped(images: tf.Tensor, is_mirrored: tf.Tensor, random: _Random, **limits: float) -> tf.Tensor:
    """Each image by a projective transform; pixels from outside have the colour of the nearest edge."""
    height, width = images.shape[1:3]
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=_transforms(height, width, is_mirrored, random, **limits),
        output_shape=[height, width],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )


def _transforms(height: int, width: int, is_mirrored: tf.Tensor, random: _Random, **limits: float) -> tf.Tensor:
    """Random projective transforms from output to input pixels, (n, 8), as TensorFlow takes them."""
    angle, shear = random.symmetric(limits["rotation"]), random.symmetric(limits["shear"])
    scale, aspect = random.factor(limits["scale"]), random.factor(limits["aspect"] / 2)
    rows = (random.symmetric(limits["offset"]) + 0.5) * height - 0.5
    columns = (random.symmetric(limits["offset"]) + 0.5) * width - 0.5
    down, right = (random.symmetric(limits["perspective"]) / length for length in (height, width))
    cosine, sine = tf.cos(angle) * scale, tf.sin(angle) * scale
    middle_row, middle_column = (height - 1) / 2, (width - 1) / 2
    # From an output pixel, relative to the centre, to an input pixel: (xx, xy; yx, yy), then foreshortened.
    xx, xy = cosine * aspect, shear * scale - sine
    yx, yy = sine * aspect, cosine / aspect
    # If the input is mirrored, its columns count down from the last one.
    direction, last = tf.where(is_mirrored, -1.0, 1.0), tf.where(is_mirrored, width - 1.0, 0.0)
    constant = 1 - right * middle_column - down * middle_row
    entries = [
        direction * (xx + columns * right) + last * right,
        direction * (xy + columns * down) + last * down,
        direction * (columns * constant - xx * middle_column - xy * middle_row) + last * constant,
        yx + rows * right,
        yy + rows * down,
        rows * constant - yx * middle_column - yy * middle_row,
        right,
        down,
    ]
    return tf.concat([entry / constant for entry in entries], axis=-1)[:, 0, 0]


def _blurred(pixels: tf.Tensor, passes: tf.Tensor, most: int) -> tf.Tensor:
    """Blurs each image `passes` times, (n, 1, 1, 1), at most `most`; fractions blend two numbers of passes."""
    kernel = tf.constant(np.repeat(BLUR[:, :, None, None], pixels.shape[-1], axis=2), tf.float32)
    for done in range(most):
        padded = tf.pad(pixels, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
        blurred = tf.nn.depthwise_conv2d(padded, kernel, [1, 1, 1, 1], "VALID")
        pixels += tf.clip_by_value(passes - done, 0, 1) * (blurred - pixels)
    return pixels


def _lit(
    pixels: tf.Tensor, random: _Random, brightness: float, gamma: float, contrast: float, colour: float
) -> tf.Tensor:
    pixels = tf.maximum(pixels, 0) ** random.factor(gamma)
    mean = tf.reduce_mean(pixels, axis=(1, 2, 3), keepdims=True)
    gains = tf.concat([random.factor(colour) for _ in range(pixels.shape[-1])], axis=-1)
    return ((pixels - mean) * random.factor(contrast) + mean) * random.factor(brightness) * gains


def _grid(pixels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Rows and columns from -1 to 1, each (1, height, width, 1)."""
    row, column = (tf.linspace(-1.0, 1.0, length) for length in pixels.shape[1:3])
    return row[None, :, None, None], column[None, None, :, None]


def _shadows(pixels: tf.Tensor, random: _Random, probability: float) -> tf.Tensor:
    """Factors of pixel values, (n, height, width, 1)."""
    row, column = _grid(pixels)
    angle = random.symmetric(np.pi)
    side = row * tf.sin(angle) + column * tf.cos(angle) - random.symmetric(0.9)
    darkness = tf.where(random.uniform() < probability, random.uniform() * 0.7, 0.0)
    return 1 - darkness * tf.sigmoid(side * SHADOW_STEEPNESS)


def _covered(pixels: tf.Tensor, random: _Random, probability: float) -> tf.Tensor:
    row, column = _grid(pixels)
    height, width = 0.1 + 0.3 * random.uniform(), 0.1 + 0.3 * random.uniform()
    inside = (tf.abs(row - random.symmetric(1)) < height) & (tf.abs(column - random.symmetric(1)) < width)
    free = tf.cast(~inside | (random.uniform() >= probability), tf.float32)
    return pixels * free + random.uniform() * (1 - free)  # three times as fast as tf.where

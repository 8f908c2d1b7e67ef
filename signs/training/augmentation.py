"""On-line augmentation: images as a camera might have seen them, drawn anew at each step, in the graph.

All draws are stateless: the same seed gives the same images, on any number of threads.
"""

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
from pydantic import Field, StrictBool

from signs.core.params import Count, NonNegative, Share, validated
from signs.networks.backend import tf

# Images in [-1, 1], class indices, and a seed (2,) give images and indices of the same shapes.
Augment = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
Degrees = Annotated[NonNegative, Field(le=180)]
Exponent = Annotated[NonNegative, Field(le=3)]

BLUR = np.outer([1, 2, 1], [1, 2, 1]) / 16
SHADOW_SOFTNESS = 12  # steepness of its edge, over half an image


@validated("augmentations.none")
def none(partners: np.ndarray) -> Augment | None:  # noqa: ARG001  # as every alternative
    """No augmentation: images are trained on as they are."""
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
    """Makes a function that changes each image of a batch in its own way, within these limits.

    Args:
        partners: The index of the class that each one's mirror image shows, -1 for none, int (classes,).
        mirror: Whether to mirror every other image of a class that has a partner.
        rotation: Most degrees, either way.
        scale: Most change of size, as the logarithm of a factor; likewise `aspect` (of width to height).
        aspect: See `scale`.
        shear: Most shear, as a share of the height.
        offset: Most shift, as a share of the image.
        perspective: Most foreshortening over the image, as a share.
        blur: Most passes of a 3x3 blur.
        brightness: Most change, as the logarithm of a factor of pixel values; likewise `gamma` (their
            exponent), `contrast` (distance from their mean) and `colour` (each channel's own factor).
        gamma: See `brightness`.
        contrast: See `brightness`.
        colour: See `brightness`.
        noise: Most standard deviation, as a share of the range of pixel values.
        shadow: Share of images with a shadow over a part.
        cutout: Share of images with a patch of one brightness over up to two fifths of each side.
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
        draws = _Draws(tf.shape(images)[0], seed)
        is_mirrored, labels = _mirrored(labels, partner, draws)
        pixels = (_moved(images, is_mirrored, draws, **geometry) + 1) / 2
        pixels = _blurred(pixels, draws.share() * blur, blur)
        pixels = _lit(pixels, draws, brightness, gamma, contrast, colour)
        pixels += tf.random.stateless_normal(tf.shape(pixels), draws.next_seed()) * (draws.share() ** 2 * noise)
        pixels = _covered(pixels * _shadows(pixels, draws, shadow), draws, cutout)
        return tf.clip_by_value(pixels, 0, 1) * 2 - 1, labels

    return augment


AUGMENTATIONS: dict[str, Callable[..., Augment | None]] = {"none": none, "camera": camera}


class _Draws:
    """Numbers for the images of a batch, (n, 1, 1, 1), each from a seed of its own."""

    def __init__(self, images: tf.Tensor, seed: tf.Tensor) -> None:
        self.images, self.seed, self.count = images, seed, 0

    def next_seed(self) -> tf.Tensor:
        self.count += 1
        return self.seed + tf.constant([0, self.count], self.seed.dtype) * 1_000_003

    def share(self) -> tf.Tensor:
        """Even in [0, 1)."""
        return tf.random.stateless_uniform((self.images, 1, 1, 1), self.next_seed())

    def within(self, most: float) -> tf.Tensor:
        """Even in [-most, most)."""
        return (self.share() * 2 - 1) * most

    def factor(self, most: float) -> tf.Tensor:
        """Between exp(-most) and exp(most), its logarithm even."""
        return tf.exp(self.within(most))


def _mirrored(labels: tf.Tensor, partner: np.ndarray, draws: _Draws) -> tuple[tf.Tensor, tf.Tensor]:
    """Which images to mirror, bool (n, 1, 1, 1), and the labels after it."""
    partners = tf.gather(tf.constant(partner, tf.int64), labels)
    chosen = (draws.share() < 0.5) & (partners >= 0)[:, None, None, None]
    return chosen, tf.where(chosen[:, 0, 0, 0], partners, labels)


def _moved(images: tf.Tensor, is_mirrored: tf.Tensor, draws: _Draws, **most: Any) -> tf.Tensor:
    """Projects each image; what comes into view is the colour of the edge."""
    height, width = images.shape[1:3]
    angle, shear = draws.within(most["rotation"]), draws.within(most["shear"])
    scale, aspect = draws.factor(most["scale"]), draws.factor(most["aspect"] / 2)
    rows = (draws.within(most["offset"]) + 0.5) * height - 0.5
    columns = (draws.within(most["offset"]) + 0.5) * width - 0.5
    down, right = (draws.within(most["perspective"]) / length for length in (height, width))
    cosine, sine = tf.cos(angle) * scale, tf.sin(angle) * scale
    middle_row, middle_column = (height - 1) / 2, (width - 1) / 2
    # From a place in the new image, seen from its middle, to one in the old: (xx, xy; yx, yy), then foreshortened.
    xx, xy = cosine * aspect, shear * scale - sine
    yx, yy = sine * aspect, cosine / aspect
    # Mirrored first, it would be read from the other side: columns count down.
    turned = tf.where(is_mirrored, -1.0, 1.0)
    constant = 1 - right * middle_column - down * middle_row
    last = tf.where(is_mirrored, width - 1.0, 0.0)
    entries = [
        turned * (xx + columns * right) + last * right,
        turned * (xy + columns * down) + last * down,
        turned * (columns * constant - xx * middle_column - xy * middle_row) + last * constant,
        yx + rows * right,
        yy + rows * down,
        rows * constant - yx * middle_column - yy * middle_row,
        right,
        down,
    ]
    transforms = tf.concat([entry / constant for entry in entries], axis=-1)[:, 0, 0]
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=[height, width],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="NEAREST",
    )


def _blurred(pixels: tf.Tensor, passes: tf.Tensor, most: int) -> tf.Tensor:
    """Blurs each image so many times; a broken number is a mixture of two."""
    kernel = tf.constant(np.repeat(BLUR[:, :, None, None], pixels.shape[-1], axis=2), tf.float32)
    for done in range(most):
        padded = tf.pad(pixels, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
        further = tf.nn.depthwise_conv2d(padded, kernel, [1, 1, 1, 1], "VALID")
        pixels += tf.clip_by_value(passes - done, 0, 1) * (further - pixels)
    return pixels


def _lit(
    pixels: tf.Tensor, draws: _Draws, brightness: float, gamma: float, contrast: float, colour: float
) -> tf.Tensor:
    pixels = tf.maximum(pixels, 0) ** draws.factor(gamma)
    mean = tf.reduce_mean(pixels, axis=(1, 2, 3), keepdims=True)
    gains = tf.concat([draws.factor(colour) for _ in range(pixels.shape[-1])], axis=-1)
    return ((pixels - mean) * draws.factor(contrast) + mean) * draws.factor(brightness) * gains


def _grid(pixels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Rows and columns from -1 to 1, each (1, height, width, 1)."""
    row, column = (tf.linspace(-1.0, 1.0, length) for length in pixels.shape[1:3])
    return row[None, :, None, None], column[None, None, :, None]


def _shadows(pixels: tf.Tensor, draws: _Draws, share: float) -> tf.Tensor:
    """Factors of brightness, (n, height, width, 1)."""
    row, column = _grid(pixels)
    angle = draws.within(np.pi)
    side = row * tf.sin(angle) + column * tf.cos(angle) - draws.within(0.9)
    darkness = tf.where(draws.share() < share, draws.share() * 0.7, 0.0)
    return 1 - darkness * tf.sigmoid(side * SHADOW_SOFTNESS)


def _covered(pixels: tf.Tensor, draws: _Draws, share: float) -> tf.Tensor:
    row, column = _grid(pixels)
    height, width = 0.1 + 0.3 * draws.share(), 0.1 + 0.3 * draws.share()
    inside = (tf.abs(row - draws.within(1)) < height) & (tf.abs(column - draws.within(1)) < width)
    free = tf.cast(~inside | (draws.share() >= share), tf.float32)
    return pixels * free + draws.share() * (1 - free)  # takes a third of the time of a choice by pixel

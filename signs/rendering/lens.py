"""What a camera makes of a scene: colour, blur, resolution, exposure, noise."""

import functools
from typing import Annotated, Literal

import cv2
import numpy as np
from pydantic import Field

from signs.core.errors import UserError
from signs.core.params import Amounts, Factors, Lengths, NonNegative, Positive, Range, Section, Share, ShareRange
from signs.rendering.batch_rng import FLOAT, BatchRng

MIN_MEAN = 0.02  # divisor when an image is brought to another brightness
DEMOSAIC_KERNEL = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], FLOAT) / 4  # weights of neighbours that saw the colour


class Lens(Section):
    """Each pair is the range of a uniform distribution, of `colour` a log-uniform one.

    Attributes:
        contrast: Factor around the mean.
        colour: Factor of each channel.
        hue: Degrees.
        saturation: Factor.
        blur: Standard deviation in pixels.
        motion: Length in pixels.
        resolution: Pixels of the sensor per side, as a share of the image's; at least 1 is all of them.
        mosaic: Share of images from a sensor behind a Bayer filter, where each pixel sees one colour; fine lines get
            coloured edges.
        brightness: Mean of the image, 0-1: `low + u ** power * (high - low)` with uniform u, for many dark images and
            few bright ones; `photographs` for the mean of a random photograph; None to leave it.
        power: See `brightness`.
        mottle: Maximum, as a share of the brightness.
        noise: Maximum standard deviation, in grey levels of 255.
    """

    contrast: Amounts
    colour: Factors
    hue: Range
    saturation: Amounts
    blur: Lengths
    motion: Lengths
    resolution: Factors
    mosaic: Share
    brightness: ShareRange | Literal["photographs"] | None
    power: Annotated[Positive, Field(le=10)]
    mottle: Share
    noise: Annotated[NonNegative, Field(le=255)]


def expose(scene: np.ndarray, lens: Lens, means: np.ndarray | None, rng: BatchRng) -> np.ndarray:
    """Takes images of scenes.

    Args:
        scene: float32 (images, 3, height, width), 0 and above.
        lens: The range of each effect.
        means: Brightness of photographs, 0-1, (n,); None if there are none.
        rng: For as many images.

    Returns:
        uint8 RGB (images, height, width, 3).

    Raises:
        UserError: The lens takes brightness from photographs, and there are none.
    """
    images = _tint(scene, lens, rng)
    mean = images.mean(axis=(1, 2, 3), keepdims=True)
    images -= mean
    images *= rng.uniform(lens.contrast)
    images += mean
    images *= _channels_last(rng.log_uniform(lens.colour, 3))
    _blur(images, lens, rng)
    brightness = _draw_brightness(lens, means, rng)
    if brightness is not None:
        images *= brightness / images.mean(axis=(1, 2, 3), keepdims=True).clip(MIN_MEAN)
    height, width = images.shape[1:3]
    images *= 1 + _channels_last(rng.smooth_noise(height, width, 9) * rng.uniform((0, lens.mottle)))
    deviation = rng.uniform((0, 1)) * rng.uniform((0, lens.noise / 255))
    noise = rng.generator.standard_normal(images.shape, FLOAT)
    noise *= deviation
    images += noise
    return np.rint(255 * images.clip(0, 1, out=images)).astype(np.uint8)


def _draw_brightness(lens: Lens, means: np.ndarray | None, rng: BatchRng) -> np.ndarray | None:
    if lens.brightness is None:
        return None
    uniform = rng.uniform((0, 1))
    if lens.brightness != "photographs":
        low, high = lens.brightness
        return low + uniform ** FLOAT(lens.power) * (high - low)
    if means is None:
        raise UserError("lens.brightness is 'photographs', but there are none here; give a range, as [0.05, 0.9]")
    return rng.generator.choice(means, uniform.shape).astype(FLOAT)


def _channels_last(planes: np.ndarray) -> np.ndarray:
    """(images, channels, height, width) as (images, height, width, channels)."""
    return np.moveaxis(planes, 1, -1)


def _tint(scene: np.ndarray, lens: Lens, rng: BatchRng) -> np.ndarray:
    """Rotates hues and scales saturation; (images, 3, height, width) becomes (images, height, width, 3)."""
    angle = np.deg2rad(rng.uniform(lens.hue)[:, 0])
    saturation = rng.uniform(lens.saturation)[:, 0]
    along, across = np.cos(angle) * saturation, np.sin(angle) * saturation * FLOAT(3**-0.5)
    own, others = np.eye(3, dtype=FLOAT), np.roll(np.eye(3, dtype=FLOAT), 1, axis=1)
    rotation = (1 - along) / 3 + along * own + across * (others.T - others)  # around the grey axis
    images, channels, height, width = scene.shape
    pixels = scene.reshape(images, channels, -1).transpose(0, 2, 1) @ rotation.transpose(0, 2, 1)
    return pixels.reshape(images, height, width, channels)


def _blur(images: np.ndarray, lens: Lens, rng: BatchRng) -> None:
    """Blurs each image in place: motion, focus, resolution and colour filter of the sensor."""
    height, width = images.shape[1:3]
    sigmas, lengths, shares = (rng.uniform(ends).ravel() for ends in (lens.blur, lens.motion, lens.resolution))
    directions = rng.uniform((0, np.pi)).ravel()
    reds = _first_red_pixels(lens, rng)
    for image, sigma, length, direction, share, red in zip(
        images, sigmas, lengths, directions, shares, reds, strict=True
    ):
        if length > 1:
            image[:] = cv2.filter2D(image, -1, _motion_kernel(float(length), float(direction)))
        if sigma > 0.2:
            image[:] = cv2.GaussianBlur(image, (0, 0), float(sigma))
        if share < 1 or red:
            size = [max(1, round(length * min(float(share), 1))) for length in (width, height)]
            small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
            if red:
                small = demosaic(small, *red)
            cv2.resize(small, (width, height), dst=image, interpolation=cv2.INTER_LINEAR)


def _first_red_pixels(lens: Lens, rng: BatchRng) -> list[list[int] | None]:
    """Row and column of the first red pixel of each image; None for an image without a mosaic."""
    if not lens.mosaic:  # draws no random numbers
        return [None] * rng.images
    reds = rng.generator.integers(0, 2, (rng.images, 2)).tolist()
    return [red if happens else None for red, happens in zip(reds, rng.happens(lens.mosaic).ravel(), strict=True)]


def demosaic(image: np.ndarray, top: int, left: int) -> np.ndarray:
    """Keeps one colour per pixel, as a sensor behind a Bayer filter, and interpolates the others bilinearly.

    Args:
        image: float32 (rows, columns, 3).
        top: Row of the first red pixel, 0 or 1. Every second pixel of every second row is red.
        left: Its column, 0 or 1.

    Returns:
        float32 of the same shape.

    Source: Bayer, "Color imaging array", US patent 3,971,065, 1976.
    """
    seen, weights = _bayer(*image.shape[:2], top, left)
    found = cv2.filter2D(image * seen, -1, DEMOSAIC_KERNEL, borderType=cv2.BORDER_REFLECT_101)
    return np.where(seen > 0, image, found / weights)


@functools.cache
def _bayer(rows: int, columns: int, top: int, left: int) -> tuple[np.ndarray, np.ndarray]:
    """Which colours each pixel sees, 0 or 1, and the sum of the kernel's weights: float32 (rows, columns, 3)."""
    seen = np.zeros((rows, columns, 3), FLOAT)
    seen[top::2, left::2, 0] = seen[1 - top :: 2, 1 - left :: 2, 2] = 1
    seen[..., 1] = 1 - seen[..., 0] - seen[..., 2]
    weights = cv2.filter2D(seen, -1, DEMOSAIC_KERNEL, borderType=cv2.BORDER_REFLECT_101)
    seen[weights == 0] = 1  # an image of one row or column may have no pixel of a colour
    return seen, np.maximum(weights, DEMOSAIC_KERNEL.min())


def _motion_kernel(length: float, direction: float) -> np.ndarray:
    """A line of this length in pixels, as weights of a filter."""
    reach = int(np.ceil(length / 2))
    place = np.arange(-reach, reach + 1)
    along = place * np.cos(direction) + place[:, np.newaxis] * np.sin(direction)
    across = place[:, np.newaxis] * np.cos(direction) - place * np.sin(direction)
    weights = (length / 2 + 0.5 - np.abs(along)).clip(0, 1) * (1 - np.abs(across)).clip(0, 1)
    return (weights / weights.sum()).astype(FLOAT)

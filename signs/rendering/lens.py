"""What a camera makes of a scene: colour, blur, few pixels, exposure, noise."""

import functools
from typing import Annotated, Literal

import cv2
import numpy as np
from pydantic import Field

from signs.core.errors import UserError
from signs.core.params import Amounts, Factors, Lengths, NonNegative, Positive, Range, Section, Share, ShareRange
from signs.rendering.draws import FLOAT, Draws

LEAST_MEAN = 0.02  # of an image that is brought to another brightness
NEIGHBOURS = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], FLOAT) / 4  # what each tells of a colour that a pixel lacks


class Lens(Section):
    """Every pair is the lowest and highest of a draw.

    `contrast`: factor about the mean. `colour`: factor of each channel. `hue`: degrees. `saturation`: factor.
    `blur`: standard deviation in pixels. `motion`: length in pixels. `resolution`: pixels of the sensor, as a
    share of the image's; above 1 all of them. `mosaic`: share of images whose pixels saw one colour each, behind
    Bayer's filter, and have the others from their neighbours: fine lines get coloured edges. `brightness`: mean of
    the image, 0-1, drawn by `low + u ** power * (high - low)` with an even u, for many dark images and few bright
    ones; `photographs` draws it as they have it; None leaves it as it is. `mottle`: at most, as a share of the
    brightness. `noise`: standard deviation at most, in grey levels of 255.
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
    noise: NonNegative


def seen(scene: np.ndarray, lens: Lens, means: np.ndarray | None, draws: Draws) -> np.ndarray:
    """The images that a camera makes.

    Args:
        scene: float32 (images, 3, height, width), 0 and above.
        lens: How far each effect goes.
        means: Of photographs, 0-1, (n,); None where there are none.
        draws: For as many images.

    Returns:
        uint8 RGB (images, height, width, 3).
    """
    scene = tinted(scene, lens, draws)
    mean = scene.mean(axis=(1, 2, 3), keepdims=True)
    scene -= mean
    scene *= draws.within(lens.contrast)
    scene += mean
    scene *= _pixels(draws.factor(lens.colour, 3))
    blurred(scene, lens, draws)
    target = _brightness(lens, means, draws)
    if target is not None:
        scene *= target / scene.mean(axis=(1, 2, 3), keepdims=True).clip(LEAST_MEAN)
    height, width = scene.shape[1:3]
    scene *= 1 + _pixels(draws.field(height, width, 9) * draws.within((0, lens.mottle)))
    deviation = draws.within((0, 1)) * draws.within((0, lens.noise / 255))
    noise = draws.rng.standard_normal(scene.shape, FLOAT)
    noise *= deviation
    scene += noise
    return np.rint(255 * scene.clip(0, 1, out=scene)).astype(np.uint8)


def _brightness(lens: Lens, means: np.ndarray | None, draws: Draws) -> np.ndarray | None:
    if lens.brightness is None:
        return None
    even = draws.within((0, 1))
    if lens.brightness != "photographs":
        low, high = lens.brightness
        return low + even ** FLOAT(lens.power) * (high - low)
    if means is None:
        raise UserError("lens.brightness is 'photographs', and there are none here; give a lowest and highest")
    return draws.rng.choice(means, even.shape).astype(FLOAT)


def _pixels(planes: np.ndarray) -> np.ndarray:
    """Planes as pixels of one to three colours: (images, height, width, channels)."""
    return np.moveaxis(planes, 1, -1)


def tinted(scene: np.ndarray, lens: Lens, draws: Draws) -> np.ndarray:
    """Colours turned about grey, and made stronger or weaker; planes become pixels, (images, height, width, 3)."""
    angle = np.deg2rad(draws.within(lens.hue)[:, 0])
    saturation = draws.within(lens.saturation)[:, 0]
    along, across = np.cos(angle) * saturation, np.sin(angle) * saturation * FLOAT(3**-0.5)
    own, others = np.eye(3, dtype=FLOAT), np.roll(np.eye(3, dtype=FLOAT), 1, axis=1)
    turn = (1 - along) / 3 + along * own + across * (others.T - others)
    images, channels, height, width = scene.shape
    pixels = scene.reshape(images, channels, -1).transpose(0, 2, 1) @ turn.transpose(0, 2, 1)
    return pixels.reshape(images, height, width, channels)


def blurred(scene: np.ndarray, lens: Lens, draws: Draws) -> None:
    """Blurs each image in place by focus and motion, and by the pixels of the sensor and their filters."""
    height, width = scene.shape[1:3]
    sigmas, lengths, shares = (draws.within(ends).ravel() for ends in (lens.blur, lens.motion, lens.resolution))
    directions = draws.within((0, np.pi)).ravel()
    reds = _reds(lens, draws)
    for image, sigma, length, direction, share, red in zip(
        scene, sigmas, lengths, directions, shares, reds, strict=True
    ):
        if length > 1:
            image[:] = cv2.filter2D(image, -1, _stroke(float(length), float(direction)))
        if sigma > 0.2:
            image[:] = cv2.GaussianBlur(image, (0, 0), float(sigma))
        if share < 1 or red:
            fewer = [max(1, round(length * min(float(share), 1))) for length in (width, height)]
            small = cv2.resize(image, fewer, interpolation=cv2.INTER_AREA)
            if red:
                small = demosaiced(small, *red)
            cv2.resize(small, (width, height), dst=image, interpolation=cv2.INTER_LINEAR)


def _reds(lens: Lens, draws: Draws) -> list[list[int] | None]:
    """The first red pixel of each image, row and column; None for those without a mosaic."""
    if not lens.mosaic:  # then nothing is drawn
        return [None] * draws.images
    reds = draws.rng.integers(0, 2, (draws.images, 2)).tolist()
    return [red if happens else None for red, happens in zip(reds, draws.happens(lens.mosaic).ravel(), strict=True)]


def demosaiced(image: np.ndarray, top: int, left: int) -> np.ndarray:
    """What a sensor behind Bayer's filter makes of an image: of each pixel one colour, the others of its neighbours.

    Args:
        image: float32 (rows, columns, 3).
        top: Row of the first red pixel, 0 or 1; in every other row and column from it they are red.
        left: Its column, likewise.

    Returns:
        Of the same shape and kind.

    Source: Bayer, "Color imaging array", US patent 3,971,065, 1976; interpolated bilinearly.
    """
    seen, weights = _bayer(*image.shape[:2], top, left)
    found = cv2.filter2D(image * seen, -1, NEIGHBOURS, borderType=cv2.BORDER_REFLECT_101)
    return np.where(seen > 0, image, found / weights)


@functools.cache
def _bayer(rows: int, columns: int, top: int, left: int) -> tuple[np.ndarray, np.ndarray]:
    """Which colours the pixels see, 0 or 1, and the sum of their neighbours' weights: float32 (rows, columns, 3)."""
    seen = np.zeros((rows, columns, 3), FLOAT)
    seen[top::2, left::2, 0] = seen[1 - top :: 2, 1 - left :: 2, 2] = 1
    seen[..., 1] = 1 - seen[..., 0] - seen[..., 2]
    weights = cv2.filter2D(seen, -1, NEIGHBOURS, borderType=cv2.BORDER_REFLECT_101)
    seen[weights == 0] = 1  # images of a row or column have no pixel of that colour at all
    return seen, np.maximum(weights, NEIGHBOURS.min())


def _stroke(length: float, direction: float) -> np.ndarray:
    """A line of so many pixels, as the weights of a filter."""
    reach = int(np.ceil(length / 2))
    place = np.arange(-reach, reach + 1)
    along = place * np.cos(direction) + place[:, np.newaxis] * np.sin(direction)
    across = place[:, np.newaxis] * np.cos(direction) - place * np.sin(direction)
    weights = (length / 2 + 0.5 - np.abs(along)).clip(0, 1) * (1 - np.abs(across)).clip(0, 1)
    return (weights / weights.sum()).astype(FLOAT)

"""What is around a sign, and the light on both."""

from typing import NamedTuple

import numpy as np

from signs.core.params import Factors, Section, Share
from signs.data.backgrounds import corners_of, enlarged
from signs.data.shards import Images, evenly
from signs.rendering.batch_rng import FLOAT, BatchRng, grid

MOST_PHOTOGRAPHS = 50_000  # that surroundings are taken from; more show nothing new


class Background(Section):
    """What is behind a sign.

    Attributes:
        photographs: Share of images with a background cut from photographs, if there are any.
    """

    photographs: Share


class Light(Section):
    """Light on the scene.

    Attributes:
        backlight: Range of the light on the sign divided by the light on its background.
        shadow: Share of images with the edge of a shadow.
        glare: Share of images with a bright spot.
    """

    backlight: Factors
    shadow: Share
    glare: Share


class Surroundings(NamedTuple):
    """What rendered images take from photographs of signs.

    Attributes:
        corners: Upper left and right corners, which show what is beside a sign, uint8 (2 n, rows, columns, channels).
        means: Mean brightness, 0-1, (n,).
    """

    corners: np.ndarray
    means: np.ndarray

    @classmethod
    def from_photographs(cls, photographs: Images) -> "Surroundings":
        """The surroundings in photographs, uint8 (n, height, width, channels), or in some of very many."""
        images = evenly(photographs, MOST_PHOTOGRAPHS)
        return cls(corners_of(images), images.mean(axis=(1, 2, 3)) / 255)


def make_backgrounds(
    height: int, width: int, settings: Background, corners: np.ndarray | None, rng: BatchRng
) -> np.ndarray:
    """Makes backgrounds: soft patches, and in a share of the images a corner of a photograph.

    Args:
        height: Of the images, in pixels.
        width: Of the images, in pixels.
        settings: The share.
        corners: Of photographs, uint8 (n, rows, columns, 1 or 3); None if there are none.
        rng: For as many images.

    Returns:
        float32 (images, 3, height, width), 0-1.
    """
    patches = _patches(height, width, rng)
    if corners is None or not settings.photographs:
        return patches
    cut = np.moveaxis(enlarged(corners, rng.images, height, width, rng.generator), -1, 1).astype(FLOAT) / 255
    return np.where(rng.happens(settings.photographs), cut, patches)


def _patches(height: int, width: int, rng: BatchRng) -> np.ndarray:
    """Soft patches of dull colour, brighter towards one side: float32 (images, 3, height, width), 0-1."""
    rows, columns = grid(height, width)
    patches = rng.uniform((0, 1)) + rng.uniform((-0.08, 0.08), 3)
    patches = patches + rng.smooth_noise(height, width, 3) * FLOAT(0.3)
    patches += rng.smooth_noise(height, width, 7) * rng.uniform((0, 0.3))
    patches += rows * rng.uniform((-0.25, 0.25)) + columns * rng.uniform((-0.25, 0.25))
    return patches.clip(0, 1)


def compose(signs: np.ndarray, backgrounds: np.ndarray, light: Light, rng: BatchRng) -> np.ndarray:
    """Puts signs in front of backgrounds and lights both.

    Args:
        signs: float32 RGBA in 0-1 (images, 4, height, width), premultiplied.
        backgrounds: float32 (images, 3, height, width), 0-1.
        light: The range of each effect.
        rng: For as many images.

    Returns:
        float32 (images, 3, height, width), 0 and above; glare and backlight exceed 1.
    """
    scene = signs[:, :3] * rng.log_uniform(light.backlight) + backgrounds * (1 - signs[:, 3:])
    rows, columns = grid(*signs.shape[2:])
    if light.shadow:
        angle = rng.uniform((-np.pi, np.pi))
        beyond = rows * np.sin(angle) + columns * np.cos(angle) - rng.uniform((-0.8, 0.8))
        beyond *= rng.uniform((4, 20))  # sharpness of the edge
        darkness = rng.uniform((0.1, 0.75)) * rng.happens(light.shadow)
        scene *= 1 - darkness / 2 * (1 + beyond / (1 + np.abs(beyond)))
    if light.glare:
        distance = (rows - rng.uniform((-1, 1))) ** 2 + (columns - rng.uniform((-1, 1))) ** 2
        strength = rng.uniform((0.1, 0.7)) * rng.happens(light.glare)
        scene += strength / (1 + distance / rng.uniform((0.1, 1)))
    return scene

"""What is around a sign, and the light on both."""

import numpy as np

from signs.draws import FLOAT, Draws, grid
from signs.params import Factors, Section, Share


class Light(Section):
    """What falls on the scene.

    `backlight`: lowest and highest factor of the sign's light, by that on its background. `shadow` and
    `glare`: share of images with the edge of a shadow, with a bright spot.
    """

    backlight: Factors
    shadow: Share
    glare: Share


def background(height: int, width: int, draws: Draws) -> np.ndarray:
    """Soft patches of dull colour, brighter towards one side: float32 (images, height, width, 3), 0-1."""
    rows, columns = grid(height, width)
    field = draws.within((0, 1)) + draws.within((-0.08, 0.08), 3)
    field = field + draws.field(height, width, 3) * FLOAT(0.3)
    field += draws.field(height, width, 7) * draws.within((0, 0.3))
    field += rows * draws.within((-0.25, 0.25)) + columns * draws.within((-0.25, 0.25))
    return field.clip(0, 1)


def composed(signs: np.ndarray, behind: np.ndarray, light: Light, draws: Draws) -> np.ndarray:
    """Signs before their backgrounds, lit.

    Args:
        signs: float32 (images, height, width, 4), RGBA in 0-1, colours times alpha.
        behind: float32 (images, height, width, 3), 0-1.
        light: What falls on them.
        draws: For as many images.

    Returns:
        float32 (images, height, width, 3), from 0 to what the light makes of it.
    """
    scene = signs[..., :3] * draws.factor(light.backlight) + behind * (1 - signs[..., 3:])
    rows, columns = grid(*signs.shape[1:3])
    if light.shadow:
        angle = draws.within((-np.pi, np.pi))
        beyond = rows * np.sin(angle) + columns * np.cos(angle) - draws.within((-0.8, 0.8))
        beyond *= draws.within((4, 20))  # how sharp its edge is
        darkness = draws.within((0.1, 0.75)) * draws.happens(light.shadow)
        scene *= 1 - darkness / 2 * (1 + beyond / (1 + np.abs(beyond)))
    if light.glare:
        distance = (rows - draws.within((-1, 1))) ** 2 + (columns - draws.within((-1, 1))) ** 2
        strength = draws.within((0.1, 0.7)) * draws.happens(light.glare)
        scene += strength / (1 + distance / draws.within((0.1, 1)))
    return scene

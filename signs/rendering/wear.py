"""Wear of a sign: fading, dirt, graffiti, stickers."""

import numpy as np

from signs.core.params import Section, Share
from signs.rendering.batch_rng import FLOAT, BatchRng

STICKERS = 2  # at most
BLEACHED = FLOAT(0.85)  # brightness of a colour that is fully bleached
MIN_BRIGHTNESS = FLOAT(0.01)


class Wear(Section):
    """How worn signs are.

    Attributes:
        fading: Maximum, 0-1.
        bleaching: Maximum, 0-1. It takes colour only, as sunlight does; black and white stay.
        dirt: Maximum, 0-1.
        stickers: Probability of each of two.
        graffiti: Probability.
    """

    fading: Share
    bleaching: Share
    dirt: Share
    stickers: Share
    graffiti: Share


def apply_wear(signs: np.ndarray, wear: Wear, rng: BatchRng) -> np.ndarray:
    """Fades, soils and covers signs.

    Args:
        signs: float32 RGBA in 0-1 (images, 4, height, width), premultiplied.
        wear: Maximum of each kind.
        rng: For as many images.

    Returns:
        float32 of the same shape.
    """
    colours, alpha = signs[:, :3], signs[:, 3:]
    height, width = signs.shape[2:]
    if wear.bleaching:
        colours = _bleach(colours, alpha, wear.bleaching, rng)
    # Squared: most signs fade little, some fade much.
    faded = rng.uniform((0, 1)) ** 2 * FLOAT(wear.fading)
    colours = colours + faded * (rng.uniform((0.3, 1)) * alpha - colours)
    if wear.dirt:
        patches = rng.smooth_noise(height, width, 5) + rng.smooth_noise(height, width, 11) / 2
        colours *= 1 - patches.clip(0, 1) * rng.uniform((0, wear.dirt))
    if wear.graffiti:
        # Smooth noise is near 0 along winding lines.
        is_line = np.abs(rng.smooth_noise(height, width, 4)) < rng.uniform((0.03, 0.15))
        colours = np.where(is_line & rng.happens(wear.graffiti), rng.uniform((0, 1), 3) * alpha, colours)
    result = np.concatenate([colours, alpha], axis=1)
    for _ in range(STICKERS):
        _add_stickers(result, wear.stickers, rng)
    return result


def _bleach(colours: np.ndarray, alpha: np.ndarray, amount: float, rng: BatchRng) -> np.ndarray:
    strongest = colours.max(axis=1, keepdims=True)
    purity = (strongest - colours.min(axis=1, keepdims=True)) / strongest.clip(MIN_BRIGHTNESS)
    bleached = rng.uniform((0, 1)) ** 3 * FLOAT(amount) * purity
    return colours + bleached * (BLEACHED * alpha - colours)


def _add_stickers(signs: np.ndarray, probability: float, rng: BatchRng) -> None:
    """Paints a rectangle on some of the signs, in place."""
    size = signs.shape[2:]
    sides, places = rng.uniform((0.08, 0.3), 2)[..., 0, 0], rng.uniform((0, 0.8), 2)[..., 0, 0]
    paints = rng.uniform((0, 1), 3)
    is_there = rng.happens(probability).ravel()
    top, left = (places * size).astype(int).T
    bottom, right = (places * size + sides * size + 1).astype(int).T
    for row in np.flatnonzero(is_there):
        spot = signs[row, :, top[row] : bottom[row], left[row] : right[row]]
        spot[:3] = paints[row] * spot[3:]

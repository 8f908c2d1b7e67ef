"""What has happened to a sign since it was put up: faded, dirty, pasted over."""

import numpy as np

from signs.core.params import Section, Share
from signs.rendering.draws import FLOAT, Draws

STICKERS = 2  # at most
BLEACHED = FLOAT(0.85)  # light of a colour that has gone
LEAST_LIGHT = FLOAT(0.01)


class Wear(Section):
    """How much of it at most, 0-1; `stickers`: probability of each of two, `graffiti`: of scrawls.

    `bleaching` takes colours alone, as sunlight does: what is black or white stays.
    """

    fading: Share
    bleaching: Share
    dirt: Share
    stickers: Share
    graffiti: Share


def worn(signs: np.ndarray, wear: Wear, draws: Draws) -> np.ndarray:
    """Fades, soils and covers signs.

    Args:
        signs: float32 (images, 4, height, width), RGBA in 0-1, colours times alpha.
        wear: How much of each.
        draws: For as many images.

    Returns:
        Of the same shape and kind.
    """
    colours, alpha = signs[:, :3], signs[:, 3:]
    height, width = signs.shape[2:]
    if wear.bleaching:
        strongest = colours.max(axis=1, keepdims=True)
        purity = (strongest - colours.min(axis=1, keepdims=True)) / strongest.clip(LEAST_LIGHT)
        bleached = draws.within((0, 1)) ** 3 * FLOAT(wear.bleaching) * purity
        colours = colours + bleached * (BLEACHED * alpha - colours)
    # Squared, so that most are little faded and some much.
    faded = draws.within((0, 1)) ** 2 * FLOAT(wear.fading)
    colours = colours + faded * (draws.within((0.3, 1)) * alpha - colours)
    if wear.dirt:
        patches = draws.field(height, width, 5) + draws.field(height, width, 11) / 2
        colours *= 1 - patches.clip(0, 1) * draws.within((0, wear.dirt))
    if wear.graffiti:
        # Where smooth noise is near 0 are winding lines.
        is_line = np.abs(draws.field(height, width, 4)) < draws.within((0.03, 0.15))
        colours = np.where(is_line & draws.happens(wear.graffiti), draws.within((0, 1), 3) * alpha, colours)
    result = np.concatenate([colours, alpha], axis=1)
    for _ in range(STICKERS):
        sides, places = draws.within((0.08, 0.3), 2)[..., 0, 0], draws.within((0, 0.8), 2)[..., 0, 0]
        paints = draws.within((0, 1), 3)
        is_there = draws.happens(wear.stickers).ravel()
        top, left = (places * (height, width)).astype(int).T
        bottom, right = (places * (height, width) + sides * (height, width) + 1).astype(int).T
        for row in np.flatnonzero(is_there):
            spot = result[row, :, top[row] : bottom[row], left[row] : right[row]]
            spot[:3] = paints[row] * spot[3:]
    return result

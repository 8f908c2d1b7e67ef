"""Images that a model misclassifies: pairs of confused classes, and mistakes with heatmaps."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import matplotlib
import numpy as np
from matplotlib.figure import Figure

from signs.figures.canvas import (
    CELL_WIDTH,
    GRID,
    GUTTER,
    HEADER,
    MARGIN,
    MUTED,
    WIDTH,
    canvas,
    cells,
    house_style,
    notice,
)
from signs.figures.pictures import rgb, scaled, show
from signs.figures.text import TEXT, fitted, fitted_lines

MAX_PAIRS = 6
MAX_PER_SIDE = 8  # images of each class of a pair
MAX_MISTAKES = 32
HEATMAP_COLOURS = "inferno"


class ConfusedPair(NamedTuple):
    """Two confused classes with images of each, uint8 (n, height, width, 1 or 3)."""

    title: str
    left_title: str
    left: np.ndarray
    right_title: str
    right: np.ndarray


@house_style
def confused_pairs(pairs: Sequence[ConfusedPair], title: str) -> Figure:
    """Shows images of the classes that are confused, as the article does in In [38] to In [40]; up to 6 pairs."""
    if not pairs:
        return notice(title, "No classes are confused.")
    side, pitch, half = 64, 148, WIDTH // 2
    figure, axes = canvas(HEADER + min(len(pairs), MAX_PAIRS) * pitch, title, "The most confused pair on top")
    shown, places = [], []
    for index, pair in enumerate(pairs[:MAX_PAIRS]):
        top = HEADER + index * pitch
        axes.plot([MARGIN, WIDTH - MARGIN], [top, top], color=GRID, linewidth=1)
        heading = fitted(pair.title, WIDTH - 2 * MARGIN, size=TEXT, bold=True)
        axes.text(MARGIN, top + 10, heading, size=TEXT, weight="bold", va="top")
        for left, name, images in ((MARGIN, pair.left_title, pair.left), (half + 8, pair.right_title, pair.right)):
            axes.text(left, top + 34, fitted(name, half - MARGIN - GUTTER), color=MUTED, va="top")
            if not len(images):
                axes.text(left, top + 56 + side / 2, "no images", color=MUTED, va="center")
            shown += [scaled(image, side, side) for image in images[:MAX_PER_SIDE]]
            places += [(left + number * (side + 6), top + 56) for number in range(len(images[:MAX_PER_SIDE]))]
    show(axes, shown, places)
    return figure


@house_style
def mistakes(images: np.ndarray, heatmaps: np.ndarray, captions: Sequence[str], title: str) -> Figure:
    """Shows misclassified images, each beside a heatmap of where the network looked.

    Args:
        images: uint8 (n, height, width, 1 or 3); the first 32 are shown.
        heatmaps: Of the images, 0-1, float (n, rows, columns).
        captions: Of the images, up to three lines each.
        title: Of the figure.
    """
    if not len(images):
        return notice(title, "There are no mistakes.")
    columns, side = 4, (2 * CELL_WIDTH - GUTTER - 4) // 2
    shown = [scaled(image, side, side) for image in images[:MAX_MISTAKES]]
    overlaid = [
        scaled(_overlaid(image, heatmap), side, side)
        for image, heatmap in zip(images[:MAX_MISTAKES], heatmaps[:MAX_MISTAKES], strict=True)
    ]
    height, width, _ = shown[0].shape
    places, bottom = cells(len(shown), height, columns=columns, lines=3)
    figure, axes = canvas(
        bottom, title, "Beside each image: where the network looked, from dark (little) to bright (much)"
    )
    show(axes, shown + overlaid, places + [(left + width + 4, top) for left, top in places])
    for (left, top), caption in zip(places, captions, strict=False):
        text = fitted_lines(caption, 2 * CELL_WIDTH - GUTTER, lines=3)
        axes.text(left, top - 7, text, va="baseline", linespacing=1.1)
    return figure


def _overlaid(image: np.ndarray, heatmap: np.ndarray) -> np.ndarray:
    """An image in grey at full contrast under a heatmap in colour: uint8 (height, width, 3)."""
    height, width = image.shape[:2]
    weights = cv2.resize(heatmap.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    colours = matplotlib.colormaps[HEATMAP_COLOURS](weights)[..., :3]
    grey = rgb(image).mean(axis=-1, keepdims=True)
    grey = (grey - grey.min()) / max(1, np.ptp(grey))
    return np.rint(255 * (0.4 * grey + 0.6 * colours)).astype(np.uint8)

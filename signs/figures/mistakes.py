"""Figures of what a model mistook: pairs of classes, images, and where it looked."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import matplotlib
import numpy as np
from matplotlib.figure import Figure

from signs.figures.canvas import CELL_WIDTH, GRID, GUTTER, HEADER, MARGIN, MUTED, WIDTH, canvas, cells, drawn, notice
from signs.figures.pictures import rgb, scaled, show
from signs.figures.text import TEXT, fitted, fitted_lines

MOST_PAIRS = 6
MOST_BESIDE = 8  # images of a class in a pair
MOST_MISTAKES = 32
ATTENTION = "inferno"  # colour map


class ConfusedPair(NamedTuple):
    """Two classes that a model takes for one another, with images of each, uint8 (n, height, width, 1 or 3)."""

    title: str
    left_title: str
    left: np.ndarray
    right_title: str
    right: np.ndarray


@drawn
def confused_pairs(pairs: Sequence[ConfusedPair]) -> Figure:
    """Pairs of classes that are taken for one another, with images of both; up to 6 pairs and 8 images."""
    title = "Confused classes"
    if not pairs:
        return notice(title, "No class was taken for another.")
    side, pitch, half = 64, 148, WIDTH // 2
    figure, axes = canvas(HEADER + min(len(pairs), MOST_PAIRS) * pitch, title, "Images of both classes of each pair")
    shown, places = [], []
    for index, pair in enumerate(pairs[:MOST_PAIRS]):
        top = HEADER + index * pitch
        axes.plot([MARGIN, WIDTH - MARGIN], [top, top], color=GRID, linewidth=1)
        heading = fitted(pair.title, WIDTH - 2 * MARGIN, size=TEXT, bold=True)
        axes.text(MARGIN, top + 10, heading, size=TEXT, weight="bold", va="top")
        for left, name, images in ((MARGIN, pair.left_title, pair.left), (half + 8, pair.right_title, pair.right)):
            axes.text(left, top + 34, fitted(name, half - MARGIN - GUTTER), color=MUTED, va="top")
            if not len(images):
                axes.text(left, top + 56 + side / 2, "no images", color=MUTED, va="center")
            shown += [scaled(image, side, side) for image in images[:MOST_BESIDE]]
            places += [(left + number * (side + 6), top + 56) for number in range(len(images[:MOST_BESIDE]))]
    show(axes, shown, places)
    return figure


@drawn
def mistakes(images: np.ndarray, attention: np.ndarray, captions: Sequence[str], title: str) -> Figure:
    """Images that a model mistook, each beside itself with what the model looked at.

    Args:
        images: uint8 (n, height, width, 1 or 3); those after the 32nd are left out.
        attention: Of the same images, 0-1, float (n, rows, columns).
        captions: Likewise, up to three lines each.
        title: Of the figure.
    """
    if not len(images):
        return notice(title, "There is no mistake.")
    columns, side = 4, (2 * CELL_WIDTH - GUTTER - 4) // 2
    shown = [scaled(image, side, side) for image in images[:MOST_MISTAKES]]
    overlaid = [
        scaled(_overlaid(image, weights), side, side)
        for image, weights in zip(images[:MOST_MISTAKES], attention[:MOST_MISTAKES], strict=True)
    ]
    height, width, _ = shown[0].shape
    places, bottom = cells(len(shown), height, columns=columns, lines=3)
    figure, axes = canvas(
        bottom, title, "Each image beside what the model looked at, from dark (little) to bright (much)"
    )
    show(axes, shown + overlaid, places + [(left + width + 4, top) for left, top in places])
    for (left, top), caption in zip(places, captions, strict=False):
        text = fitted_lines(caption, 2 * CELL_WIDTH - GUTTER, lines=3)
        axes.text(left, top - 7, text, va="baseline", linespacing=1.1)
    return figure


def _overlaid(image: np.ndarray, attention: np.ndarray) -> np.ndarray:
    """An image in grey, of full contrast, under attention in colour; uint8 (height, width, 3)."""
    height, width = image.shape[:2]
    weights = cv2.resize(attention.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1)
    colours = matplotlib.colormaps[ATTENTION](weights)[..., :3]
    grey = rgb(image).mean(axis=-1, keepdims=True)
    grey = (grey - grey.min()) / max(1, np.ptp(grey))
    return np.rint(255 * (0.4 * grey + 0.6 * colours)).astype(np.uint8)

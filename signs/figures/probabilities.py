"""The article's chart of probabilities."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure

from signs.figures.canvas import (
    CELL_WIDTH,
    GRID,
    GUTTER,
    MAX_CLASSES,
    MUTED,
    PALE,
    RIGHT,
    WRONG,
    canvas,
    cells,
    first_classes,
    house_style,
    label,
)
from signs.figures.text import text_width

NAMED_FROM = 0.02  # mean probability of a wrong class


@house_style
def average_probabilities(matrix: np.ndarray, ids: Sequence[int], names: Sequence[str], title: str) -> Figure:
    """Plots the mean probabilities of the images of each class, as the article does in In [37].

    Args:
        matrix: Mean probabilities, true class in rows and predicted class in columns, float (classes, classes); nan
            in the row of a class without images.
        ids: Of the classes.
        names: Of the classes.
        title: Of the figure.
    """
    width, body = CELL_WIDTH - GUTTER, 84
    places, height = cells(min(len(ids), MAX_CLASSES), body)
    figure, axes = canvas(
        height,
        title,
        "Mean probability of each class, from 0 to 1. Blue: the true class. "
        f"Orange: other classes, the most probable with its id if above {NAMED_FROM:g}",
        suffix=first_classes(len(ids)),
    )
    levels = [[(left, top + y), (left + width, top + y)] for left, top in places for y in (0, body / 2)]
    axes.add_collection(LineCollection(levels, colors=GRID, linewidths=0.8, zorder=0))
    base = [[(left, top + body), (left + width, top + body)] for left, top in places]
    axes.add_collection(LineCollection(base, colors=PALE, linewidths=0.8, zorder=3))
    true_bars, wrong_bars = [], []
    for index, (left, top) in enumerate(places):
        label(axes, (left, top), f"{ids[index]}: {names[index]}", width)
        if np.isnan(matrix[index]).any():
            axes.text(left + width / 2, top + body / 2, "no images", color=MUTED, ha="center", va="center")
            continue
        wrong = np.where(np.arange(len(ids)) == index, 0, matrix[index])
        true_bars.append(_outline(matrix[index] - wrong, left, top, width, body))
        wrong_bars.append(_outline(wrong, left, top, width, body))
        if wrong.max() > NAMED_FROM:
            _name_highest(axes, str(ids[int(wrong.argmax())]), index, wrong_bars[-1])
    axes.add_collection(PolyCollection(wrong_bars, facecolors=WRONG, edgecolors=WRONG, linewidths=0.4, label="wrong"))
    axes.add_collection(PolyCollection(true_bars, facecolors=RIGHT, edgecolors=RIGHT, linewidths=0.4, label="true"))
    return figure


def _outline(values: np.ndarray, left: float, top: float, width: float, height: float) -> np.ndarray:
    """The outline of adjacent bars of values 0-1, four corners a bar: (4 classes, 2)."""
    edges = left + np.linspace(0, width, len(values) + 1)
    bottom = np.full(len(values), top + height)
    tops = bottom - values * height
    return np.stack(
        [
            np.stack([edges[:-1], edges[:-1], edges[1:], edges[1:]], axis=1).ravel(),
            np.stack([bottom, tops, tops, bottom], axis=1).ravel(),
        ],
        axis=1,
    )


def _name_highest(axes: Axes, id: str, truth: int, bars: np.ndarray) -> None:
    """Writes a class id above the highest bar, away from the bar of the true class."""
    highest = int(bars[:, 1].argmin()) // 4
    start, end = bars[4 * highest, 0], bars[4 * highest + 2, 0]
    x, side = (start, "left") if highest > truth else (end, "right")
    if text_width(id) < end - start or abs(highest - truth) * (end - start) > text_width(id):
        x, side = (start + end) / 2, "center"
    axes.text(x, bars[:, 1].min() - 1, id, color=WRONG, ha=side, va="bottom")

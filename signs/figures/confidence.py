"""Figures of how sure a model is: the probabilities that it gives, and how often it is right then."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from signs.figures.canvas import (
    CELL_WIDTH,
    GRID,
    GUTTER,
    HEADER,
    INK,
    MARGIN,
    MOST_CLASSES,
    MUTED,
    PALE,
    RIGHT,
    SPLIT_COLOURS,
    WRONG,
    canvas,
    cells,
    drawn,
    first_classes,
    label,
    panel,
)
from signs.figures.text import printable, text_width

NOTABLE = 0.02  # mean probability above which a wrong class is named
FEW = 10  # images, below which a bin says little

Curve = tuple[np.ndarray, np.ndarray, np.ndarray]


@drawn
def average_probabilities(matrix: np.ndarray, ids: Sequence[int], names: Sequence[str], title: str) -> Figure:
    """The probabilities that a model gives on average to the images of each class.

    Args:
        matrix: True class in rows, mean probability of each class in columns, float (classes, classes);
            nan in the row of a class without images.
        ids: Of the classes.
        names: Likewise.
        title: Of the figure.
    """
    width, body = CELL_WIDTH - GUTTER, 84
    places, height = cells(min(len(ids), MOST_CLASSES), body)
    figure, axes = canvas(
        height,
        title,
        "Mean probability of each class, from 0 to 1. Blue: the right class. "
        f"Orange: the others, the likeliest with its id where above {NOTABLE:g}",
        suffix=first_classes(len(ids)),
    )
    levels = [[(left, top + y), (left + width, top + y)] for left, top in places for y in (0, body / 2)]
    axes.add_collection(LineCollection(levels, colors=GRID, linewidths=0.8, zorder=0))
    base = [[(left, top + body), (left + width, top + body)] for left, top in places]
    axes.add_collection(LineCollection(base, colors=PALE, linewidths=0.8, zorder=3))
    right_bars, wrong_bars = [], []
    for index, (left, top) in enumerate(places):
        label(axes, (left, top), f"{ids[index]}: {names[index]}", width)
        if np.isnan(matrix[index]).any():
            axes.text(left + width / 2, top + body / 2, "no images", color=MUTED, ha="center", va="center")
            continue
        right = np.arange(len(ids)) == index
        wrong = np.where(right, 0, matrix[index])
        right_bars.append(_steps(matrix[index] - wrong, left, top, width, body))
        wrong_bars.append(_steps(wrong, left, top, width, body))
        if wrong.max() > NOTABLE:
            _name_likeliest(axes, str(ids[int(wrong.argmax())]), index, wrong_bars[-1])
    axes.add_collection(PolyCollection(wrong_bars, facecolors=WRONG, edgecolors=WRONG, linewidths=0.4, label="wrong"))
    axes.add_collection(PolyCollection(right_bars, facecolors=RIGHT, edgecolors=RIGHT, linewidths=0.4, label="right"))
    return figure


def _steps(values: np.ndarray, left: float, top: float, width: float, height: float) -> np.ndarray:
    """The outline of bars side by side, values 0-1: four corners a bar, (4 classes, 2)."""
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


def _name_likeliest(axes: Axes, id: str, right: int, bars: np.ndarray) -> None:
    """Writes a class's id above the highest of the bars, away from the bar of the right class."""
    highest = int(bars[:, 1].argmin()) // 4
    start, end = bars[4 * highest, 0], bars[4 * highest + 2, 0]
    x, side = (start, "left") if highest > right else (end, "right")
    if text_width(id) < end - start or abs(highest - right) * (end - start) > text_width(id):
        x, side = (start + end) / 2, "center"
    axes.text(x, bars[:, 1].min() - 1, id, color=WRONG, ha=side, va="bottom")


@drawn
def reliability(curves: dict[str, Curve], title: str) -> Figure:
    """How often a model is right when it is so sure, and how often it is so sure.

    Args:
        curves: By split, of bins of confidence of equal width: mean confidence, accuracy (both 0-1, nan
            where there are no images), number of images; each (bins,).
        title: Of the figure.
    """
    side, left = 440, MARGIN + 48
    figure, _ = canvas(
        HEADER + 36 + side + 48 + 120 + 56,
        title,
        f"A reliable model follows the diagonal. Hollow: fewer than {FEW} images",
        width=max(800, MARGIN + len(curves) * (side + 88)),
    )
    for index, (split, (confidence, accuracy, images)) in enumerate(curves.items()):
        x, y = left + index * (side + 88), HEADER + 36
        colour = SPLIT_COLOURS.get(split, INK)
        diagram = panel(figure, x, y, side, side)
        diagram.set_title(printable(split))
        _draw_reliability(diagram, confidence, accuracy, images, colour)
        _draw_histogram(panel(figure, x, y + side + 48, side, 120), images, colour)
    return figure


def _draw_reliability(
    axes: Axes, confidence: np.ndarray, accuracy: np.ndarray, images: np.ndarray, colour: str
) -> None:
    axes.plot([0, 1], [0, 1], color=PALE, linestyle="--", linewidth=1)
    filled = np.isfinite(confidence) & np.isfinite(accuracy)
    axes.vlines(confidence[filled], confidence[filled], accuracy[filled], color=colour, linewidth=1, alpha=0.5)
    axes.plot(confidence[filled], accuracy[filled], color=colour, clip_on=False)
    for chosen, face in ((filled & (images >= FEW), colour), (filled & (images < FEW), "white")):
        axes.scatter(confidence[chosen], accuracy[chosen], 36, face, edgecolors=colour, zorder=3, clip_on=False)
    axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="mean confidence", ylabel="accuracy")


def _draw_histogram(axes: Axes, images: np.ndarray, colour: str) -> None:
    axes.set_yscale("log", nonpositive="clip")
    axes.set(xlim=(0, 1), ylim=(0.7, max(10, images.max() * 1.6)), xlabel="confidence", ylabel="images, log scale")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(visible=False, axis="x")
    edges = np.linspace(0, 1, len(images) + 1)
    axes.bar(edges[:-1], images, width=0.92 / len(images), align="edge", color=colour)

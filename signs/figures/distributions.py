"""The article's charts of a data set: images per class, and their brightness."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from signs.figures.canvas import (
    CELL_COLUMNS,
    CELL_WIDTH,
    GRID,
    GUTTER,
    HEADER,
    LINE,
    MARGIN,
    MAX_CLASSES,
    MUTED,
    NEUTRAL,
    PALE,
    SPLIT_COLOURS,
    WIDTH,
    WRONG,
    canvas,
    cells,
    first_classes,
    house_style,
    label,
    panel,
)
from signs.figures.text import fitted, printable, text_width

BIN_WIDTH = 10  # of the histograms of brightness


@house_style
def counts(counts: dict[str, np.ndarray], ids: Sequence[int], names: Sequence[str], title: str) -> Figure:
    """Plots the number of images of each class in each split, as the article does in In [10].

    Args:
        counts: By split, int (classes,).
        ids: Of the classes.
        names: Of the classes.
        title: Of the figure.
    """
    classes = min(len(ids), MAX_CLASSES)
    left, height, pitch = MARGIN + 72, 150, 200
    width = WIDTH - left - MARGIN
    slot = width / classes
    is_vertical = slot < 90  # text
    texts = [f"{id}: {name}" for id, name in zip(ids[:classes], names[:classes], strict=True)]
    labels = [fitted(text, 180) if is_vertical else fitted(text, slot - 8, lines=3) for text in texts]
    room = max(map(text_width, labels)) if is_vertical else LINE * max(text.count("\n") + 1 for text in labels)
    bottom = HEADER + 20 + len(counts) * pitch - (pitch - height)
    figure, axes = canvas(
        bottom + 8 + room + MARGIN,
        title,
        "Each split has its own vertical scale",
        suffix=first_classes(len(ids)),
    )
    for index, (split, numbers) in enumerate(counts.items()):
        bars = panel(figure, left, HEADER + 20 + index * pitch, width, height)
        _plot_bars(bars, numbers[:classes], SPLIT_COLOURS.get(split, NEUTRAL))
        bars.set_title(f"{printable(split)}: {numbers.sum():,} images")
    for index, text in enumerate(labels):
        centre = left + (index + 0.5) * slot
        axes.text(centre, bottom + 8, text, rotation=90 if is_vertical else 0, ha="center", va="top")
    return figure


def _plot_bars(axes: Axes, numbers: np.ndarray, colour: str) -> None:
    classes = len(numbers)
    axes.bar(np.arange(classes), numbers, width=min(0.8, classes / 16), color=colour)
    for index in np.flatnonzero(numbers == 0).tolist():
        axes.text(index, 0, "0", color=WRONG, ha="center", va="bottom", weight="bold")
    axes.set(xlim=(-0.5, classes - 0.5), ylim=(0, max(1, numbers.max()) * 1.05), xticks=[], ylabel="images")
    axes.grid(visible=False, axis="x")
    axes.yaxis.set_label_coords(-0.061, 0.5)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


@house_style
def brightness(values: np.ndarray, labels: np.ndarray, ids: Sequence[int], names: Sequence[str], title: str) -> Figure:
    """Plots a histogram of the brightness of the images of each class, as the article does in In [14] and In [15].

    Args:
        values: Mean pixel value of each image, 0-255, (n,).
        labels: Class ids of the images, (n,).
        ids: Of the classes.
        names: Of the classes.
        title: Of the figure.
    """
    edges = np.arange(0, 256 + BIN_WIDTH - 1, BIN_WIDTH)
    width, body = CELL_WIDTH - GUTTER, 72
    places, height = cells(min(len(ids), MAX_CLASSES), body)
    figure, axes = canvas(
        height + LINE,
        title,
        f"Number of images by mean pixel value, 0 to 255 in bins of {BIN_WIDTH}; each class has its own vertical scale",
        suffix=first_classes(len(ids)),
    )
    pixels = width / edges[-1]
    _rule(axes, places, [0, 100 * pixels, 200 * pixels], width, body)
    for index, (place, id, name) in enumerate(zip(places, ids, names, strict=False)):
        label(axes, place, f"{id}: {name}", width)
        numbers, _ = np.histogram(values[labels == id], bins=edges)
        tops = place[1] + body - numbers / max(1, numbers.max()) * (body - LINE)
        steps = StepPatch(tops, place[0] + edges * pixels, baseline=place[1] + body, facecolor=NEUTRAL)
        axes.add_artist(steps)  # `stairs` would recompute the limits of the axes each time
        axes.text(place[0] + width, place[1], _number_of_images(numbers.sum()), color=MUTED, ha="right", va="top")
        if index >= len(places) - CELL_COLUMNS:
            for value in (0, 100, 200):
                axes.text(
                    place[0] + value * pixels, place[1] + body + 3, str(value), color=MUTED, ha="center", va="top"
                )
    return figure


def _number_of_images(number: int) -> str:
    return f"{number:,} image{'' if number == 1 else 's'}"


def _rule(axes: Axes, places: list[tuple[int, int]], columns: list[float], width: float, height: float) -> None:
    """Adds the base line and the vertical grid lines of many small histograms."""
    upright = [[(left + x, top + LINE), (left + x, top + height)] for left, top in places for x in columns]
    base = [[(left, top + height), (left + width, top + height)] for left, top in places]
    axes.add_collection(LineCollection(upright, colors=GRID, linewidths=0.8, zorder=0))
    axes.add_collection(LineCollection(base, colors=PALE, linewidths=0.8, zorder=3))

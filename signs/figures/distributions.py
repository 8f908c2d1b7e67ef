"""Figures of how many images there are: of each class, and of each brightness."""

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
    MOST_CLASSES,
    MUTED,
    NEUTRAL,
    PALE,
    SPLIT_COLOURS,
    WIDTH,
    WRONG,
    canvas,
    cells,
    drawn,
    first_classes,
    label,
    panel,
)
from signs.figures.text import fitted, printable, text_width

BIN_WIDTH = 10  # of the histograms of brightness


@drawn
def counts(counts: dict[str, np.ndarray], ids: Sequence[int], names: Sequence[str]) -> Figure:
    """How many images each class has in each split, as bars.

    Args:
        counts: By split, int (classes,).
        ids: Of the classes.
        names: Likewise.
    """
    classes = min(len(ids), MOST_CLASSES)
    left, height, pitch = MARGIN + 72, 150, 200
    width = WIDTH - left - MARGIN
    slot = width / classes
    upright = slot < 90
    texts = [f"{id}: {name}" for id, name in zip(ids[:classes], names[:classes], strict=True)]
    labels = [fitted(text, 180) if upright else fitted(text, slot - 8, lines=3) for text in texts]
    room = max(map(text_width, labels)) if upright else LINE * max(text.count("\n") + 1 for text in labels)
    bottom = HEADER + 20 + len(counts) * pitch - (pitch - height)
    figure, axes = canvas(
        bottom + 8 + room + MARGIN,
        "Number of images per class",
        "Each split has its own vertical scale",
        suffix=first_classes(len(ids)),
    )
    for index, (split, numbers) in enumerate(counts.items()):
        bars = panel(figure, left, HEADER + 20 + index * pitch, width, height)
        _draw_bars(bars, numbers[:classes], SPLIT_COLOURS.get(split, NEUTRAL))
        bars.set_title(f"{printable(split)}: {numbers.sum():,} images")
    for index, text in enumerate(labels):
        centre = left + (index + 0.5) * slot
        axes.text(centre, bottom + 8, text, rotation=90 if upright else 0, ha="center", va="top")
    return figure


def _draw_bars(axes: Axes, numbers: np.ndarray, colour: str) -> None:
    classes = len(numbers)
    axes.bar(np.arange(classes), numbers, width=min(0.8, classes / 16), color=colour)
    for index in np.flatnonzero(numbers == 0).tolist():
        axes.text(index, 0, "0", color=WRONG, ha="center", va="bottom", weight="bold")
    axes.set(xlim=(-0.5, classes - 0.5), ylim=(0, max(1, numbers.max()) * 1.05), xticks=[], ylabel="images")
    axes.grid(visible=False, axis="x")
    axes.yaxis.set_label_coords(-0.061, 0.5)
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


@drawn
def brightness(values: np.ndarray, labels: np.ndarray, ids: Sequence[int], names: Sequence[str], title: str) -> Figure:
    """A histogram of the brightness of each class's images.

    Args:
        values: Mean pixel value of each image, 0-255, (n,).
        labels: Class ids of the same images, (n,).
        ids: Of the classes.
        names: Likewise.
        title: Of the figure.
    """
    edges = np.arange(0, 256 + BIN_WIDTH - 1, BIN_WIDTH)
    width, body = CELL_WIDTH - GUTTER, 72
    places, height = cells(min(len(ids), MOST_CLASSES), body)
    figure, axes = canvas(
        height + LINE,
        title,
        f"Images by mean pixel value, 0 to 255 in bins of {BIN_WIDTH}; each class has its own vertical scale",
        suffix=first_classes(len(ids)),
    )
    pixels = width / edges[-1]
    _rule(axes, places, [0, 100 * pixels, 200 * pixels], width, body)
    for index, (place, id, name) in enumerate(zip(places, ids, names, strict=False)):
        label(axes, place, f"{id}: {name}", width)
        numbers, _ = np.histogram(values[labels == id], bins=edges)
        tops = place[1] + body - numbers / max(1, numbers.max()) * (body - LINE)
        steps = StepPatch(tops, place[0] + edges * pixels, baseline=place[1] + body, facecolor=NEUTRAL)
        axes.add_artist(steps)  # as `stairs`, which would work out the limits of the axes anew each time
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
    """Draws the base line and vertical lines of many small histograms."""
    upright = [[(left + x, top + LINE), (left + x, top + height)] for left, top in places for x in columns]
    base = [[(left, top + height), (left + width, top + height)] for left, top in places]
    axes.add_collection(LineCollection(upright, colors=GRID, linewidths=0.8, zorder=0))
    axes.add_collection(LineCollection(base, colors=PALE, linewidths=0.8, zorder=3))

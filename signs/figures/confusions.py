"""Figures of what a model confuses, class by class."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from signs.figures.canvas import (
    EMPTY,
    GRID,
    HEADER,
    INK,
    LINE,
    MARGIN,
    MOST_CLASSES,
    MUTED,
    PALE,
    PRECISION,
    RECALL,
    WIDTH,
    canvas,
    drawn,
    first_classes,
    panel,
)
from signs.figures.text import SMALL, fitted, text_width

SHARES = "Blues"  # colour map


@drawn
def confusion(matrix: np.ndarray, ids: Sequence[int], names: Sequence[str], title: str) -> Figure:
    """What each class is taken for.

    Args:
        matrix: Numbers of images, true class in rows and predicted class in columns, int (classes, classes).
        ids: Of the classes.
        names: Likewise.
        title: Of the figure.
    """
    classes = min(len(ids), MOST_CLASSES)
    labels = [fitted(f"{id}: {name}", 230) for id, name in zip(ids[:classes], names[:classes], strict=True)]
    left, top = MARGIN + 32 + max(map(text_width, labels)), HEADER + 40
    cell = int(np.clip((WIDTH - left - 112) // classes, 11, 64))
    side = cell * classes
    figure, _ = canvas(
        max(top + side, top + 200) + MARGIN,
        title,
        "Colour: share of the true class's images; numbers: images that were mistaken",
        suffix=first_classes(len(ids)),
        width=max(round(left + side + 112), 800),
    )
    totals = matrix.sum(axis=1, keepdims=True)
    shares = np.divide(matrix, totals, out=np.full(matrix.shape, np.nan), where=totals > 0)[:classes, :classes]
    norm = PowerNorm(0.4, vmin=0, vmax=1)
    axes = panel(figure, left, top, side, side)
    colours = matplotlib.colormaps[SHARES].with_extremes(bad=EMPTY)
    image = axes.imshow(shares, cmap=colours, norm=norm, aspect="auto", interpolation="nearest")
    _label_matrix(axes, [str(id) for id in ids[:classes]], labels, cell)
    _print_mistakes(axes, matrix[:classes, :classes], norm(shares), cell)
    bar = figure.colorbar(image, cax=panel(figure, left + side + 24, top, 14, min(max(side, 200), 400)))
    bar.set_ticks([0, 0.01, 0.05, 0.2, 0.5, 1], labels=["0", "1%", "5%", "20%", "50%", "100%"])
    bar.outline.set_visible(False)
    return figure


def _label_matrix(axes: Axes, ids: list[str], labels: list[str], cell: int) -> None:
    positions = np.arange(len(ids))
    upright = max(map(text_width, ids)) > cell - 3
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xticks(positions, ids, rotation=90 if upright else 0)
    axes.set_yticks(positions, labels)
    axes.set(xlabel="predicted class", ylabel="true class")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.grid(visible=False)
    between = positions[1:] - 0.5
    axes.hlines(between, -0.5, len(ids) - 0.5, color=GRID, linewidth=0.6)
    axes.vlines(between, -0.5, len(ids) - 0.5, color=GRID, linewidth=0.6)


def _print_mistakes(axes: Axes, matrix: np.ndarray, darkness: np.ndarray, cell: int) -> None:
    size = SMALL if cell > 24 else SMALL - 1
    for row, column in zip(*np.nonzero(matrix), strict=True):
        text = str(matrix[row, column])
        if row != column and cell >= LINE and text_width(text, size) < cell - 1:
            colour = "white" if darkness[row, column] > 0.6 else INK
            axes.text(column, row, text, size=size, color=colour, ha="center", va="center")


@drawn
def per_class(
    precision: np.ndarray,
    recall: np.ndarray,
    f1: np.ndarray,
    images: np.ndarray,
    ids: Sequence[int],
    names: Sequence[str],
) -> Figure:
    """Precision, recall and their harmonic mean of each class, the worst on top.

    Args:
        precision: 0-1, nan where undefined, (classes,).
        recall: Likewise.
        f1: Likewise.
        images: Number of images of each class, (classes,).
        ids: Of the classes.
        names: Likewise.
    """
    order = np.argsort(f1, kind="stable")[:MOST_CLASSES]  # nan comes last
    labels = [fitted(f"{ids[index]}: {names[index]}", 260) for index in order]
    left, top, pitch = MARGIN + max(map(text_width, labels)) + 12, HEADER + 40, 17
    suffix = f", worst {MOST_CLASSES} of {len(ids)} classes" if len(ids) > MOST_CLASSES else ""
    figure, canvas_axes = canvas(
        top + len(order) * pitch + 28 + MARGIN,
        "Precision, recall and F1 of each class",
        "Lowest F1 on top",
        suffix=suffix,
    )
    width = WIDTH - left - MARGIN - 64
    axes = panel(figure, left, top, width, len(order) * pitch)
    rows = np.arange(len(order))
    _draw_dots(axes, rows, precision[order], recall[order], f1[order])
    axes.set_yticks(rows, labels)
    axes.set(ylim=(len(order) - 0.5, -0.5))
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderaxespad=0.2, handletextpad=0.1)
    right = WIDTH - MARGIN
    canvas_axes.text(right, top - 8, "images", color=MUTED, ha="right", va="bottom")
    for row, index in enumerate(order):
        height = top + (row + 0.5) * pitch
        canvas_axes.text(right, height, f"{images[index]:,.0f}", color=MUTED, ha="right", va="center")
    return figure


def _draw_dots(axes: Axes, rows: np.ndarray, precision: np.ndarray, recall: np.ndarray, f1: np.ndarray) -> None:
    values = np.stack([precision, recall, f1])
    defined = values[np.isfinite(values)]
    lowest = np.floor(defined.min(initial=0.9) * 10) / 10
    both = np.isfinite(precision) & np.isfinite(recall)
    axes.hlines(rows[both], precision[both], recall[both], color=PALE, linewidth=1.2, zorder=1)
    axes.plot(precision, rows, ">", color=PRECISION, label="precision", clip_on=False)
    axes.plot(recall, rows, "<", color=RECALL, label="recall", clip_on=False)
    axes.plot(f1, rows, "o", color=INK, markersize=4.5, label="F1", clip_on=False)
    for row in rows[~np.isfinite(values).any(axis=0)]:
        axes.text(lowest, row, " undefined", color=MUTED, va="center")
    axes.set_xlim(lowest - 0.012 * (1 - lowest), 1)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)

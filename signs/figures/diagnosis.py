"""Figures of a model: how it learnt, what it confuses, and how sure it is."""

from collections.abc import Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from signs.figures import (
    CELL_WIDTH,
    EMPTY,
    GRID,
    GUTTER,
    HEADER,
    INK,
    LINE,
    MARGIN,
    MOST_CLASSES,
    MUTED,
    PALE,
    PRECISION,
    RECALL,
    RIGHT,
    SMALL,
    SPLIT_COLOURS,
    WIDTH,
    WRONG,
    canvas,
    cells,
    drawn,
    first_classes,
    fitted,
    label,
    panel,
    printable,
    text_width,
)

NOTABLE = 0.02  # mean probability above which a wrong class is named
FEW = 10  # images, below which a bin says little
SHARES = "Blues"  # colour map

Curve = tuple[np.ndarray, np.ndarray, np.ndarray]


@drawn
def learning_curves(history: Sequence[dict[str, float]], best: int) -> Figure:
    """Accuracy, cost and the change of the weights, epoch by epoch.

    Args:
        history: A row an epoch: `epoch`; of `train`, maybe of `valid` and `test`, `_accuracy` (0-1) and
            `_cost` (nats); `squared_change`. A value may lack or be nan.
        best: The epoch whose weights were kept.
    """
    kept = next((row["valid_accuracy"] for row in history if row["epoch"] == best and "valid_accuracy" in row), None)
    accuracy = "" if kept is None else f", with an accuracy of {kept:.4f} on valid"
    figure, _ = canvas(432, "Learning curves", f"Dashed: epoch {best}, the one kept{accuracy}")
    panels = (
        ("Accuracy", _of_splits("accuracy")),
        ("Mean cross entropy, nats", _of_splits("cost")),
        ("Squared change of the weights", {"squared_change": INK}),
    )
    width, gap = 320, 72
    for index, (title, colours) in enumerate(panels):
        axes = panel(figure, MARGIN + 40 + index * (width + gap), HEADER + 28, width, 270)
        axes.set(title=title, xlabel="epoch")
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
        axes.axvline(best, color=MUTED, linestyle="--", linewidth=1)
        values = _draw_lines(axes, history, colours)
        if index and len(values) and values.max() > 10 * values.min():
            _scale_logarithmically(axes, values.max() / values.min())
    lines = figure.axes[1].get_lines()[1:]
    corner = 1 - MARGIN / WIDTH, 1.0
    figure.legend(lines, [str(line.get_label()) for line in lines], loc="upper right", bbox_to_anchor=corner, ncols=3)
    return figure


def _of_splits(measure: str) -> dict[str, str]:
    return {f"{split}_{measure}": colour for split, colour in SPLIT_COLOURS.items()}


def _draw_lines(axes: Axes, history: Sequence[dict[str, float]], colours: dict[str, str]) -> np.ndarray:
    """Draws the values that are there, and returns those above 0."""
    epochs = np.array([row["epoch"] for row in history])
    lines = {key: np.array([row.get(key, np.nan) for row in history]) for key in colours}
    lines = {key: values for key, values in lines.items() if not np.isnan(values).all()}
    for key, values in lines.items():
        marker = "o" if len(epochs) < 3 else ""
        axes.plot(epochs, values, color=colours[key], label=key.partition("_")[0], marker=marker)
    if not lines:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "no values", color=MUTED, ha="center", va="center", transform=axes.transAxes)
    margin = max(0.5, 0.03 * np.ptp(epochs))
    axes.set_xlim(epochs.min() - margin, epochs.max() + margin)
    every = np.concatenate([*lines.values(), np.empty(0)])
    return every[every > 0]


def _scale_logarithmically(axes: Axes, ratio: float) -> None:
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if ratio < 1000 else (1,)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


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

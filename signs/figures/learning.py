"""The figure of how a network learnt."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from signs.figures.canvas import HEADER, INK, MARGIN, MUTED, SPLIT_COLOURS, WIDTH, canvas, drawn, panel


@drawn
def learning_curves(history: Sequence[dict[str, float]], best: int) -> Figure:
    """Accuracy, loss and the change of the weights, epoch by epoch.

    Args:
        history: A row an epoch: `epoch`; of `train`, maybe of `valid` and `test`, `_accuracy` (0-1) and
            `_loss` (nats); `squared_change`. A value may lack or be nan.
        best: The epoch whose weights were kept.
    """
    kept = next((row["valid_accuracy"] for row in history if row["epoch"] == best and "valid_accuracy" in row), None)
    accuracy = "" if kept is None else f", with an accuracy of {kept:.4f} on valid"
    figure, _ = canvas(432, "Learning curves", f"Dashed: epoch {best}, the one kept{accuracy}")
    panels = (
        ("Accuracy", _of_splits("accuracy")),
        ("Mean cross entropy, nats", _of_splits("loss")),
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

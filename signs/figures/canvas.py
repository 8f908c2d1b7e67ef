"""Figures of data sets and models; here what all share: the style, the canvas with its heading and places, the file."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec

import matplotlib
import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from signs.core.files import replaced
from signs.figures.text import DPI, SMALL, TEXT, TITLE, fitted, font_file, text_width

MOST_CLASSES = 100  # that a figure with a cell for each class shows
WIDTH = 1200  # of most figures, pixels
MARGIN = 24
HEADER = 76  # pixels above the content: title and subtitle
CELL_COLUMNS = 8  # of a grid with a cell for each class
CELL_WIDTH = (WIDTH - 2 * MARGIN) // CELL_COLUMNS
GUTTER = 16  # between cells
LINE = 14  # height of a line of small text, pixels

INK, MUTED, PALE, GRID, EMPTY = "#222222", "#666666", "#aaaaaa", "#e4e4e4", "#f1f1f1"
# Okabe and Ito's palette: told apart in every common kind of colour blindness, and in grey.
SPLIT_COLOURS = {"train": "#0072b2", "valid": "#e69f00", "test": "#009e73"}
RIGHT, WRONG, PRECISION, RECALL, NEUTRAL = "#0072b2", "#d55e00", "#cc79a7", "#56b4e9", "#6b7f94"

STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": PALE,
    "axes.grid": True,
    "axes.labelcolor": MUTED,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": TEXT,
    "axes.titleweight": "bold",
    "figure.dpi": DPI,
    "font.family": ["DejaVu Sans"],
    "font.size": SMALL,
    "grid.color": GRID,
    "legend.fontsize": TEXT,
    "legend.frameon": False,
    "text.color": INK,
    "text.parse_math": False,  # a name is shown as it is
    "xtick.color": PALE,
    "xtick.labelcolor": INK,
    "ytick.color": PALE,
    "ytick.labelcolor": INK,
}

P = ParamSpec("P")


def drawn(function: Callable[P, Figure]) -> Callable[P, Figure]:
    """Has a function draw in the house style, whatever the user's settings of matplotlib."""

    @functools.wraps(function)
    def in_style(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with matplotlib.style.context(["default", STYLE]):
            figure = function(*args, **kwargs)
            for text in figure.findobj(Text):
                bold = text.get_fontproperties().get_weight() == "bold"
                text.get_fontproperties().set_file(font_file(bold))
        return figure

    return in_style


def save(path: Path, figure: Figure) -> None:
    """Writes a PNG; the same figure gives the same bytes."""
    with matplotlib.style.context(["default", STYLE]), replaced(path) as partial:
        figure.savefig(partial, format="png", metadata={"Software": None})


def canvas(
    height: float, title: str, subtitle: str = "", *, suffix: str = "", width: int = WIDTH
) -> tuple[Figure, Axes]:
    """An empty figure with its heading, and axes that cover it, in pixels from its top left corner.

    Args:
        height: Of the figure, pixels.
        title: One line, cut where it is too long.
        subtitle: One line.
        suffix: Follows the title and is never cut.
        width: Of the figure, pixels.
    """
    rows = round(height)
    rows += int(rows / DPI * DPI) < rows  # matplotlib counts pixels so, and would leave out the last row
    figure = Figure(figsize=(width / DPI, rows / DPI))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(rows, 0), xticks=[], yticks=[])
    axes.set_axis_off()
    room = width - 2 * MARGIN
    heading = fitted(title, room - text_width(suffix, TITLE, bold=True), size=TITLE, bold=True) + suffix
    axes.text(MARGIN, 14, heading, size=TITLE, weight="bold", va="top")
    axes.text(MARGIN, 42, fitted(subtitle, room, size=TEXT), size=TEXT, color=MUTED, va="top")
    return figure, axes


def notice(title: str, sentence: str) -> Figure:
    """A figure that has nothing to show, and says so."""
    return canvas(HEADER, title, sentence)[0]


def panel(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes with scales of their own, at a place in pixels from the figure's top left corner."""
    columns, rows = figure.get_size_inches() * DPI
    return figure.add_axes((left / columns, 1 - (top + height) / rows, width / columns, height / rows))


def cells(
    count: int, height: int, *, columns: int = CELL_COLUMNS, lines: int = 2, top: int = HEADER
) -> tuple[list[tuple[int, int]], int]:
    """Places in a grid, row after row, each below a label.

    Args:
        count: Number of cells.
        height: Of what a cell shows, pixels.
        columns: Of the grid.
        lines: Of the labels.
        top: Where the grid begins.

    Returns:
        Left and top of what each cell shows, and where the figure ends; pixels.
    """
    width, label = (WIDTH - 2 * MARGIN) // columns, lines * LINE + 4
    pitch = label + height + GUTTER
    places = [(MARGIN + index % columns * width, top + index // columns * pitch + label) for index in range(count)]
    return places, top + -(-count // columns) * pitch + MARGIN // 2


def label(axes: Axes, place: tuple[int, int], text: str, width: float) -> None:
    """Writes up to two lines of text above a cell of a grid, the last always at the same height."""
    axes.text(place[0], place[1] - 7, fitted(text, width, lines=2), va="baseline", linespacing=1.1)


def first_classes(classes: int) -> str:
    """What a title adds where not all classes are shown."""
    return f", first {MOST_CLASSES} of {classes} classes" if classes > MOST_CLASSES else ""

"""What all figures share: style, heading, grid, file."""

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

MAX_CLASSES = 100  # in a figure with a cell for each class
WIDTH = 1200  # of a figure, pixels
MARGIN = 24
HEADER = 76  # pixels above the content, for title and subtitle
CELL_COLUMNS = 8  # of a grid with a cell for each class
CELL_WIDTH = (WIDTH - 2 * MARGIN) // CELL_COLUMNS
GUTTER = 16  # between cells
LINE = 14  # height of a line of small text, pixels

INK, MUTED, PALE, GRID, EMPTY = "#222222", "#666666", "#aaaaaa", "#e4e4e4", "#f1f1f1"
# The palette of Okabe and Ito: distinct in all common kinds of colour blindness, and in grey.
SPLIT_COLOURS = {"train": "#0072b2", "valid": "#e69f00", "test": "#009e73"}
RIGHT, WRONG, NEUTRAL = "#0072b2", "#d55e00", "#6b7f94"

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
    "text.color": INK,
    "text.parse_math": False,  # class names may hold a $
    "xtick.color": PALE,
    "xtick.labelcolor": INK,
    "ytick.color": PALE,
    "ytick.labelcolor": INK,
}

P = ParamSpec("P")


def house_style(function: Callable[P, Figure]) -> Callable[P, Figure]:
    """Makes a function plot in the house style, whatever the user's settings of Matplotlib."""

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


def canvas(height: float, title: str, subtitle: str = "", *, suffix: str = "") -> tuple[Figure, Axes]:
    """Makes an empty figure with a heading, and axes that cover it, in pixels from its upper left corner.

    Args:
        height: Of the figure, pixels.
        title: One line, shortened if it is too long.
        subtitle: One line, shortened if it is too long.
        suffix: Follows the title and is never shortened.
    """
    rows = round(height)
    rows += int(rows / DPI * DPI) < rows  # Matplotlib truncates this product, and would lose the last row
    figure = Figure(figsize=(WIDTH / DPI, rows / DPI))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(rows, 0), xticks=[], yticks=[])
    axes.set_axis_off()
    room = WIDTH - 2 * MARGIN
    heading = fitted(title, room - text_width(suffix, TITLE, bold=True), size=TITLE, bold=True) + suffix
    axes.text(MARGIN, 14, heading, size=TITLE, weight="bold", va="top")
    axes.text(MARGIN, 42, fitted(subtitle, room, size=TEXT), size=TEXT, color=MUTED, va="top")
    return figure, axes


@house_style
def notice(title: str, sentence: str) -> Figure:
    """A figure without content, which says why."""
    return canvas(HEADER, title, sentence)[0]


def panel(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes with their own scales, at a place in pixels from the figure's upper left corner."""
    columns, rows = figure.get_size_inches() * DPI
    return figure.add_axes((left / columns, 1 - (top + height) / rows, width / columns, height / rows))


def cells(
    count: int, height: int, *, columns: int = CELL_COLUMNS, lines: int = 2, top: int = HEADER
) -> tuple[list[tuple[int, int]], int]:
    """Lays out a grid whose cells have a label above their content.

    Args:
        count: Number of cells.
        height: Of the content of a cell, pixels.
        columns: Of the grid.
        lines: Of a label.
        top: Of the grid.

    Returns:
        Left and top of the content of each cell, row by row, and where the figure ends; pixels.
    """
    width, label = (WIDTH - 2 * MARGIN) // columns, lines * LINE + 4
    pitch = label + height + GUTTER
    places = [(MARGIN + index % columns * width, top + index // columns * pitch + label) for index in range(count)]
    return places, top + -(-count // columns) * pitch + MARGIN // 2


def label(axes: Axes, place: tuple[int, int], text: str, width: float) -> None:
    """Writes up to two lines of text above the content of a cell, the last one always at the same height."""
    axes.text(place[0], place[1] - 7, fitted(text, width, lines=2), va="baseline", linespacing=1.1)


def first_classes(classes: int) -> str:
    """The suffix of a title if not all classes are shown."""
    return f", first {MAX_CLASSES} of {classes} classes" if classes > MAX_CLASSES else ""

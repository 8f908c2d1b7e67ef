"""Figures of data sets and models; here what all share: the style, text that fits, images, the file."""

import bisect
import functools
import itertools
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ParamSpec

import cv2
import matplotlib
import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ft2font import FT2Font, LoadFlags
from matplotlib.text import Text

from signs.datasets import replaced

MOST_CLASSES = 100  # that a figure with a cell for each class shows
DPI = 100
WIDTH = 1200  # of most figures, pixels
MARGIN = 24
HEADER = 76  # pixels above the content: title and subtitle
CELL_COLUMNS = 8  # of a grid with a cell for each class
CELL_WIDTH = (WIDTH - 2 * MARGIN) // CELL_COLUMNS
GUTTER = 16  # between cells
FRAME = 208  # grey around images, so that white ones have an edge
LINE = 14  # height of a line of small text, pixels

TITLE, TEXT, SMALL = 14, 9.5, 8  # sizes of text, points
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
                text.get_fontproperties().set_file(_font_file(bold))
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
    figure = Figure(figsize=(width / DPI, round(height) / DPI))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, width), ylim=(round(height), 0), xticks=[], yticks=[])
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


# --- text


def printable(text: str) -> str:
    """One line of characters that the font has; for others, an empty box."""
    kept = (_printable(character) for character in str(text)[:1000])
    return " ".join("".join(kept).split())


def text_width(text: str, size: float = SMALL, *, bold: bool = False) -> float:
    """Width of a line of text, pixels."""
    return sum(_advance(character, bold) for character in text) * size


def fitted(text: str, width: float, *, size: float = SMALL, bold: bool = False, lines: int = 1) -> str:
    """Text broken into at most `lines` lines of `width` pixels; "…" stands for what is left out."""
    measure = functools.partial(text_width, size=size, bold=bold)
    done: list[str] = []
    words = printable(text).split()
    while words and len(done) < lines - 1:
        count = len(words)
        while count > 1 and measure(" ".join(words[:count])) > width:
            count -= 1
        if measure(words[0]) > width:
            break
        done.append(" ".join(words[:count]))
        words = words[count:]
    return "\n".join([*done, *_cut(" ".join(words), width, measure)])


def fitted_lines(text: str, width: float, *, lines: int) -> str:
    """Keeps the line breaks of a text, and of its lines what fits: `lines` of `width` pixels."""
    return "\n".join(fitted(line, width) for line in str(text).splitlines()[:lines])


def _cut(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    if not text or measure(text) <= width:
        return [text] * bool(text)
    ends = list(itertools.accumulate(map(measure, text), initial=measure("…")))
    length = max(0, bisect.bisect_right(ends, width) - 1)
    return [text[:length].rstrip() + "…"]


@functools.cache
def _printable(character: str) -> str:
    category = unicodedata.category(character)
    if character.isspace() or category == "Cc":
        return " "
    if category == "Cf" and character not in "\u200c\u200d":  # reversals; the joiners matter to Persian and Hindi
        return ""
    known = category != "Cs" and all(_font(bold).get_char_index(ord(character)) for bold in (False, True))
    return character if known else "□"


@functools.cache
def _advance(character: str, bold: bool) -> float:
    """Width of a character, pixels for each point of the text's size."""
    return _font(bold).load_char(ord(character), LoadFlags.NO_HINTING).linearHoriAdvance / 2**16 / TITLE


@functools.cache
def _font(bold: bool) -> FT2Font:
    font = FT2Font(_font_file(bold))
    font.set_size(TITLE, DPI)
    return font


def _font_file(bold: bool) -> str:
    """A font that comes with matplotlib: the system's of that name may be another version."""
    return str(Path(matplotlib.get_data_path(), "fonts", "ttf", f"DejaVuSans{'-Bold' * bold}.ttf"))


# --- images


def rgb(images: np.ndarray) -> np.ndarray:
    """Images in three channels, those in one as grey."""
    return images if images.shape[-1] == 3 else images.repeat(3, axis=-1)


def scaled(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """An image made to fit: enlarged by a whole number, so that its pixels show, or shrunk by means.

    Args:
        image: (height, width, 1 or 3), uint8.
        width: That it may take, pixels.
        height: Likewise.

    Returns:
        (height, width, 3), uint8.
    """
    rows, columns = image.shape[:2]
    zoom = min(width / columns, height / rows)
    if zoom >= 1:
        return rgb(image).repeat(int(zoom), axis=0).repeat(int(zoom), axis=1)
    size = max(1, round(columns * zoom)), max(1, round(rows * zoom))
    return cv2.resize(rgb(image), size, interpolation=cv2.INTER_AREA)


def show(axes: Axes, images: Iterable[np.ndarray], places: Sequence[tuple[int, int]]) -> None:
    """Shows images on a canvas, pixel for pixel, each in a thin frame; as one picture: many axes take seconds.

    Args:
        axes: Of the canvas.
        images: Each (height, width, 3), uint8.
        places: Left and top of each, pixels.
    """
    columns, rows = round(axes.get_xlim()[1]), round(axes.get_ylim()[0])
    mosaic = np.full((rows, columns, 3), 255, dtype=np.uint8)
    for image, (left, top) in zip(images, places, strict=True):
        height, width, _ = image.shape
        mosaic[top - 1 : top + height + 1, left - 1 : left + width + 1] = FRAME
        mosaic[top : top + height, left : left + width] = image
    axes.imshow(mosaic, extent=(0, columns, rows, 0), aspect="auto", interpolation="nearest")

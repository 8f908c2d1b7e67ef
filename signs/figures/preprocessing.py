"""The article's comparison of an image before and after preprocessing."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from signs.figures.canvas import EMPTY, GUTTER, HEADER, MARGIN, MUTED, RIGHT, WIDTH, WRONG, canvas, house_style
from signs.figures.pictures import rgb, scaled, show
from signs.figures.text import TEXT

CORNER = slice(1, 5)  # rows and columns whose pixels are printed


@house_style
def before_and_after(
    image: np.ndarray, grey: np.ndarray, normalized: np.ndarray, one_hot: np.ndarray, title: str
) -> Figure:
    """Shows an image and its label before and after preprocessing, as the article does in In [17] and In [19].

    Args:
        image: uint8 (height, width, 1 or 3).
        grey: uint8 (height, width, 1).
        normalized: float32 in [-1, 1], (height, width, 1).
        one_hot: (classes,).
        title: Of the figure.
    """
    figure, axes = canvas(504, title, "Beside each image: the pixels of its marked corner")
    kind = "RGB" if image.shape[-1] == 3 else "grey"
    halves = (
        (MARGIN, f"Before: {kind}, uint8 in 0 to 255", image, image[CORNER, CORNER].astype(str)),
        (WIDTH // 2 + MARGIN, "After: grey, float32 in -1 to 1", grey, np.char.mod("%.4f", normalized[CORNER, CORNER])),
    )
    top, side = HEADER + 32, 256
    shown, places = [], []
    for left, heading, pixels, numbers in halves:
        axes.text(left, top - 8, heading, size=TEXT, va="bottom")
        shown += [scaled(pixels, side, side), rgb(pixels[CORNER, CORNER]).repeat(64, axis=0).repeat(64, axis=1)]
        places += [(left, top), (left + side + GUTTER, top)]
        _mark_corner(axes, (left, top), shown[-2].shape[0] / pixels.shape[0], numbers.shape)
        _print_pixels(axes, places[-1], shown[-1], numbers)
    show(axes, shown, places)
    _plot_one_hot(axes, top + side + 60, one_hot)
    return figure


def _mark_corner(axes: Axes, place: tuple[int, int], zoom: float, shape: tuple[int, ...]) -> None:
    corner = place[0] + CORNER.start * zoom, place[1] + CORNER.start * zoom
    axes.add_patch(Rectangle(corner, shape[1] * zoom, shape[0] * zoom, fill=False, color=WRONG, linewidth=2))


def _print_pixels(axes: Axes, place: tuple[int, int], shown: np.ndarray, numbers: np.ndarray) -> None:
    """Prints numbers, str (rows, columns, channels), on pixels enlarged 64 times."""
    for row, column in np.ndindex(*numbers.shape[:2]):
        axes.text(
            place[0] + 64 * column + 32,
            place[1] + 64 * row + 32,
            "\n".join(numbers[row, column]),
            color="black" if _is_bright(shown[64 * row, 64 * column]) else "white",
            ha="center",
            va="center",
        )


def _is_bright(pixel: np.ndarray) -> bool:
    """Whether a pixel, uint8 (3,), needs dark print; the weights of red, green and blue are roughly the eye's.

    Integers, because a float sum at the threshold depends on the alignment of the pixel in memory.
    """
    return bool(pixel.astype(int) @ (3, 6, 1) > 1270)


def _plot_one_hot(axes: Axes, top: float, one_hot: np.ndarray) -> None:
    """Plots a row of zeros and a one, and prints it below, shortened."""
    classes, position = len(one_hot), int(one_hot.argmax())
    width, height = min(40, (WIDTH - 2 * MARGIN) / classes), 28
    axes.text(
        MARGIN,
        top - 8,
        f"Label, one-hot: {classes} number{'' if classes == 1 else 's'}, the 1 at position {position} (from 0)",
        size=TEXT,
        va="bottom",
    )
    axes.add_patch(Rectangle((MARGIN, top), classes * width, height, color=EMPTY, linewidth=0))
    axes.add_patch(
        Rectangle((MARGIN + position * width, top), max(width, 2), height, color=RIGHT, linewidth=0, zorder=2)
    )
    if width >= 11:
        for index, value in enumerate(one_hot):
            colour = "white" if index == position else MUTED
            centre = MARGIN + (index + 0.5) * width
            axes.text(centre, top + height / 2, f"{value:.0f}", color=colour, ha="center", va="center")
    axes.text(MARGIN, top + height + 10, _shortened(one_hot, position), size=TEXT, color=MUTED, va="top")


def _shortened(row: np.ndarray, position: int) -> str:
    """A row as NumPy prints it, with "…" between its ends and the neighbours of a position."""
    last = len(row) - 1
    kept = sorted({0, 1, 2, position - 1, position, position + 1, last - 2, last - 1, last} & set(range(len(row))))
    parts = [
        f"{'… ' * (index - before > 1)}{row[index]:.0f}." for before, index in zip([-1, *kept], kept, strict=False)
    ]
    return f"[{' '.join(parts)}]"

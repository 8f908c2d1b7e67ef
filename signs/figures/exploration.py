"""Figures of a data set: how many images, what they look like, what preprocessing and synthesis make of them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from signs.figures import (
    CELL_COLUMNS,
    CELL_WIDTH,
    EMPTY,
    GRID,
    GUTTER,
    HEADER,
    LINE,
    MARGIN,
    MOST_CLASSES,
    MUTED,
    NEUTRAL,
    PALE,
    RIGHT,
    SPLIT_COLOURS,
    TEXT,
    WIDTH,
    WRONG,
    canvas,
    cells,
    drawn,
    first_classes,
    fitted,
    label,
    notice,
    panel,
    printable,
    rgb,
    scaled,
    show,
    text_width,
)

BIN_WIDTH = 10  # of the histograms of brightness
MOST_PAIRS = 24
MOST_SAMPLES = 100
CORNER = slice(1, 5)  # of the pixels that are printed, rows and columns


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
def gallery(images: np.ndarray, ids: Sequence[int], names: Sequence[str], title: str) -> Figure:
    """An image of each class.

    Args:
        images: One a class, uint8 (classes, height, width, 1 or 3).
        ids: Of the classes.
        names: Likewise.
        title: Of the figure.
    """
    body = CELL_WIDTH - GUTTER
    shown = [scaled(image, body, body) for image in images[:MOST_CLASSES]]
    places, height = cells(len(shown), len(shown[0]))
    size = f"{images.shape[2]} by {images.shape[1]} pixels each"
    figure, axes = canvas(height, title, size, suffix=first_classes(len(ids)))
    show(axes, shown, places)
    for place, id, name in zip(places, ids, names, strict=False):
        label(axes, place, f"{id}: {name}", body)
    return figure


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
        axes.stairs(tops, place[0] + edges * pixels, baseline=place[1] + body, fill=True, color=NEUTRAL)
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


@drawn
def colour_beside_grey(
    image: np.ndarray, grey: np.ndarray, normalized: np.ndarray, one_hot: np.ndarray, name: str
) -> Figure:
    """What preprocessing makes of an image and its label, with some of the numbers.

    Args:
        image: uint8 (height, width, 1 or 3).
        grey: uint8 (height, width, 1).
        normalized: float32 in [-1, 1], (height, width, 1).
        one_hot: (classes,).
        name: Of the class.
    """
    figure, axes = canvas(504, f"Preprocessing: {name}", "Each image beside the pixels of its marked corner")
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
    _draw_one_hot(axes, top + side + 60, one_hot)
    return figure


def _mark_corner(axes: Axes, place: tuple[int, int], zoom: float, shape: tuple[int, ...]) -> None:
    corner = place[0] + CORNER.start * zoom, place[1] + CORNER.start * zoom
    axes.add_patch(Rectangle(corner, shape[1] * zoom, shape[0] * zoom, fill=False, color=WRONG, linewidth=2))


def _print_pixels(axes: Axes, place: tuple[int, int], shown: np.ndarray, numbers: np.ndarray) -> None:
    """Writes numbers, text (rows, columns, channels), on pixels shown 64 times as large."""
    for row, column in np.ndindex(*numbers.shape[:2]):
        bright = shown[64 * row, 64 * column] @ (0.3, 0.6, 0.1) > 127  # roughly as the eye weighs red, green, blue
        axes.text(
            place[0] + 64 * column + 32,
            place[1] + 64 * row + 32,
            "\n".join(numbers[row, column]),
            color="black" if bright else "white",
            ha="center",
            va="center",
        )


def _draw_one_hot(axes: Axes, top: float, one_hot: np.ndarray) -> None:
    """Draws a row of zeros and a one, and the same in print, abbreviated."""
    classes, position = len(one_hot), int(one_hot.argmax())
    width, height = min(40, (WIDTH - 2 * MARGIN) / classes), 28
    axes.text(
        MARGIN,
        top - 8,
        f"Label, one-hot: {classes} number{'' if classes == 1 else 's'}, the 1 at position {position}, counted from 0",
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
    axes.text(MARGIN, top + height + 10, _abbreviated(one_hot, position), size=TEXT, color=MUTED, va="top")


def _abbreviated(row: np.ndarray, position: int) -> str:
    """A row as NumPy prints it, with "…" for most of what is neither at its ends nor around a position."""
    last = len(row) - 1
    kept = sorted({0, 1, 2, position - 1, position, position + 1, last - 2, last - 1, last} & set(range(len(row))))
    parts = [
        f"{'… ' * (index - before > 1)}{row[index]:.0f}." for before, index in zip([-1, *kept], kept, strict=False)
    ]
    return f"[{' '.join(parts)}]"


@drawn
def near_duplicates(
    first: Sequence[np.ndarray], second: Sequence[np.ndarray], captions: Sequence[str], title: str
) -> Figure:
    """Pairs of images that are almost the same, side by side.

    Args:
        first: One of each pair, uint8 (height, width, 1 or 3); pairs after the 24th are left out.
        second: The other.
        captions: One a pair.
        title: Of the figure.
    """
    if not len(captions):
        return notice(title, "No near-duplicates were found.")
    columns, side = 4, 132
    pairs = list(zip(first, second, strict=True))[:MOST_PAIRS]
    shown = [[scaled(image, side, side) for image in pair] for pair in pairs]
    places, height = cells(len(pairs), max(image.shape[0] for pair in shown for image in pair), columns=columns)
    suffix = f", first {len(pairs)} of {len(captions)} pairs" if len(captions) > len(pairs) else ""
    figure, axes = canvas(height, title, "Each pair side by side", suffix=suffix)
    beside = [(left + pair[0].shape[1] + 4, top) for (left, top), pair in zip(places, shown, strict=True)]
    show(axes, [pair[0] for pair in shown] + [pair[1] for pair in shown], places + beside)
    for place, caption in zip(places, captions, strict=False):
        label(axes, place, caption, CELL_WIDTH * 2 - GUTTER)
    return figure


@drawn
def new_sign(name: str, drawing: np.ndarray, ladder: np.ndarray, samples: np.ndarray, every: int) -> Figure:
    """A class that is to be added: its drawing and some of its synthetic images.

    Args:
        name: Of the class.
        drawing: uint8 (height, width, 3).
        ladder: Images from the darkest to the brightest, uint8 (rungs, height, width, 1 or 3).
        samples: Every N-th synthetic image of the class, uint8 (n, height, width, 1 or 3); up to 100 are shown.
        every: That N.
    """
    side, pitch, top, left = 288, 68, HEADER + 24, 352
    columns = (WIDTH - MARGIN - left) // pitch
    steps = [scaled(image, pitch - 4, pitch - 4) for image in ladder]
    tiles = [scaled(image, pitch - 4, pitch - 4) for image in samples[:MOST_SAMPLES]]
    below = top + -(-len(steps) // columns) * pitch + 34
    bottom = max(top + side, below + -(-len(tiles) // columns) * pitch)
    figure, axes = canvas(bottom + MARGIN, f"New sign: {name}", "Its drawing beside synthetic images")
    images = [scaled(drawing, side, side), *steps, *tiles]
    places = [(MARGIN, top)]
    places += [(left + index % columns * pitch, top + index // columns * pitch) for index in range(len(steps))]
    places += [(left + index % columns * pitch, below + index // columns * pitch) for index in range(len(tiles))]
    show(axes, images, places)
    kind = f"One in {every} synthetic images" if every > 1 else "All synthetic images"
    kind += f": the first {len(tiles)} of {len(samples):,}" if len(samples) > len(tiles) else f": {len(tiles)}"
    for x, y, text in ((MARGIN, top, "Drawing"), (left, top, "From the darkest to the brightest"), (left, below, kind)):
        axes.text(x, y - 8, text, size=TEXT, color=MUTED, va="bottom")
    return figure

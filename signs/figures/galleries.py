"""Figures of images side by side: of each class, copies, a new sign."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from signs.figures.canvas import (
    CELL_WIDTH,
    GUTTER,
    HEADER,
    MARGIN,
    MOST_CLASSES,
    MUTED,
    WIDTH,
    canvas,
    cells,
    drawn,
    first_classes,
    label,
    notice,
)
from signs.figures.pictures import scaled, show
from signs.figures.text import TEXT, fitted

MOST_PAIRS = 24
MOST_SAMPLES = 100


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
def new_sign(
    name: str,
    drawing: np.ndarray,
    drawings: int,
    nearest: Sequence[tuple[str, float]],
    ladder: np.ndarray,
    samples: np.ndarray,
    every: int,
) -> Figure:
    """A class that is to be added: its drawing and some of its synthetic images.

    Args:
        name: Of the class.
        drawing: uint8 (height, width, 3).
        drawings: How many there are of the sign.
        nearest: Classes that it is most like, and how much, -1 to 1.
        ladder: Images from the darkest to the brightest, uint8 (rungs, height, width, 1 or 3).
        samples: Every N-th synthetic image of the class, uint8 (n, height, width, 1 or 3); up to 100 are shown.
        every: That N.
    """
    side, pitch, line, top, left = 288, 68, 20, HEADER + 24, 352
    columns = (WIDTH - MARGIN - left) // pitch
    steps = [scaled(image, pitch - 4, pitch - 4) for image in ladder]
    tiles = [scaled(image, pitch - 4, pitch - 4) for image in samples[:MOST_SAMPLES]]
    below = top + -(-len(steps) // columns) * pitch + 34
    told = top + side + 34
    bottom = max(told + len(nearest) * line, below + -(-len(tiles) // columns) * pitch)
    figure, axes = canvas(bottom + MARGIN, f"New sign: {name}", "Its drawing beside synthetic images")
    images = [scaled(drawing, side, side), *steps, *tiles]
    places = [(MARGIN, top)]
    places += [(left + index % columns * pitch, top + index // columns * pitch) for index in range(len(steps))]
    places += [(left + index % columns * pitch, below + index // columns * pitch) for index in range(len(tiles))]
    show(axes, images, places)
    kind = f"One in {every} synthetic images" if every > 1 else "All synthetic images"
    kind += f": the first {len(tiles)} of {len(samples):,}" if len(samples) > len(tiles) else f": {len(tiles)}"
    heading = "Drawing" if drawings == 1 else f"First of {drawings} drawings"
    headings = [(MARGIN, top, heading), (left, top, "From the darkest to the brightest"), (left, below, kind)]
    headings += [(MARGIN, told, "Most like it, by correlation")] if nearest else []
    for x, y, text in headings:
        axes.text(x, y - 8, text, size=TEXT, color=MUTED, va="bottom")
    for number, (other, likeness) in enumerate(nearest):
        axes.text(MARGIN, told + number * line, fitted(f"{likeness:.2f} {other}", side, size=TEXT), size=TEXT, va="top")
    return figure

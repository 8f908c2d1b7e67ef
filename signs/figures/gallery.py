"""Images side by side: one of each class, copies across splits, a new sign."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from signs.exploration.preview import Preview
from signs.figures.canvas import (
    CELL_WIDTH,
    GUTTER,
    HEADER,
    MARGIN,
    MAX_CLASSES,
    MUTED,
    WIDTH,
    canvas,
    cells,
    first_classes,
    house_style,
    label,
    notice,
)
from signs.figures.pictures import scaled, show
from signs.figures.text import TEXT, fitted

MAX_PAIRS = 24
MAX_SAMPLES = 100


@house_style
def one_per_class(images: np.ndarray, ids: Sequence[int], names: Sequence[str], title: str) -> Figure:
    """Shows an image of each class.

    Args:
        images: One per class, uint8 (classes, height, width, 1 or 3).
        ids: Of the classes.
        names: Of the classes.
        title: Of the figure.
    """
    body = CELL_WIDTH - GUTTER
    shown = [scaled(image, body, body) for image in images[:MAX_CLASSES]]
    places, height = cells(len(shown), len(shown[0]))
    size = f"Images of {images.shape[2]} by {images.shape[1]} pixels"
    figure, axes = canvas(height, title, size, suffix=first_classes(len(ids)))
    show(axes, shown, places)
    for place, id, name in zip(places, ids, names, strict=False):
        label(axes, place, f"{id}: {name}", body)
    return figure


@house_style
def copies(first: Sequence[np.ndarray], second: Sequence[np.ndarray], captions: Sequence[str], title: str) -> Figure:
    """Shows pairs of copies side by side.

    Args:
        first: The first image of each pair, uint8 (height, width, 1 or 3); the first 24 pairs are shown.
        second: The second image of each pair.
        captions: One per pair.
        title: Of the figure.
    """
    if not len(captions):
        return notice(title, "There are no copies.")
    columns, side = 4, 132
    pairs = list(zip(first, second, strict=True))[:MAX_PAIRS]
    shown = [[scaled(image, side, side) for image in pair] for pair in pairs]
    places, height = cells(len(pairs), max(image.shape[0] for pair in shown for image in pair), columns=columns)
    suffix = f", first {len(pairs)} of {len(captions)} pairs" if len(captions) > len(pairs) else ""
    figure, axes = canvas(height, title, "Position in each split, and correlation of the pixels", suffix=suffix)
    beside = [(left + pair[0].shape[1] + 4, top) for (left, top), pair in zip(places, shown, strict=True)]
    show(axes, [pair[0] for pair in shown] + [pair[1] for pair in shown], places + beside)
    for place, caption in zip(places, captions, strict=False):
        label(axes, place, caption, CELL_WIDTH * 2 - GUTTER)
    return figure


@house_style
def new_sign(preview: Preview, sample_every: int, title: str) -> Figure:
    """Shows the drawing of a new class beside some of its synthetic images.

    Args:
        preview: Of the class; up to 100 of its samples are shown.
        sample_every: One in this number of its images is a sample.
        title: Of the figure.
    """
    side, pitch, line, top, left = 288, 68, 20, HEADER + 24, 352
    columns = (WIDTH - MARGIN - left) // pitch
    steps = [scaled(image, pitch - 4, pitch - 4) for image in preview.by_brightness]
    tiles = [scaled(image, pitch - 4, pitch - 4) for image in preview.samples[:MAX_SAMPLES]]
    below = top + -(-len(steps) // columns) * pitch + 34
    nearest = top + side + 34
    bottom = max(nearest + len(preview.nearest) * line, below + -(-len(tiles) // columns) * pitch)
    figure, axes = canvas(bottom + MARGIN, title, "The drawing beside synthetic images")
    places = [(MARGIN, top)]
    places += [(left + index % columns * pitch, top + index // columns * pitch) for index in range(len(steps))]
    places += [(left + index % columns * pitch, below + index // columns * pitch) for index in range(len(tiles))]
    show(axes, [scaled(preview.drawing, side, side), *steps, *tiles], places)
    heading = "Drawing" if preview.drawing_count == 1 else f"First of {preview.drawing_count} drawings"
    headings = [(MARGIN, top, heading), (left, top, "From darkest to brightest")]
    headings += [(left, below, _samples(sample_every, len(tiles), len(preview.samples)))]
    headings += [(MARGIN, nearest, "Most similar classes, by correlation")] if preview.nearest else []
    for x, y, text in headings:
        axes.text(x, y - 8, text, size=TEXT, color=MUTED, va="bottom")
    for number, (other, similarity) in enumerate(preview.nearest):
        text = fitted(f"{similarity:.2f} {other}", side, size=TEXT)
        axes.text(MARGIN, nearest + number * line, text, size=TEXT, va="top")
    return figure


def _samples(every: int, shown: int, samples: int) -> str:
    kind = f"One in {every} synthetic images" if every > 1 else "All synthetic images"
    return f"{kind}: the first {shown} of {samples:,}" if samples > shown else f"{kind}: {shown}"

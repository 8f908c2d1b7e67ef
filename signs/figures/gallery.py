"""Images side by side: one of each class, copies across splits."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from signs.figures.canvas import (
    CELL_WIDTH,
    GUTTER,
    MAX_CLASSES,
    canvas,
    cells,
    first_classes,
    house_style,
    label,
    notice,
)
from signs.figures.pictures import scaled, show

MAX_PAIRS = 24


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

"""Images in figures, shown pixel for pixel."""

from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase

FRAME = 208  # grey level around images, so that white ones have an edge


def rgb(images: np.ndarray) -> np.ndarray:
    """Images in 3 channels; grey ones are repeated."""
    return images if images.shape[-1] == 3 else images.repeat(3, axis=-1)


def scaled(image: np.ndarray, width: int, height: int) -> np.ndarray:
    """Scales an image to fit: up by a whole number, so that its pixels show, or down by area means.

    Args:
        image: uint8 (rows, columns, 1 or 3).
        width: Maximum, pixels.
        height: Maximum, pixels.

    Returns:
        uint8 (rows, columns, 3).
    """
    rows, columns = image.shape[:2]
    zoom = min(width / columns, height / rows)
    if zoom >= 1:
        return rgb(image).repeat(int(zoom), axis=0).repeat(int(zoom), axis=1)
    size = max(1, round(columns * zoom)), max(1, round(rows * zoom))
    return cv2.resize(rgb(image), size, interpolation=cv2.INTER_AREA)


def show(axes: Axes, images: Iterable[np.ndarray], places: Sequence[tuple[int, int]]) -> None:
    """Shows images on a canvas, pixel for pixel, each in a thin frame.

    All images become one picture: axes for each would take seconds.

    Args:
        axes: Of the canvas.
        images: uint8 (height, width, 3) each.
        places: Left and top of each, pixels.
    """
    columns, rows = round(axes.get_xlim()[1]), round(axes.get_ylim()[0])
    mosaic = np.full((rows, columns, 4), 255, dtype=np.uint8)
    for image, (left, top) in zip(images, places, strict=True):
        height, width, _ = image.shape
        mosaic[top - 1 : top + height + 1, left - 1 : left + width + 1, :3] = FRAME
        mosaic[top : top + height, left : left + width, :3] = image
    axes.add_artist(_Mosaic(mosaic))


class _Mosaic(Artist):
    """A picture of the figure's size. Matplotlib's own artist would resample it, which takes half a second.

    Args:
        pixels: uint8 RGBA (rows, columns, 4).
    """

    zorder = 0  # below everything

    def __init__(self, pixels: np.ndarray) -> None:
        super().__init__()
        self.pixels = np.ascontiguousarray(pixels[::-1])  # from the bottom up

    def draw(self, renderer: RendererBase) -> None:
        """Copies the pixels."""
        renderer.draw_image(renderer.new_gc(), 0, 0, self.pixels)

"""The article's recipe: a picture at several brightnesses, scales and places."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Any, NamedTuple

import cv2
import numpy as np
from pydantic import Field, model_validator

from signs.core import memory
from signs.core.errors import UserError
from signs.core.params import Count, Integer, Real, Section, validated
from signs.data.reader import on_background
from signs.rendering.drawings import Drawings

MAX_STEPS = 1000
Coordinate = Annotated[Integer, Field(ge=0)]
Factor = Annotated[Real, Field(ge=0.001, le=1000)]


class Steps(Section):
    """`start`, `start + step` and so on, below `stop`."""

    start: Factor
    stop: Factor
    step: Factor

    @model_validator(mode="after")
    def _check_order(self) -> "Steps":
        if self.start >= self.stop:
            raise ValueError(f"start {self.start:g} is not below stop {self.stop:g}")
        if self.stop - self.start > MAX_STEPS * self.step:
            raise ValueError(f"from start to stop there are more than {MAX_STEPS} steps")
        return self

    def values(self) -> Iterator[float]:
        """The steps in ascending order."""
        # Accumulated, as the article does: rounding decides whether `stop` is reached.
        value = self.start
        while value < self.stop:
            yield value
            value += self.step


def vary_drawings(drawings: Drawings, height: int, width: int, *_: Any, **settings: Any) -> dict[str, np.ndarray]:
    """Applies `vary` to the first drawing of each class on white; the recipe needs no seed and no photographs."""
    pictures = [on_background(variants[0]) for variants in drawings.values()]
    small = [cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA) for picture in pictures]
    return dict(zip(drawings, vary(np.stack(small), **settings), strict=True))


@validated("synthesis_recipes.article")
def vary(
    images: np.ndarray,
    *,
    brightness: Steps,
    scale: Steps,
    offset_step: Count,
    canvas_pixel: tuple[Coordinate, Coordinate],
) -> np.ndarray:
    """Makes each image brighter and darker, and each of these smaller and in other places.

    Args:
        images: uint8 RGB (..., height, width, 3); several at once are faster.
        brightness: Factors; values above 255 are clipped.
        scale: Of the image on a larger canvas, which is then shrunk to the size of the image.
        offset_step: Pixels of the canvas from one place to the next.
        canvas_pixel: Row and column of the pixel whose colour fills the canvas.

    Returns:
        uint8 (..., n, height, width, 3): for each brightness the full size, then the smaller ones.

    Raises:
        UserError: `canvas_pixel` is outside the image.

    Source: "German traffic sign classification in Tensorflow", In [28] and In [29].
    """
    height, width = images.shape[-3:-1]
    if canvas_pixel[0] >= height or canvas_pixel[1] >= width:
        raise UserError(
            f"params.yaml: synthesis_recipes.article.canvas_pixel is {list(canvas_pixel)}, outside an image of "
            f"{height} rows and {width} columns"
        )
    factors, canvases = list(brightness.values()), list(_canvases(height, width, scale, offset_step))
    ends = np.cumsum([1, *(len(canvas.tops) * len(canvas.lefts) for canvas in canvases)])
    on_canvases = max((len(canvas.tops) * canvas.rows * canvas.columns for canvas in canvases), default=0)
    memory.check(
        len(factors) * images.nbytes * (int(ends[-1]) + on_canvases / (height * width)),
        f"making {len(factors) * int(ends[-1]):,} images of each drawing",
        "make the steps of synthesis_recipes.article larger",
    )
    brightened = np.stack([np.clip(factor * images, 0, 255).astype(np.uint8) for factor in factors], axis=-4)
    originals = brightened.reshape(-1, *images.shape[-3:])
    # One array that is written once: allocating memory takes longer than the scaling.
    made = np.empty((len(originals), ends[-1], *images.shape[-3:]), dtype=np.uint8)
    made[:, 0] = originals
    for canvas, (first, last) in zip(canvases, pairwise(ends), strict=True):
        placed = made[:, first:last].reshape(-1, len(canvas.tops), len(canvas.lefts), *images.shape[-3:])
        for number, larger in enumerate(_place(originals, originals[:, *canvas_pixel], canvas)):
            placed[:, :, number] = _shrink(larger, height, width)
    return made.reshape(*images.shape[:-3], -1, *images.shape[-3:])


class _Canvas(NamedTuple):
    """Size of a canvas, and the upper left corners of the image on it, in pixels."""

    rows: int
    columns: int
    tops: range
    lefts: range


def _canvases(height: int, width: int, scale: Steps, offset_step: int) -> Iterator[_Canvas]:
    for factor in scale.values():
        rows, columns = int(height / factor), int(width / factor)
        tops, lefts = range(0, rows - height, offset_step), range(0, columns - width, offset_step)
        if tops and lefts:
            yield _Canvas(rows, columns, tops, lefts)


def _place(images: np.ndarray, colours: np.ndarray, canvas: _Canvas) -> Iterator[np.ndarray]:
    """Puts images on canvases of these colours; yields (n, tops, rows, columns, channels) for each `left`."""
    count, height, width, channels = images.shape
    # The images stay in the middle of a broader canvas, and a window of the canvas's width slides over it.
    middle = canvas.columns - width
    broad = np.empty((count, len(canvas.tops), canvas.rows, middle + canvas.columns, channels), dtype=np.uint8)
    broad.reshape(*broad.shape[:3], -1)[:] = np.tile(colours, middle + canvas.columns)[:, None, None]
    for number, top in enumerate(canvas.tops):
        broad[:, number, top : top + height, middle : middle + width] = images
    for left in canvas.lefts:
        yield broad[..., middle - left : middle - left + canvas.columns, :]


def _shrink(canvases: np.ndarray, height: int, width: int) -> np.ndarray:
    """Scales canvases (..., rows, columns, channels) to (..., height, width, channels)."""
    # Stacked in one column they take few calls, which OpenCV divides among the cores. As they shrink, no pixel mixes
    # two of them.
    *several, rows, columns, channels = canvases.shape
    column = canvases.reshape(-1, rows, columns, channels)
    shrunk = np.empty((len(column), height, width, channels), dtype=np.uint8)
    at_once = _max_at_once(height, rows)
    for start in range(0, len(column), at_once):
        part, into = (images[start : start + at_once] for images in (column, shrunk))
        size = (width, len(part) * height)
        cv2.resize(
            part.reshape(-1, columns, channels), size, into.reshape(-1, width, channels), interpolation=cv2.INTER_LINEAR
        )
    return shrunk.reshape(*several, height, width, channels)


def _max_at_once(height: int, rows: int) -> int:
    # OpenCV computes the place of a row, a multiple of 1 / (2 * height), in float32. If that is exact, which takes a
    # power of two and less than 24 bits, an image gets the same weights wherever it is in the column.
    is_power_of_two = height & (height - 1) == 0
    return max(1, 2**24 // (2 * height * rows)) if is_power_of_two else 1

"""New classes from single images: each becomes many, by a recipe."""

import functools
import math
import zlib
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import cv2
import numpy as np
from pydantic import Field, model_validator

from signs.core import params
from signs.core.errors import UserError
from signs.core.params import ClassId, Count, Integer, Real, Section, Seed, preset, validated
from signs.data.classes import SEEN_DRAWINGS, Classes, SignClass
from signs.data.datasets import DataSet, Shares, Split
from signs.rendering import drawings as templates
from signs.rendering.camera import Camera, rendered
from signs.rendering.drawings import Signs
from signs.rendering.scene import Surroundings, surroundings

Recipe = Callable[..., dict[str, np.ndarray]]
Factor = Annotated[Real, Field(ge=0.001, le=1000)]


class Steps(Section):
    """`start`, `start + step` and so on, below `stop`."""

    start: Factor
    stop: Factor
    step: Factor

    @model_validator(mode="after")
    def _check_order(self) -> "Steps":
        if self.start >= self.stop:
            raise UserError(f"start {self.start:g} is not below stop {self.stop:g}")
        return self


Coordinate = Annotated[Integer, Field(ge=0)]


@validated("synthesize")
def synthesize(
    folder: Path,
    drawn: Path,
    names: Classes,
    photographs: np.ndarray | None = None,
    *,
    seed: Seed,
    height: Count,
    width: Count,
    shares: Shares,
    also_render: list[ClassId],
    recipe: dict[str, Any],
) -> DataSet:
    """Makes a class of each sign drawn in a folder, in order of file names, and of each known one asked for.

    Args:
        folder: SVG, PNG or JPEG files; a class is named after its file, `bus_lane.svg` as "Bus lane".
        drawn: Folder of drawings named after class ids.
        names: Of these classes.
        photographs: Images that a recipe may take backgrounds and brightness from, uint8; None or empty for none.
        seed: Of what a recipe draws, and of the order in which a class's images are dealt out to the splits.
        height: Of the images, in pixels.
        width: Likewise.
        shares: Of each class's images in train, valid and test. Where a new class has several drawings, those of
            test are made of the last one, which the others are not.
        also_render: Ids of the classes in `drawn` to make images of, too.
        recipe: `name` of a recipe and its settings.

    Returns:
        uint8 RGB images of classes 0, 1, ... with the origin `synthetic`, or `classes.SEEN_DRAWINGS` where its
        test images show drawings that training has seen.

    Raises:
        UserError: There is no image or an unreadable one, shares that do not add up, an empty split, or a recipe that
            takes the brightness of photographs where there are none.
    """
    make = params.choose("synthesis_recipes", recipe, RECIPES)
    new = templates.of_names(folder)
    signs = _joined(new, _known(also_render, drawn, names))
    learned = {
        name: drawings[:-1] if name in new and len(drawings) > 1 else drawings for name, drawings in signs.items()
    }
    apart = {name: drawings[-1:] for name, drawings in new.items() if len(drawings) > 1}
    around = surroundings(photographs) if photographs is not None and len(photographs) else None
    made = make(learned, height, width, [seed, 0], around)
    judged = made | make(apart, height, width, [seed, 1], around) if apart else made
    rng = np.random.default_rng(seed)
    dealt = [_divided(rng.permutation(len(images)), shares) for images in made.values()]
    train, valid, test = (
        Split(
            np.concatenate([images[order] for images, order in zip(pool.values(), part, strict=True)]),
            np.repeat(np.arange(len(part)), [len(order) for order in part]),
        )
        for pool, part in zip((made, made, judged), zip(*dealt, strict=True), strict=True)
    )
    rows = (SignClass(id, name, "synthetic" if name in apart else SEEN_DRAWINGS) for id, name in enumerate(signs))
    return DataSet(train, valid, test, Classes(tuple(rows)))


def _known(ids: list[int], folder: Path, names: Classes) -> Signs:
    if not ids:
        return {}
    drawn, named = templates.of_classes(folder, ids), {row.id: row.name for row in names.rows}
    absent = [id for id in ids if id not in drawn or id not in named]
    if absent:
        raise UserError(
            f"params.yaml: synthesize.also_render {absent}: {folder} has no drawing of it, or it has no name"
        )
    return {named[id]: drawn[id] for id in ids}


def _joined(new: Signs, known: Signs) -> Signs:
    both = sorted(new.keys() & known.keys())
    if both:
        raise UserError(f"{both} are new signs and in synthesize.also_render; take them out of one of them")
    return new | known


@validated("synthesis_recipes.article")
def article(
    images: np.ndarray,
    *,
    brightness: Steps,
    scale: Steps,
    offset_step: Count,
    canvas_pixel: tuple[Coordinate, Coordinate],
) -> np.ndarray:
    """The article's recipe: every brightness, and of each every smaller size at every place.

    Args:
        images: (..., height, width, 3), uint8; one, or faster several at once.
        brightness: Factors; what exceeds 255 is clipped.
        scale: Of the sign on a canvas of its colour at `canvas_pixel`, which is then scaled back.
        offset_step: Canvas pixels from one place to the next.
        canvas_pixel: Row and column of the pixel that gives the canvas its colour.

    Returns:
        (..., n, height, width, 3), uint8: of each brightness first the full size, then the smaller ones.

    Source: "German traffic sign classification in Tensorflow", In [28] and In [29].
    """
    height, width = images.shape[-3:-1]
    if canvas_pixel[0] >= height or canvas_pixel[1] >= width:
        raise UserError(f"params.yaml: synthesis_recipes.article.canvas_pixel {canvas_pixel} is outside the image")
    brightened = np.stack([np.clip(factor * images, 0, 255).astype(np.uint8) for factor in _steps(brightness)], axis=-4)
    originals = brightened.reshape(-1, *images.shape[-3:])
    canvases = list(_canvases(height, width, scale, offset_step))
    ends = np.cumsum([1, *(len(canvas.tops) * len(canvas.lefts) for canvas in canvases)])
    # A single array of which each part is written once: fresh memory costs more than the scaling.
    made = np.empty((len(originals), ends[-1], *images.shape[-3:]), dtype=np.uint8)
    made[:, 0] = originals
    for canvas, (first, last) in zip(canvases, pairwise(ends), strict=True):
        placed = made[:, first:last].reshape(-1, len(canvas.tops), len(canvas.lefts), *images.shape[-3:])
        for number, larger in enumerate(_placed(originals, originals[:, *canvas_pixel], canvas)):
            placed[:, :, number] = _shrunk(larger, height, width)
    return made.reshape(*images.shape[:-3], -1, *images.shape[-3:])


def _of_pictures(make: Callable[..., np.ndarray]) -> Recipe:
    """A recipe for single pictures, as one for drawings: it gets the first of each sign, on white."""

    @functools.wraps(make)
    def recipe(
        signs: Signs, height: int, width: int, _seed: list[int], _surroundings: Surroundings | None, **settings: Any
    ) -> dict[str, np.ndarray]:
        pictures = [templates.on_background(drawings[0]) for drawings in signs.values()]
        small = [cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA) for picture in pictures]
        return dict(zip(signs, make(np.stack(small), **settings), strict=True))

    return recipe


@validated("synthesis_recipes.randomized")
def randomized(
    signs: Signs,
    height: int,
    width: int,
    seed: list[int],
    surroundings: Surroundings | None,
    *,
    images: Count,
    workers: Annotated[Count, Field(le=64)],
    camera: preset(Camera),  # type: ignore[valid-type]
) -> dict[str, np.ndarray]:
    """Domain randomization: each image another pose, wear, light and camera.

    Args:
        signs: Drawings of each sign; an image shows one of them.
        height: Of the images, in pixels.
        width: Likewise.
        seed: Of all draws; each sign has a stream of its own, whatever others there are.
        surroundings: Of photographs, which lend backgrounds and brightness; None for none.
        images: Of each sign.
        workers: Processes that render; the images are the same for any number.
        camera: How far each ingredient goes.

    Returns:
        By sign, (images, height, width, 3), uint8 RGB.
    """
    if camera.lens.brightness == "photographs" and surroundings is None:
        raise UserError(
            "params.yaml: synthesis_recipes.randomized.camera has lens.brightness: photographs, and there are none to "
            "take it from; give a lowest and highest, as [0.05, 0.9]"
        )
    cut_out = [[templates.cut_out(drawing) for drawing in drawings] for drawings in signs.values()]
    streams = [[*seed, zlib.crc32(name.encode())] for name in signs]
    made = rendered(cut_out, streams, images, height, width, camera, workers, surroundings)
    return dict(zip(signs, made, strict=True))


RECIPES: dict[str, Recipe] = {"article": _of_pictures(article), "randomized": randomized}


class _Canvas(NamedTuple):
    rows: int
    columns: int
    tops: range
    lefts: range


def _canvases(height: int, width: int, scale: Steps, offset_step: int) -> Iterator[_Canvas]:
    for factor in _steps(scale):
        rows, columns = int(height / factor), int(width / factor)
        tops, lefts = range(0, rows - height, offset_step), range(0, columns - width, offset_step)
        if tops and lefts:
            yield _Canvas(rows, columns, tops, lefts)


def _placed(images: np.ndarray, colours: np.ndarray, canvas: _Canvas) -> Iterator[np.ndarray]:
    """The images on canvases, for one `left` after the other: (n, tops, rows, columns, channels)."""
    count, height, width, channels = images.shape
    # The images stay in the middle of broad canvases, and a window as wide as a canvas slides over them.
    middle = canvas.columns - width
    broad = np.empty((count, len(canvas.tops), canvas.rows, middle + canvas.columns, channels), dtype=np.uint8)
    broad.reshape(*broad.shape[:3], -1)[:] = np.tile(colours, middle + canvas.columns)[:, None, None]
    for number, top in enumerate(canvas.tops):
        broad[:, number, top : top + height, middle : middle + width] = images
    for left in canvas.lefts:
        yield broad[..., middle - left : middle - left + canvas.columns, :]


def _shrunk(canvases: np.ndarray, height: int, width: int) -> np.ndarray:
    """Canvases (..., rows, columns, channels) scaled to (..., height, width, channels)."""
    # One below the other they take few calls, which OpenCV divides among the cores. As they shrink, no pixel is mixed
    # from two of them.
    *several, rows, columns, channels = canvases.shape
    below = canvases.reshape(-1, rows, columns, channels)
    shrunk = np.empty((len(below), height, width, channels), dtype=np.uint8)
    at_once = _most_at_once(height, rows)
    for start in range(0, len(below), at_once):
        part, into = (images[start : start + at_once] for images in (below, shrunk))
        size = (width, len(part) * height)
        cv2.resize(
            part.reshape(-1, columns, channels), size, into.reshape(-1, width, channels), interpolation=cv2.INTER_LINEAR
        )
    return shrunk.reshape(*several, height, width, channels)


def _most_at_once(height: int, rows: int) -> int:
    # OpenCV keeps a row's place, a multiple of 1 / (2 * height), in the 24 bits of a float. Only if that is exact,
    # which takes a power of two, does an image far below get the weights that it gets alone.
    is_power_of_two = height & (height - 1) == 0
    return max(1, 2**24 // (2 * height * rows)) if is_power_of_two else 1


def _steps(steps: Steps) -> Iterator[float]:
    # Summed up, as the article does: the last digit decides whether `stop` is reached.
    value = steps.start
    while value < steps.stop:
        yield value
        value += steps.step


def _divided(images: np.ndarray, shares: Shares) -> list[np.ndarray]:
    ends = np.cumsum([shares.train, shares.valid])
    parts = np.split(images, [math.floor(len(images) * end + 1e-9) for end in ends])
    if not all(map(len, parts)):
        raise UserError(
            f"synthesize: {len(images)} images a class leave a split empty at shares of {shares}; make more of them"
        )
    return parts

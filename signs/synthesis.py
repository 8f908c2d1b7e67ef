"""New classes from single images: each becomes many, by a recipe."""

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import cv2
import numpy as np
from pydantic import Field, model_validator

from signs import params, templates
from signs.classes import Classes, SignClass
from signs.datasets import DataSet, Shares, Split
from signs.params import Count, Integer, Real, Section, Seed, validated

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
        return self


Coordinate = Annotated[Integer, Field(ge=0)]


@validated("synthesize")
def synthesize(
    folder: Path, *, seed: Seed, height: Count, width: Count, shares: Shares, recipe: dict[str, Any]
) -> DataSet:
    """Makes a class of each image in a folder, in order of file names.

    Args:
        folder: SVG, PNG or JPEG files; a class is named after its file, `bus_lane.svg` as "Bus lane".
        seed: Of the order in which a class's images are dealt out to the splits.
        height: Of the images, in pixels.
        width: Likewise.
        shares: Of each class's images in train, valid and test.
        recipe: `name` of a recipe and its settings.

    Returns:
        uint8 RGB images of classes 0, 1, ... with the origin `synthetic`.

    Raises:
        ValueError: There is no image or an unreadable one, shares that do not add up, or an empty split.
    """
    make = params.choose("synthesize.recipe", recipe, RECIPES)
    rng = np.random.default_rng(seed)
    parts: list[list[np.ndarray]] = [[], [], []]
    pictures = drawings(folder)
    for picture in pictures.values():
        images = make(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA))
        for part, chosen in zip(parts, _divided(images[rng.permutation(len(images))], shares), strict=True):
            part.append(chosen)
    train, valid, test = (
        Split(np.concatenate(part), np.repeat(np.arange(len(part)), [len(images) for images in part])) for part in parts
    )
    rows = (SignClass(id, name, "synthetic") for id, name in enumerate(pictures))
    return DataSet(train, valid, test, Classes(tuple(rows)))


def drawings(folder: Path) -> dict[str, np.ndarray]:
    """The single images in a folder by the names of their classes, in order of file names.

    Returns:
        uint8 RGB (height, width, 3), on white where they are transparent.

    Raises:
        ValueError: There is no image or an unreadable one, or two of the same name.
    """
    files = templates.files(folder)
    for name, count in Counter(map(_name, files)).items():
        if count > 1:
            raise ValueError(f"{folder} holds {count} images of {name!r}; each image is a class, so name each its own")
    return {_name(file): templates.on_background(templates.read(file)) for file in files}


@validated("synthesize.recipe.article")
def article(
    image: np.ndarray,
    *,
    brightness: Steps,
    scale: Steps,
    offset_step: Count,
    canvas_pixel: tuple[Coordinate, Coordinate],
) -> np.ndarray:
    """The article's recipe: every brightness, and of each every smaller size at every place.

    Args:
        image: (height, width, 3), uint8.
        brightness: Factors; what exceeds 255 is clipped.
        scale: Of the sign on a canvas of its colour at `canvas_pixel`, which is then scaled back.
        offset_step: Canvas pixels from one place to the next.
        canvas_pixel: Row and column of the pixel that gives the canvas its colour.

    Returns:
        (n, height, width, 3), uint8: of each brightness first the full size, then the smaller ones.

    Source: "German traffic sign classification in Tensorflow", In [28] and In [29].
    """
    if canvas_pixel[0] >= image.shape[0] or canvas_pixel[1] >= image.shape[1]:
        raise ValueError(f"params.yaml: synthesize.recipe.article.canvas_pixel {canvas_pixel} is outside the image")
    brightened = [np.clip(factor * image, 0, 255).astype(np.uint8) for factor in _steps(brightness)]
    return np.stack([made for image in brightened for made in _placed(image, scale, offset_step, canvas_pixel)])


RECIPES = {"article": article}


def _placed(image: np.ndarray, scale: Steps, offset_step: int, canvas_pixel: tuple[int, int]) -> Iterator[np.ndarray]:
    yield image
    height, width = image.shape[:2]
    for factor in _steps(scale):
        rows, columns = int(height / factor), int(width / factor)
        canvas = np.empty((rows, columns, 3), dtype=np.uint8)
        for row in range(0, rows - height, offset_step):
            for column in range(0, columns - width, offset_step):
                canvas[:] = image[canvas_pixel]
                canvas[row : row + height, column : column + width] = image
                yield cv2.resize(canvas, (width, height), interpolation=cv2.INTER_LINEAR)


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
        raise ValueError(
            f"synthesize: {len(images)} images a class leave a split empty at shares of {shares}; make more of them"
        )
    return parts


def _name(file: Path) -> str:
    words = file.stem.replace("_", " ").strip()
    return words[:1].upper() + words[1:]

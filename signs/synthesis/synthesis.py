"""New classes: a data set with many images of each drawn sign, made by a recipe."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from signs.core import params
from signs.core.errors import UserError
from signs.core.params import ClassId, Seed, Side, validated
from signs.data import shards
from signs.data.classes import SEEN_DRAWINGS, Classes, SignClass
from signs.data.datasets import DataSet, Shares
from signs.data.shards import Images, Shards
from signs.data.splits import Split
from signs.rendering.drawings import Drawings, read_by_id, read_by_name
from signs.rendering.scene import Surroundings
from signs.synthesis.article import vary_drawings
from signs.synthesis.randomized import randomize


@validated("synthesis_recipes.none")
def none(*_: Any) -> dict[str, np.ndarray]:
    """No images of any class, where no new signs are wanted."""
    return {}


# From drawings, height, width, seed and surroundings to images by class name; settings are keyword arguments.
Recipe = Callable[..., Mapping[str, Images]]
RECIPES: dict[str, Recipe] = {
    "none": none,
    "article": vary_drawings,
    "randomized": randomize,
}


@validated("synthesize")
def synthesize(
    new_signs: Path,
    known_signs: Path,
    known: Classes,
    photographs: Images | None = None,
    *,
    seed: Seed,
    height: Side,
    width: Side,
    shares: Shares,
    also_render: list[ClassId],
    recipe: dict[str, Any],
) -> DataSet:
    """Makes a class of each new sign, and of the known ones that are asked for.

    If a new sign has several drawings, its test images show the last one, and its other images show the others.

    Args:
        new_signs: Folder of drawings named after their classes.
        known_signs: Folder of drawings named after class ids.
        known: Names of these ids.
        photographs: uint8 (n, height, width, channels), for recipes that take backgrounds and brightness from
            photographs; None or empty if there are none. Where they are shards, so is what is made.
        seed: Of the recipe, and of how the images of a class are dealt to the splits.
        height: Of the images, in pixels.
        width: Of the images, in pixels.
        shares: Of the images of a class in each split.
        also_render: Ids of known classes to make images of, too.
        recipe: `name` of a recipe, and its settings.

    Returns:
        uint8 RGB images of classes 0, 1, ... in the order of the file names, then of `also_render`. The origin of a
        class is `synthetic`, or `classes.SEEN_DRAWINGS` if its test images show a drawing that it is trained on. An
        empty data set where there are no drawings, or the recipe is `none`.

    Raises:
        UserError: A drawing is missing or unreadable, a split stays empty, or a setting is wrong.
    """
    make: Recipe = params.choose("synthesis_recipes", recipe, RECIPES)
    if isinstance(photographs, Shards):
        make = _by_class(make, photographs.part)
    new = read_by_name(new_signs)
    drawings = _joined(new, _known_drawings(also_render, known_signs, known))
    for_test = {name: variants[-1:] for name, variants in new.items() if len(variants) > 1}
    for_training = {name: variants[:-1] if name in for_test else variants for name, variants in drawings.items()}
    around = None if photographs is None or not len(photographs) else Surroundings.from_photographs(photographs)
    images = make(for_training, height, width, [seed, 0], around) if drawings else {}
    if not images:
        nothing = Split(np.empty((0, height, width, 3), np.uint8), np.empty(0, np.int64))
        return DataSet(nothing, nothing, nothing, Classes(()))
    test_images = {**images, **(make(for_test, height, width, [seed, 1], around) if for_test else {})}
    rng = np.random.default_rng(seed)
    dealt = [deal(rng.permutation(len(own)), shares) for own in images.values()]
    train, valid, test = (
        _gathered(own, rows) for own, rows in zip((images, images, test_images), zip(*dealt, strict=True), strict=True)
    )
    origins = ("synthetic" if name in for_test else SEEN_DRAWINGS for name in drawings)
    rows = (SignClass(id, name, origin) for id, (name, origin) in enumerate(zip(drawings, origins, strict=True)))
    return DataSet(train, valid, test, Classes(tuple(rows)))


def deal(rows: np.ndarray, shares: Shares) -> list[np.ndarray]:
    """Divides rows (n,) among train, valid and test: each ends at the floor of its cumulative share.

    Raises:
        UserError: A split stays empty.
    """
    ends = np.cumsum([shares.train, shares.valid])
    parts = np.split(rows, [math.floor(len(rows) * end + 1e-9) for end in ends])
    if not all(map(len, parts)):
        raise UserError(
            f"synthesize: {len(rows)} images per class and shares of {shares} leave a split empty; make more images"
        )
    return parts


def _by_class(make: Recipe, shard_images: int) -> Recipe:
    """Makes one class after the other, and puts it on disk."""

    def made(drawings: Drawings, *arguments: Any) -> dict[str, Images]:
        classes = (make({name: variants}, *arguments) for name, variants in drawings.items())
        return {
            name: shards.collected([images[:]], images.shape, images.dtype, shard_images)
            for one in classes
            for name, images in one.items()
        }

    return made


def _gathered(images: Mapping[str, Images], rows: tuple[np.ndarray, ...]) -> Split:
    """These rows of the images of each class; labels count the classes from 0."""
    parts = [shards.selected(own, chosen) for own, chosen in zip(images.values(), rows, strict=True)]
    features = shards.joined(parts)
    return Split(features, np.repeat(np.arange(len(rows)), [len(chosen) for chosen in rows]))


def _known_drawings(ids: list[int], folder: Path, known: Classes) -> Drawings:
    if not ids:
        return {}
    drawings, names = read_by_id(folder, ids), {row.id: row.name for row in known.rows}
    absent = [id for id in ids if id not in drawings or id not in names]
    if absent:
        raise UserError(
            f"params.yaml: synthesize.also_render holds {absent}, which have no drawing in {folder} or no name"
        )
    return {names[id]: drawings[id] for id in ids}


def _joined(new: Drawings, known: Drawings) -> Drawings:
    both = sorted(new.keys() & known.keys())
    if both:
        raise UserError(
            f"params.yaml: synthesize.also_render holds {both}, which are new signs, too; take them out of one of them"
        )
    return new | known

"""Source `sample`: our own drawings, rendered as a camera might see them. It holds no photographs."""

from pathlib import Path

import numpy as np

from signs.core.params import Count, Seed, Side, preset, validated
from signs.data import shards
from signs.data.classes import Classes, classes_from_labels
from signs.data.datasets import DataSet
from signs.data.splits import Split
from signs.rendering.camera import Camera, render
from signs.rendering.drawings import read_by_id


@validated("fetch.sample")
def render_sample(
    drawings: Path,
    known: Classes,
    shard_images: int | None = None,
    *,
    seed: Seed,
    height: Side,
    width: Side,
    train: Count,
    valid: Count,
    test: Count,
    camera: preset(Camera),  # type: ignore[valid-type]
) -> DataSet:
    """Renders a data set with a class for each sign that is drawn.

    Args:
        drawings: Folder of drawings named after class ids.
        known: Names of the classes.
        shard_images: Images in a shard; None for splits in memory.
        seed: Seed of the images. Each class and split has its own stream of random numbers: adding a class or more
            images does not change the others.
        height: Of the images, in pixels.
        width: Of the images, in pixels.
        train: Training images of each class.
        valid: Validation images of each class.
        test: Test images of each class.
        camera: Range of each effect.
    """
    signs = read_by_id(drawings)

    def split(number: int, count: int) -> Split:
        images = (
            render([variants], [[seed, number, id]], count=count, height=height, width=width, camera=camera)[0]
            for id, variants in signs.items()
        )
        features = shards.collected(images, (len(signs) * count, height, width, 3), np.uint8, shard_images)
        return Split(features, np.repeat(np.array(list(signs), dtype=np.int64), count))

    splits = [split(number, count) for number, count in enumerate((train, valid, test))]
    named = classes_from_labels(splits[0].labels, known).with_origin("rendered")
    count = sum(len(part.labels) for part in splits)
    print(f"Rendered {count:,} images of {len(named)} classes from {drawings}: no photographs.")
    return DataSet(splits[0], splits[1], splits[2], named)

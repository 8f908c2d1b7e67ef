"""Source `sample`: our own drawings, rendered as a camera might have seen them. No photograph is in it."""

from pathlib import Path

import numpy as np

from signs.core.params import Count, Seed, preset, validated
from signs.data import classes
from signs.data.classes import Classes
from signs.data.datasets import DataSet, Split
from signs.rendering import drawings as templates
from signs.rendering.camera import Camera, rendered


@validated("fetch.sample")
def sample(
    drawings: Path,
    known: Classes,
    *,
    seed: Seed,
    height: Count,
    width: Count,
    train: Count,
    valid: Count,
    test: Count,
    camera: preset(Camera),  # type: ignore[valid-type]
) -> DataSet:
    """Renders a data set with a class for each drawn sign.

    Args:
        drawings: Folder of drawings named after class ids.
        known: Names of these classes.
        seed: Of all draws; each split and class has its own stream of them.
        height: Of the images, in pixels.
        width: Likewise.
        train: Images a class for training.
        valid: For validation.
        test: For the test.
        camera: How far each effect goes.
    """
    drawn = templates.of_classes(drawings)

    def split(number: int, count: int) -> Split:
        seeds = [[seed, number, id] for id in drawn]
        images = rendered(list(drawn.values()), seeds, count, height, width, camera)
        return Split(np.concatenate(images), np.repeat(np.array(list(drawn), dtype=np.int64), count))

    splits = [split(number, count) for number, count in enumerate((train, valid, test))]
    named = classes.of_labels(splits[0].labels, known).with_origin("rendered")
    count = sum(len(part.labels) for part in splits)
    print(f"Rendered {count:,} images of {len(named)} classes from {drawings}: no photographs.")
    return DataSet(splits[0], splits[1], splits[2], named)

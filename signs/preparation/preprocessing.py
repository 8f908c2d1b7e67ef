"""Turns stored images into what a network sees."""

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
from pydantic import Field, StrictBool

from signs.core.errors import UserError
from signs.core.params import Real, validated
from signs.data import pixels, shards
from signs.data.datasets import DataSet

Brightness = Annotated[Real, Field(ge=0, le=255)]
Fraction = Annotated[Real, Field(gt=0, le=1)]

CONVERSIONS: dict[tuple[bool, bool], Callable[[np.ndarray], np.ndarray]] = {  # by grey, normalize
    (False, False): lambda features: features,
    (True, False): pixels.grey,
    (False, True): pixels.normalize,
    (True, True): pixels.normalized_grey,
}


def converter(section: dict[str, Any]) -> Callable[[np.ndarray], np.ndarray]:
    """The function that converts images by a section `preprocess` of params.yaml, whatever split they are from."""
    convert = CONVERSIONS[section["grey"], section["normalize"]]
    return lambda features: convert(pixels.middle(features, section["central_fraction"]))


@validated("preprocess")
def preprocess(
    dataset: DataSet,
    *,
    central_fraction: Fraction,
    grey: StrictBool,
    normalize: StrictBool,
    min_brightness: Brightness | None,
) -> DataSet:
    """Converts all splits, and drops dark training images.

    Args:
        dataset: uint8 images with one or three channels. An empty data set stays as it is.
        central_fraction: Share of each side to keep, from the centre, and enlarge to the size of the image. A sign
            that fills the image shows a network more detail. 1 keeps images whole.
        grey: Whether to convert to one channel of brightness.
        normalize: Whether to map 0-255 to float32 in [-1, 1]; else images stay uint8.
        min_brightness: Training images with a lower mean pixel value (0-255) are dropped; None keeps all.

    Raises:
        UserError: The images are preprocessed already, or a class would lose all its training images.
    """
    if not dataset.classes:
        return dataset
    train = dataset.train
    if min_brightness is not None:
        brightness = [pixels.brightness(block) for block in shards.blocks(train.features)]
        train = train.at(np.concatenate(brightness) >= min_brightness)
    lost = np.setdiff1d(dataset.classes.ids, train.labels)
    if len(lost):
        raise UserError(
            f"preprocess.min_brightness {min_brightness} drops all training images of classes "
            f"{lost.tolist()}; choose a lower value"
        )
    convert = converter({"central_fraction": central_fraction, "grey": grey, "normalize": normalize})
    kept = DataSet(train, dataset.valid, dataset.test, dataset.classes)
    return kept.map(lambda split: split._replace(features=shards.mapped(split.features, convert)))

"""From stored images to what a network sees."""

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
from pydantic import Field, StrictBool

from signs.core.errors import UserError
from signs.core.params import Real, validated
from signs.data import pixels
from signs.data.datasets import DataSet, Split

Brightness = Annotated[Real, Field(ge=0, le=255)]
Fraction = Annotated[Real, Field(gt=0, le=1)]

CONVERSIONS: dict[tuple[bool, bool], Callable[[np.ndarray], np.ndarray]] = {
    (False, False): lambda features: features,
    (True, False): pixels.grey,
    (False, True): pixels.normalize,
    (True, True): pixels.normalized_grey,
}


def converter(section: dict[str, Any]) -> Callable[[np.ndarray], np.ndarray]:
    """What a section `preprocess` of params.yaml does to stored images of whatever split."""
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
    """Converts all splits, and drops training images that are too dark to teach anything.

    Args:
        dataset: uint8 images in one or three channels.
        central_fraction: Share of each side that is kept, from the middle, and enlarged to the size of the whole:
            a sign that fills the image shows a network more. 1 keeps images whole.
        grey: Reduce to one channel of brightness.
        normalize: Map 0-255 to float32 in [-1, 1]; else uint8 stays.
        min_brightness: Training images with a lower mean pixel value (0-255) are dropped; None keeps all.

    Raises:
        UserError: The images are converted already, or all of a class are dropped.
    """
    train = dataset.train if min_brightness is None else _bright(dataset.train, min_brightness)
    lost = np.setdiff1d(dataset.classes.ids, train.labels)
    if len(lost):
        raise UserError(
            f"preprocess.min_brightness {min_brightness} drops every training image of classes "
            f"{lost.tolist()}; choose a lower one"
        )
    convert = converter({"central_fraction": central_fraction, "grey": grey, "normalize": normalize})
    kept = DataSet(train, dataset.valid, dataset.test, dataset.classes)
    return kept.map(lambda split: split._replace(features=convert(split.features)))


def _bright(split: Split, min_brightness: float) -> Split:
    bright = pixels.brightness(split.features) >= min_brightness
    return split.at(bright)

"""Framings: the parts of each image that an exported model looks at; it averages their logits.

A network answers best where the sign is as large as in its training images. With a tighter and a wider framing, one of
the two comes close for crops that are too loose or too tight.
"""

import dataclasses
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from signs.core.errors import UserError
from signs.core.params import Real, validated
from signs.data import classes, shards
from signs.data.datasets import DataSet
from signs.data.shards import Images
from signs.evaluation import metrics
from signs.networks import model_json
from signs.networks.model_json import Calibration
from signs.networks.store import Model
from signs.preparation.preprocessing import converter
from signs.training import calibration

Framings = Annotated[list[Annotated[Real, Field(ge=0.1, le=2)]], Field(min_length=1, max_length=8)]

WHOLE = (1.0,)


def of(model: Model) -> Sequence[float]:
    """The framings of a model, as shares of the side that preprocessing keeps."""
    return model.metadata.get("framings", WHOLE)


def preprocessings(model: Model) -> list[dict[str, Any]]:
    """The preprocessing of each framing: a section `preprocess`, whose `central_fraction` may be above 1."""
    own = model.metadata["preprocess"]
    return [own | {"central_fraction": own["central_fraction"] * framing} for framing in of(model)]


def logits(model: Model, images: Images) -> np.ndarray:
    """The mean of the calibrated logits of all framings, float32 (n, classes).

    Args:
        model: Its `framings`, in its metadata, are those that are looked at.
        images: Stored, uint8 RGB (n, height, width, 3).
    """
    found = [model.logits(shards.mapped(images, converter(preprocess))) for preprocess in preprocessings(model)]
    return np.asarray(np.mean(found, axis=0, dtype=np.float32))


@validated("export")
def framed(
    model: Model, measured: dict[str, Any], stored: DataSet, evaluate: dict[str, Any], *, framings: Framings
) -> tuple[Model, dict[str, Any]]:
    """A model with these framings, calibrated and measured anew.

    Args:
        model: Trained.
        measured: Its metrics, which stay where the only framing is 1.
        stored: Stored images, uint8 RGB. Validation calibrates and chooses the threshold.
        evaluate: Section `evaluate` of params.yaml.
        framings: Shares of the side that preprocessing keeps; above 1, pixels of the edge continue.

    Returns:
        The model and its metrics.

    Raises:
        UserError: The model learned the validation images, and was given no calibration of framings.
    """
    if framings == list(WHOLE):
        return model, measured
    looking = dataclasses.replace(model, metadata=model.metadata | {"framings": framings})
    carried = _carried(model)
    splits = dict((stored.refitted() if carried else stored).items())
    found = {name: logits(looking, split.features) for name, split in splits.items()}
    if carried:
        divisor = carried.temperature / model.metadata["temperature"]
    else:
        divisor = calibration.temperature(found["valid"], classes.indices(splits["valid"].labels, model.classes.ids))
    temperature = model.metadata["temperature"] * divisor
    calibrated = dataclasses.replace(looking, metadata=looking.metadata | {"temperature": temperature})
    labels = {name: split.labels for name, split in splits.items()}
    scaled = {name: values / np.float32(divisor) for name, values in found.items()}
    return calibrated, metrics.evaluate(scaled, labels, model.classes, carried, **evaluate)


def _carried(model: Model) -> Calibration | None:
    refit = model_json.refit(model.metadata)
    if refit and refit.exported is None:
        raise UserError(
            "the model learned the validation images, so none are left to calibrate export.framings by; set "
            "exported_temperature in train.refit, or export.framings to [1.0]"
        )
    return refit.exported if refit else None

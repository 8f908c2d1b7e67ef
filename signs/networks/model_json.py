"""`model.json`: the metadata of a model, beside its network."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, StrictBool

from signs.core import documents
from signs.core.params import Positive, Section, Share, Side

FILE_NAME = "model.json"

Metadata = dict[str, Any]  # JSON values, with the keys of `Fields`


class Preprocess(BaseModel):
    """The settings that images were preprocessed with."""

    central_fraction: Share
    grey: StrictBool
    normalize: StrictBool


class Calibration(Section):
    """What validation images give a model.

    `temperature`: divides the logits. `threshold`: an answer needs a confidence above it; None lets all pass.
    """

    temperature: Positive
    threshold: Share | None


class Refit(Calibration):
    """The calibration of a model that learns the validation images, too, from earlier trainings that held some out.

    `exported_temperature`, `exported_threshold`: likewise of the exported files, where these average several framings.
    """

    exported_temperature: Positive | None
    exported_threshold: Share | None

    @property
    def exported(self) -> Calibration | None:
        """The calibration of the exported files."""
        if self.exported_temperature is None:
            return None
        return Calibration(temperature=self.exported_temperature, threshold=self.exported_threshold)


class Train(BaseModel, extra="allow"):
    """The settings that a model was trained with; only those that are read again are checked."""

    refit: Refit | None = None


class Fields(BaseModel):
    """What `model.json` holds.

    `preprocess`: the settings its images were preprocessed with. `image_shape`: height, width, channels. `data`:
    SHA-256 of its data set. `images`: their number, by split. `train`: the settings it was trained with; of
    `load_from` the SHA-256. `instructions`: of the processor, `portable` or `native`. `weights`: their number.
    `temperature`: divides the logits.
    """

    preprocess: Preprocess
    image_shape: tuple[Side, Side, Side]
    data: str
    images: dict[str, int]
    train: Train
    instructions: str
    weights: int
    temperature: Positive


def refit(metadata: Metadata) -> Refit | None:
    """The calibration that a model was given; None where validation images calibrated it."""
    return Train.model_validate(metadata["train"]).refit


def write(path: Path, metadata: Metadata) -> None:
    """Writes metadata as JSON with sorted keys."""
    documents.write(path, metadata)


def read(path: Path) -> Metadata:
    """Reads metadata.

    Raises:
        UserError: The file is missing, is not JSON, lacks a key or holds a wrong value.
    """
    return documents.read(path, "train", Fields)

"""`model.json`: the metadata of a model, beside its network."""

from pathlib import Path
from typing import Any

from signs.core import documents
from signs.core.errors import UserError

FILE_NAME = "model.json"

# JSON values: `preprocess` (the settings its images were preprocessed with), `image_shape` (height, width, channels),
# `data` (SHA-256 of its data set), `images` (their number, by split), `train` (the settings it was trained with; of
# `load_from` the SHA-256), `instructions` (of the processor, `portable` or `native`), `weights` (their number) and
# `temperature` (divides the logits).
Metadata = dict[str, Any]
KEYS = {"data", "image_shape", "images", "instructions", "preprocess", "temperature", "train", "weights"}


def write(path: Path, metadata: Metadata) -> None:
    """Writes metadata as JSON with sorted keys."""
    documents.write(path, metadata)


def read(path: Path) -> Metadata:
    """Reads metadata.

    Raises:
        UserError: The file is missing, is not JSON, or lacks a key.
    """
    metadata = documents.read(path, "train")
    missing = sorted(KEYS - set(metadata))
    if missing:
        raise UserError(f"{path} has no {', '.join(missing)}; dvc repro train writes it again")
    temperature = metadata["temperature"]
    if not isinstance(temperature, float) or not temperature > 0:
        raise UserError(f"{path}: temperature is {temperature!r}, expected a number above 0")
    return metadata

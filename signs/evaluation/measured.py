"""What stages `train`, `evaluate` and `stress` found out about a model, read again; needs no other library."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel

from signs.core import documents
from signs.core.errors import UserError
from signs.core.params import Real, Share


class _Split(BaseModel):
    accuracy: Share
    loss: Real


class _Accepted(BaseModel):
    target_accuracy: Share
    threshold: Share | None = None


class _Test(_Split):
    macro_f1: Share
    calibration_error: Share
    accepted: _Accepted


class _Metrics(BaseModel):
    train: _Split
    valid: _Split | None = None  # absent where training took the validation images, too
    test: _Test
    images: str


class _Corrupted(BaseModel):
    mean: Share


class _Stress(BaseModel):
    corrupted: _Corrupted
    turned_away: dict[str, Share] = {}


class _Trained(BaseModel):
    data: str


def check_data(digest: str, model_json: Path, where: str) -> None:
    """Compares a data set with that of a model: DVC restores a damaged file of its cache without a word.

    Args:
        digest: Of the preprocessed data set, see `datasets.digest`.
        model_json: The metadata of the model.
        where: Name of the data set, for the error.

    Raises:
        UserError: They differ.
    """
    trained = documents.read(model_json, "train", _Trained)["data"]
    if digest != trained:
        raise UserError(
            f"{where} is not what {model_json.parent} was trained on: its SHA-256 is {digest}, expected {trained}; "
            "signs check --cache finds damaged files"
        )


def read_metrics(path: Path) -> dict[str, Any]:
    """Reads the metrics of a model, as `metrics.evaluate` returned them.

    Raises:
        UserError: The file is missing, or lacks a metric that every model has.
    """
    return documents.read(path, "evaluate", _Metrics)


def read_stress(path: Path) -> dict[str, Any]:
    """Reads what `stress.stress` measured; errors as `read_metrics`."""
    return documents.read(path, "stress", _Stress)

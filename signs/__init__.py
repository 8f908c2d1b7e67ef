"""A reproducible pipeline that trains traffic-sign classifiers, and `load`, which uses them."""

from pathlib import Path
from typing import TYPE_CHECKING

from signs import registration
from signs.core import processor

if TYPE_CHECKING:
    from signs.deployment.predictor import Predictor

__all__ = ["load"]

processor.portable()  # before NumPy and TensorFlow load, which read it then
registration.register()


def load(path: str | Path | None = None) -> "Predictor":
    """Loads an exported model; see `signs.deployment.models.load`."""
    from signs.deployment.models import load  # noqa: PLC0415  # what only imports signs waits for no library

    return load(path)

"""Which exported model to use."""

import os
import sysconfig
from pathlib import Path

from signs.core.errors import UserError
from signs.deployment import model_file
from signs.deployment.predictor import Predictor

EXPORTED = Path("models/exported")  # below the project
# In a clone, and where pip puts data files.
SHIPPED = (Path(__file__).parents[2] / "weights", Path(sysconfig.get_path("data")) / "share/signs/weights")


def load(path: str | Path | None = None, *, threads: int | None = None) -> Predictor:
    """Loads an exported model.

    Args:
        path: Its `.onnx` or `.tflite` file, or the folder that `export` wrote; None takes `default_model`.
        threads: In which an operation runs; None takes one for each core.

    Raises:
        UserError: There is no such model, or the file is none.
    """
    file = Path(path) if path is not None else default_model()
    return Predictor(
        model_file.read(file / "model.onnx" if file.is_dir() else file, threads=threads or os.cpu_count() or 1)
    )


def default_model() -> Path:
    """The model that was exported last in this project, or the one that comes with the library.

    Raises:
        UserError: There is neither.
    """
    trained = sorted(EXPORTED.glob("*/model.onnx"), key=lambda file: (file.stat().st_mtime, file))
    shipped = [folder / "model.onnx" for folder in SHIPPED if (folder / "model.onnx").is_file()]
    if not trained and not shipped:
        raise UserError("no model here: dvc repro trains and exports one, or --model names one")
    return trained[-1] if trained else shipped[0]

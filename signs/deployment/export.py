"""A trained model becomes a folder of files that other programs run, each with all that an answer needs."""

from pathlib import Path
from typing import Any

import numpy as np

from signs.core.files import replaced
from signs.data.splits import Split
from signs.deployment import description, litert_file, onnx_file, saved_model
from signs.deployment.description import Description
from signs.deployment.tensorflow_graph import tensorflow_function
from signs.networks.store import Model

ONNX, LITERT, INT8, SAVED_MODEL = "model.onnx", "model.tflite", "model_int8.tflite", "saved_model"
CALIBRATION_IMAGES = 512  # evenly picked; 128 to 2048 gave the same accuracy within 0.05 points
BENCHMARK = (
    "German Traffic Sign Recognition Benchmark (J. Stallkamp, M. Schlipsing, J. Salmen, C. Igel, 2012), free to use "
    "with attribution"
)
LICENCES = {
    "sample": "MIT; trained on images rendered from drawings under CC0",
    "signs": f"MIT; trained on the {BENCHMARK}",
    "gtsrb": f"MIT; trained on the {BENCHMARK}",
    "folders": "that of whoever owns the images it was trained on",
}


def describe(model: Model, metrics: dict[str, Any], source: str) -> Description:
    """What the files of a model say of it.

    Args:
        model: A trained model.
        metrics: As `evaluate` wrote them.
        source: `fetch.source`, which decides the licence.
    """
    height, width, _ = model.metadata["image_shape"]
    return Description(
        classes=[{"id": row.id, "name": row.name} for row in model.classes.rows],
        height=height,
        width=width,
        threshold=metrics["test"]["accepted"].get("threshold"),
        temperature=model.metadata["temperature"],
        data=model.metadata["data"],
        metrics=metrics,
        licence=LICENCES[source],
    )


def export(folder: Path, model: Model, described: Description, train: Split) -> None:
    """Writes ONNX, LiteRT in float32 and int8, a SavedModel, and the description as `model.json`.

    Args:
        folder: Written whole.
        model: A trained model.
        described: From `describe`.
        train: Stored training images, uint8 RGB, some of which set the scales of int8.
    """
    every = max(1, len(train.features) // CALIBRATION_IMAGES)
    images = np.ascontiguousarray(train.features[: every * CALIBRATION_IMAGES : every])
    classify = tensorflow_function(model)
    litert = litert_file.float_bytes(classify)
    text = described.to_json()
    with replaced(folder) as partial:
        partial.mkdir()
        (partial / ONNX).write_bytes(onnx_file.onnx_bytes(model, described.to_properties()))
        for name, content in {LITERT: litert, INT8: litert_file.int8_bytes(litert, images)}.items():
            (partial / name).write_bytes(litert_file.with_description(content, description.FILE_NAME, text))
        saved_model.write(partial / SAVED_MODEL, classify)
        (partial / description.FILE_NAME).write_text(text, encoding="utf-8")

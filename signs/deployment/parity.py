"""How well the exported files of a model agree with Keras."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from signs.core.scores import accuracy, softmax
from signs.data import classes
from signs.data.shards import Images
from signs.data.splits import Split
from signs.deployment import framing, model_file, saved_model
from signs.deployment.export import INT8, LITERT, ONNX, SAVED_MODEL
from signs.networks.store import Model

SMALLEST = 1e-5  # difference that is told; smaller ones depend on the processor


def measure(folder: Path, model: Model, test: Split, *, threads: int) -> dict[str, Any]:
    """Runs the exported files of a model on test images.

    Args:
        folder: That `export` wrote.
        model: The same model.
        test: Stored images, uint8 RGB.
        threads: In which ONNX Runtime and LiteRT run an operation.

    Returns:
        `images`, the number of test images; `keras`, with its `accuracy`; for each of `onnx`, `litert`, `litert_int8`
        and `saved_model` what `compare` gives, and `bytes`.
    """
    indices = classes.indices(test.labels, model.classes.ids)
    expected = softmax(framing.logits(model, test.features))
    runs: dict[str, tuple[str, Callable[[Images], np.ndarray]]] = {
        name: (file, model_file.read(folder / file, threads=threads).probabilities)
        for name, file in {"onnx": ONNX, "litert": LITERT, "litert_int8": INT8}.items()
    }
    runs["saved_model"] = (SAVED_MODEL, saved_model.read(folder / SAVED_MODEL))
    found: dict[str, Any] = {
        name: compare(run(test.features), expected, indices) | {"bytes": _size(folder / file)}
        for name, (file, run) in runs.items()
    }
    return found | {"images": len(indices), "keras": {"accuracy": accuracy(expected, indices)}}


def compare(probabilities: np.ndarray, expected: np.ndarray, indices: np.ndarray) -> dict[str, float]:
    """Compares the probabilities of a format with those of Keras.

    Args:
        probabilities: Of the format, (n, classes).
        expected: Of Keras, likewise.
        indices: Columns of the right classes, (n,).

    Returns:
        `accuracy`, 0-1; `equal_answers`, the share of images whose likeliest class is Keras's, 0-1; `max_difference`,
        the largest difference of two probabilities, rounded up to one digit and at least 1e-5.
    """
    return {
        "accuracy": accuracy(probabilities, indices),
        "equal_answers": float(np.mean(probabilities.argmax(axis=1) == expected.argmax(axis=1))),
        "max_difference": _rounded_up(float(np.abs(probabilities - expected).max())),
    }


def _size(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    return sum(part.stat().st_size for part in [path, *path.rglob("*")] if part.is_file())


def _rounded_up(difference: float) -> float:
    if difference <= SMALLEST:
        return SMALLEST
    digit = 10.0 ** math.floor(math.log10(difference))
    return float(f"{math.ceil(difference / digit) * digit:.0e}")

"""Our networks in ONNX Runtime, as `signs.deployment` exports them: stored images in, probabilities out."""

from collections.abc import Callable

import numpy as np
import onnxruntime

from benchmarks.contenders import THREADS
from benchmarks.ours import built
from benchmarks.tasks import CLASSES, SIZE, TASKS
from signs.data import classes
from signs.deployment.onnx_file import onnx_bytes
from signs.networks.store import Model


def predictor(network: str, count: int, together: int) -> Callable[[], object]:
    """Makes a function that classifies `count` images, `together` at a time."""
    channels = TASKS[network].channels
    metadata = {
        "preprocess": {"central_fraction": 1.0, "grey": channels == 1, "normalize": True},
        "image_shape": [SIZE, SIZE, channels],
        "temperature": 1.0,
    }
    model = Model(built(network), classes.classes_from_labels(np.arange(CLASSES)), metadata)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
    session = onnxruntime.InferenceSession(onnx_bytes(model, {}), options, providers=["CPUExecutionProvider"])
    images = np.random.default_rng(0).integers(0, 256, (count, SIZE, SIZE, 3), np.uint8)
    bounds = [(start, start + together) for start in range(0, count, together)]
    return lambda: [session.run(None, {"images": images[first:last]}) for first, last in bounds]

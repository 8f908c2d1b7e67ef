"""A model as a LiteRT file (`.tflite`), in float32 or in 8-bit integers."""

import contextlib
import io
import warnings
import zipfile

import numpy as np

from signs.deployment.tensorflow_graph import PREPROCESSING, SIGNATURE, Classify
from signs.networks.backend import tf

# What computes in integers, by the names of outputs. The scores of the last layers stay float32, since 256 steps would
# change answers, and so does the grid of a spatial transformer.
MAPS = f"^(?!.*{PREPROCESSING}(_[0-9]+)?/)"
HIDDEN = "/Relu"
SCORES = "(^|/)(layer_5|full|change)(_[0-9]+)?/"
FLAT = "(^|/)flatten"


def float_bytes(classify: Classify) -> bytes:
    """A model in float32, from its TensorFlow function, as the bytes of a LiteRT file."""
    module = tf.Module()
    module.classify = classify
    return tf.lite.TFLiteConverter.from_concrete_functions([classify.get_concrete_function()], module).convert()


def int8_bytes(float_model: bytes, images: np.ndarray) -> bytes:
    """A model whose convolutions, pools and dense layers compute in 8-bit integers.

    Preprocessing, standardization and softmax stay float32. Weights have a scale per channel.

    Args:
        float_model: From `float_bytes`.
        images: Training images whose lowest and highest activations set the scales; uint8 (n, height, width, 3).
    """
    with _quiet():
        from ai_edge_quantizer import qtyping, quantizer  # noqa: PLC0415  # takes 2 seconds

        kinds = qtyping.TFLOperationName
        made = quantizer.Quantizer(float_model)
        static = {kinds.CONV_2D: MAPS, kinds.MAX_POOL_2D: MAPS, kinds.RESHAPE: FLAT, kinds.FULLY_CONNECTED: HIDDEN}
        for kind, names in static.items():
            made.add_static_config(names, kind, activation_num_bits=8, weight_num_bits=8)
        made.add_dynamic_config(SCORES, kinds.FULLY_CONNECTED, num_bits=8)
        # One call with all images: of several, their extremes would be averaged, and activations cut off.
        extremes = made.calibrate({SIGNATURE: [{"images": images}]}, num_threads=1)
        return bytes(made.quantize(_rounded(extremes)).quantized_model)


def with_description(content: bytes, name: str, text: str) -> bytes:
    """A LiteRT file with a text in a zip at its end, as TensorFlow Lite's metadata has it; runtimes pass over it."""
    file = io.BytesIO(content)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)  # dated 1980
    return file.getvalue()


def _rounded(extremes: dict[str, dict[str, np.ndarray]]) -> dict[str, dict[str, np.ndarray]]:
    """The lowest and highest activations to three digits: further ones depend on the processor."""
    return {
        name: {
            key: np.array([float(f"{number:.2e}") for number in array.flat], np.float32).reshape(array.shape)
            for key, array in found.items()
            if key in ("min", "max")
        }
        for name, found in extremes.items()
    }


@contextlib.contextmanager
def _quiet():
    """Drops the quantizer's progress bars, sizes and its warning of the memory that calibration takes."""
    nowhere = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        warnings.simplefilter("ignore")
        yield

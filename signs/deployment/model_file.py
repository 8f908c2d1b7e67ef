"""An exported model that is read from one file and run, without TensorFlow."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from signs.core import zips
from signs.core.errors import UserError
from signs.data.shards import Images
from signs.deployment import description
from signs.deployment.description import Description

MAX_BYTES = 512 * 2**20  # of a model file
MAX_DESCRIPTION = 8 * 2**20  # bytes
BATCH_SIZE = 256  # images at a time, so that memory does not grow with their number

Run = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class ModelFile:
    """A model and its description. `run` gives the probabilities of one batch."""

    description: Description
    run: Run

    def probabilities(self, images: Images) -> np.ndarray:
        """Probabilities, float32 (n, classes), of images, uint8 RGB (n, height, width, 3).

        Raises:
            UserError: The images have another type or size than the model takes.
        """
        height, width = self.description.height, self.description.width
        if images.dtype != np.uint8 or images.shape[1:] != (height, width, 3):
            raise UserError(f"images are {images.dtype} {images.shape}; expected uint8 (n, {height}, {width}, 3)")
        starts = range(0, len(images), BATCH_SIZE)
        parts = [self.run(np.ascontiguousarray(images[start : start + BATCH_SIZE])) for start in starts]
        return np.concatenate([np.empty((0, len(self.description.classes)), np.float32), *parts])


def read(path: Path, *, threads: int) -> ModelFile:
    """Reads a `.onnx` file, which ONNX Runtime runs, or a `.tflite` file, which LiteRT runs.

    Nothing in the file is executed but the operations of its graph, and no other file is read.

    Args:
        path: File to read.
        threads: In which an operation runs.

    Raises:
        UserError: The file is missing, too large, damaged, of another kind, or no model of ours.
    """
    readers = {".onnx": _onnx, ".tflite": _litert}
    if path.suffix not in readers:
        raise UserError(f"{path} is no model file; expected {' or '.join(readers)}")
    try:
        size = path.stat().st_size
        content = path.read_bytes() if size <= MAX_BYTES else b""
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    if not content:
        raise UserError(f"{path} has {size:,} bytes; a model has at most {MAX_BYTES:,} and at least one")
    try:
        model = readers[path.suffix](content, threads)
        _try(model)
        return model
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except Exception as error:  # the runtimes raise what they like
        raise UserError(f"{path} cannot be read as a model: {' '.join(str(error).split())[:200]}") from None


def _onnx(content: bytes, threads: int) -> ModelFile:
    import onnxruntime  # noqa: PLC0415  # each runtime only where it is used

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = threads, 1, 4
    session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    described = description.from_properties(session.get_modelmeta().custom_metadata_map)
    ends = [*session.get_inputs(), *session.get_outputs()]
    _check(described, [(end.name, end.type.removeprefix("tensor(").rstrip(")"), end.shape[1:]) for end in ends])
    return ModelFile(described, lambda images: session.run(["probabilities"], {"images": images})[0])


def _litert(content: bytes, threads: int) -> ModelFile:
    from ai_edge_litert.interpreter import Interpreter  # noqa: PLC0415

    with zips.opened(io.BytesIO(content), "it") as archive, archive.open(description.FILE_NAME) as file:
        described = description.from_json(file.read(MAX_DESCRIPTION))
    runner = Interpreter(model_content=content, num_threads=threads).get_signature_runner()
    ends = (runner.get_input_details() | runner.get_output_details()).items()
    _check(described, [(name, np.dtype(end["dtype"]).name, end["shape"][1:].tolist()) for name, end in ends])
    return ModelFile(described, lambda images: runner(images=images)["probabilities"])


def _try(model: ModelFile) -> None:
    """Runs a model once: the runtimes notice some damage only then."""
    found = model.probabilities(np.zeros((1, model.description.height, model.description.width, 3), np.uint8))
    if found.shape != (1, len(model.description.classes)):
        raise UserError(f"it gives probabilities of shape {found.shape} for one image; export it again")


def _check(described: Description, found: list[tuple[str, str, list[int]]]) -> None:
    images = ("images", "uint8", [described.height, described.width, 3])
    kinds = {"float": "float32"}  # ONNX's name of it
    expected = [images, ("probabilities", "float32", [len(described.classes)])]
    if [(name, kinds.get(kind, kind), shape) for name, kind, shape in found] != expected:
        raise UserError(f"it takes and gives {found}, its description says {expected}")

"""Photographs to names. Needs neither TensorFlow nor OpenCV."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np

from signs.core.errors import UserError
from signs.data import reader
from signs.deployment.model_file import ModelFile

BATCH_SIZE = 64  # images that memory holds at once
Photograph: TypeAlias = "str | Path | np.ndarray"


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model says of one image.

    `name`, `class_id`: of the likeliest class. `confidence`: its probability, 0-1. `known`: whether that is above the
    model's threshold; where it is not, the image is no sign that the model knows. `probabilities`: float32
    (classes,), in the order of the model's classes.
    """

    name: str
    class_id: int
    confidence: float
    known: bool
    probabilities: np.ndarray


class Predictor:
    """An exported model, ready to predict.

    Args:
        model: As `model_file.read` gives it.
    """

    def __init__(self, model: ModelFile) -> None:
        self.model = model
        self.names = model.description.names
        self.ids = [row["id"] for row in model.description.classes]
        self.size = model.description.height, model.description.width

    def predict(self, photographs: "Iterable[Photograph] | Photograph") -> list[Prediction]:
        """Names what images show.

        Args:
            photographs: Paths of image files, or arrays, uint8 RGB (height, width, 3) of any size; or one array
                (n, height, width, 3).

        Raises:
            UserError: A file cannot be read, or an array has another form.
        """
        return list(self.stream(photographs))

    def stream(self, photographs: "Iterable[Photograph] | Photograph") -> Iterator[Prediction]:
        """As `predict`, but one result after the other: memory holds a batch of the images."""
        if isinstance(photographs, str | Path) or (isinstance(photographs, np.ndarray) and photographs.ndim == 3):
            photographs = [photographs]
        for batch in self._batches(photographs):
            yield from map(self.prediction, self.model.probabilities(batch))

    def _batches(self, photographs: "Iterable[Photograph]") -> Iterator[np.ndarray]:
        if isinstance(photographs, np.ndarray) and photographs.shape[1:3] == self.size:
            yield from (photographs[start : start + BATCH_SIZE] for start in range(0, len(photographs), BATCH_SIZE))
        else:
            yield from map(np.stack, _chunks(self.image(one) for one in photographs))

    def image(self, photograph: Photograph) -> np.ndarray:
        """A photograph at the model's size, uint8 RGB (height, width, 3); errors as `predict`."""
        if not isinstance(photograph, np.ndarray):
            photograph = reader.read_rgb(Path(photograph))
        if photograph.dtype != np.uint8 or photograph.ndim != 3 or photograph.shape[2] != 3 or not photograph.size:
            raise UserError(
                f"an image is {photograph.dtype} {photograph.shape}; expected uint8 RGB (height, width, 3), 0-255"
            )
        return reader.resize(photograph, *self.size)

    def prediction(self, probabilities: np.ndarray) -> Prediction:
        """What probabilities (classes,) say."""
        index = int(probabilities.argmax())
        confidence, threshold = float(probabilities[index]), self.model.description.threshold
        is_known = threshold is None or confidence > threshold
        return Prediction(self.names[index], self.ids[index], confidence, is_known, probabilities)

    def top(self, prediction: Prediction, count: int) -> list[tuple[str, float]]:
        """The likeliest classes with their probabilities, the likeliest first."""
        order = np.argsort(-prediction.probabilities, kind="stable")[:count]
        return [(self.names[index], float(prediction.probabilities[index])) for index in order]


def _chunks(images: Iterator[np.ndarray]) -> Iterator[list[np.ndarray]]:
    while chunk := list(islice(images, BATCH_SIZE)):
        yield chunk

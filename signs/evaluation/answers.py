"""What a model answers to stored images."""

from pathlib import Path

import numpy as np

from signs.core.scores import softmax
from signs.evaluation import predictor
from signs.preparation import preprocessing


def answers(model: Path, images: np.ndarray, *, threads: int) -> tuple[np.ndarray, np.ndarray]:
    """The class ids that a model predicts, (n,), and their confidence, 0-1, (n,).

    Args:
        model: Its folder.
        images: Stored, uint8 (n, height, width, channels); they are preprocessed as those that it was trained on.
        threads: As in `predictor.read`.

    Raises:
        UserError: As in `predictor.read`, or the images do not fit the model.
    """
    trained = predictor.read(model, threads=threads)
    logits = trained.logits(preprocessing.converter(trained.metadata["preprocess"])(images))
    return trained.classes.ids[logits.argmax(axis=1)], softmax(logits).max(axis=1)

"""Stage `stress`: measures a model on corrupted images, and on images that show no sign."""

from pathlib import Path

import numpy as np

from signs.core import documents, params, tables
from signs.core.scores import softmax
from signs.data import datasets
from signs.evaluation import predictor, stress
from signs.evaluation.measured import read_metrics
from signs.preparation import preprocessing


def main(dataset: Path, model: Path, measured: Path, stressed: Path, table: Path) -> None:
    """Corrupts the stored images of `dataset`; takes the threshold from the metrics `measured`."""
    trained = predictor.read(model, **params.load("predict"))
    convert = preprocessing.converter(trained.metadata["preprocess"])
    threshold = read_metrics(measured)["test"]["accepted"].get("threshold")

    def predict(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        logits = trained.logits(convert(images))
        return trained.classes.ids[logits.argmax(axis=1)], softmax(logits).max(axis=1)

    found, rows = stress.stress(predict, datasets.read(dataset).test, threshold, **params.load("stress"))
    tables.write(table, rows)
    documents.write(stressed, found)

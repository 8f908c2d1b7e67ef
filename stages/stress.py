"""Stage `stress`: measures a model on corrupted images, and on images that show no sign."""

import functools
from pathlib import Path

from signs.core import documents, params, tables
from signs.data import datasets
from signs.evaluation import answers, stress
from signs.evaluation.measured import read_metrics


def main(dataset: Path, model: Path, measured: Path, stressed: Path, table: Path) -> None:
    """Corrupts the stored images of `dataset`; takes the threshold from the metrics `measured`."""
    threshold = read_metrics(measured)["test"]["accepted"].get("threshold")
    predict = functools.partial(answers.answers, model.resolve(), **params.load("predict"))
    found, rows = stress.stress(predict, datasets.read(dataset).test, threshold, **params.load("stress"))
    tables.write(table, rows)
    documents.write(stressed, found)

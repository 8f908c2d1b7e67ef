"""Stage `stress`: measures a model on corrupted images, and on images that are no sign."""

from pathlib import Path

from signs.core import params, tables
from signs.data.datasets import read
from signs.evaluation import metrics as evaluation
from signs.evaluation import stress
from signs.networks import store
from signs.networks.backend import reproducible
from signs.preparation import preprocessing


def main(dataset: Path, model: Path, measured: Path, metrics: Path, table: Path) -> None:
    """Measures on stored images; takes the threshold from the metrics `measured`, writes metrics and a table."""
    reproducible(0, params.load("evaluate")["threads"])
    trained = store.read(model)
    convert = preprocessing.converter(trained.card["preprocess"])
    threshold = evaluation.read(measured)["test"]["accepted"]["threshold"]
    found, rows = stress.stress(
        lambda images: trained.logits(convert(images)),
        read(dataset),
        trained.classes.ids,
        threshold,
        **params.load("stress"),
    )
    tables.write(table, rows)
    evaluation.write(metrics, found)

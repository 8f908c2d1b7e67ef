"""Stage `stress`: measures a model on corrupted images, and on images that are no sign."""

from pathlib import Path

from signs import evaluation, models, params, preprocessing, stress, tables
from signs.backend import reproducible
from signs.datasets import read
from stages import run


def main(dataset: Path, model: Path, measured: Path, metrics: Path, table: Path) -> None:
    """Measures on stored images; takes the threshold from the metrics `measured`, writes metrics and a table."""
    settings = params.load("train")
    reproducible(settings["seed"], settings["threads"])
    trained = models.read(model)
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


if __name__ == "__main__":
    run(main)

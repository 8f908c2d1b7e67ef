"""Stage `train`: trains a network on a data set."""

from pathlib import Path

from signs.core import params, tables
from signs.data.datasets import digest, read
from signs.networks import store
from signs.training import checkpoints, fitting
from signs.training.settings import of_model


def main(dataset: Path, model: Path, table: Path) -> None:
    """Trains on `dataset`; writes the model, and a table of its history by epoch."""
    section = params.load("train", network="networks", schedule="schedules", augmentation="augmentations")
    settings = of_model(model.name, section, params.load("load_from"))
    logs = Path("logs") / model.name
    fitted, history = fitting.fit(read(dataset), digest(dataset), params.load("preprocess"), logs, settings)
    tables.write(table, history)
    store.write(model, fitted)
    checkpoints.remove(logs)

"""Stage `train`: a data set becomes a model."""

from pathlib import Path

from signs.core import params, tables
from signs.data.datasets import digest, read
from signs.networks import store
from signs.training import fitting


def main(dataset: Path, model: Path, table: Path) -> None:
    """Trains on `dataset`; writes the model, and its history by epoch as a table."""
    logs = Path("logs") / model.name
    settings = params.load("train", network="networks", schedule="schedules", augmentation="augmentations")
    settings["load_from"] = params.load("load_from")[model.name]
    fitted, rows = fitting.fit(read(dataset), digest(dataset), params.load("preprocess"), logs, **settings)
    tables.write(table, rows)
    store.write(model, fitted)
    fitting.forget(logs)

"""Stage `train`: a data set becomes a model."""

from pathlib import Path

from signs import fitting, models, params, tables
from signs.datasets import digest, read
from stages import run


def main(dataset: Path, model: Path, table: Path) -> None:
    """Trains on `dataset`; writes the model, and its history by epoch as a table."""
    logs = Path("logs") / model.name
    settings = params.load("train")
    if isinstance(settings.get("load_from"), dict):  # else `fit` says what it should be
        settings["load_from"] = settings["load_from"].get(model.name)
    fitted, rows = fitting.fit(read(dataset), digest(dataset), params.load("preprocess"), logs, **settings)
    tables.write(table, rows)
    models.write(model, fitted)
    fitting.forget(logs)


if __name__ == "__main__":
    run(main)

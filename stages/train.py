"""Stage `train`: trains a network on a data set."""

from pathlib import Path

from signs.core import params, tables
from signs.data.datasets import check, digest, read
from signs.networks import store
from signs.training import advice, checkpoints, finished, fitting, team
from signs.training.finished import Result
from signs.training.settings import of_model


def main(dataset: Path, model: Path, table: Path) -> None:
    """Trains on `dataset`; writes the model, and a table of its history by epoch.

    Where another model had the very same training, its result is copied.
    """
    section = params.load("train", network="networks", schedule="schedules", augmentation="augmentations")
    data, sha256, preprocess = check(read(dataset), str(dataset)), digest(dataset), params.load("preprocess")
    settings = of_model(model.name, section, params.load("load_from"), len(data.train.labels))
    result = Result(Path("logs") / model.name, model, table)
    key = finished.key(settings, sha256, preprocess)
    if other := finished.copy(result, key):
        print(f"{model.name}: data and settings are those of {other}, and so is the model: it was copied")
        return
    print(f"{model.name}: {' and '.join(data.classes.counts.values())}", flush=True)
    for line in [*advice.on_steps(len(data.train.labels), settings.batch_size), *advice.on_classes(data)]:
        print(f"{model.name}: warning: {line}", flush=True)
    with team.of_cluster(dataset, settings) as elsewhere:
        fitted, history = fitting.fit(data, sha256, preprocess, result.logs, settings, elsewhere)
    tables.write(table, history)
    store.write(model, fitted)
    finished.note(result, key)
    checkpoints.remove(result.logs)

"""Stage `evaluate`: measures a model on each split."""

from pathlib import Path

from signs.core import documents, params, tables
from signs.core.scores import softmax
from signs.data import classes
from signs.data.datasets import digest, read
from signs.evaluation import heatmaps, metrics, predictions, predictor, rejection
from signs.evaluation.measured import check_data
from signs.evaluation.predictions import SPLITS, Predictions
from signs.networks import model_json


def main(dataset: Path, model: Path, measured: Path, probabilities: Path, acceptance: Path) -> None:
    """Predicts each split of `dataset`; writes metrics, probabilities with heatmaps of mistakes, acceptance curve."""
    settings = params.load("predict")
    trained = predictor.read(model, **settings)
    check_data(digest(dataset), model / model_json.FILE_NAME, str(dataset))
    stored = read(dataset)
    carried = model_json.refit(trained.metadata)
    splits = dict((stored.refitted() if carried else stored).items())
    logits = {name: predictor.logits(model, split.features, **settings) for name, split in splits.items()}
    labels = {name: split.labels for name, split in splits.items()}
    found = metrics.evaluate(logits, labels, trained.classes, carried, **params.load("evaluate"))
    kept = {name: softmax(logits[name]) for name in SPLITS}
    truth = classes.indices(labels["test"], trained.classes.ids)
    mistakes = heatmaps.of_mistakes(trained.network, splits["test"].features, kept["test"], truth)
    predicted = Predictions(trained.classes.ids, kept, {name: labels[name] for name in SPLITS})
    predictions.write(probabilities, predicted, *mistakes, {name: split.filenames for name, split in splits.items()})
    curve = rejection.acceptance(*rejection.answers(logits["test"], truth))
    tables.write(acceptance, rejection.thinned(curve))
    documents.write(measured, found | {"calibration": metrics.calibration(trained.metadata["temperature"], found)})
    print(f"{model.name}: {metrics.summary(found, trained.classes)}")

"""Stage `evaluate`: measures a model on each split."""

from pathlib import Path

from signs.core import params, tables
from signs.core.scores import softmax
from signs.data import classes
from signs.data.datasets import read
from signs.evaluation import metrics as evaluation
from signs.evaluation import predictions, rejection
from signs.evaluation.attention import of_mistakes
from signs.networks import store
from signs.networks.backend import reproducible


def main(dataset: Path, model: Path, metrics: Path, probabilities: Path, acceptance: Path) -> None:
    """Predicts each split of `dataset`; writes metrics, probabilities, and what a threshold accepts."""
    reproducible(0, params.load("evaluate")["threads"])
    data, trained = read(dataset), store.read(model)
    splits = dict(data.items())
    logits = {name: trained.logits(split.features) for name, split in splits.items()}
    labels = {name: split.labels for name, split in splits.items()}
    measured = evaluation.evaluate(logits, labels, trained.classes, **params.load("evaluate"))
    right = classes.indices(labels["test"], trained.classes.ids)
    looked = of_mistakes(trained.network, splits["test"].features, softmax(logits["test"]), right)
    kept = {name: logits[name] for name in ("valid", "test")}
    predictions.write(probabilities, kept, {name: labels[name] for name in kept}, trained.classes.ids, *looked)
    curve = rejection.acceptance(*rejection.answers(logits["test"], right))
    tables.write(acceptance, rejection.thinned(curve))
    evaluation.write(metrics, measured)
    print(f"{model.name}: test accuracy {measured['test']['accuracy']:.4f} on {measured['images']} images")

"""Stage `evaluate`: measures a model on each split."""

from pathlib import Path

from signs import classes, evaluation, models, params, predictions, rejection, tables
from signs.attention import of_mistakes
from signs.backend import reproducible
from signs.datasets import read
from signs.scores import softmax
from stages import run


def main(dataset: Path, model: Path, metrics: Path, probabilities: Path, acceptance: Path) -> None:
    """Predicts each split of `dataset`; writes metrics, probabilities, and what a threshold accepts."""
    settings = params.load("train")
    reproducible(settings["seed"], settings["threads"])
    data, trained = read(dataset), models.read(model)
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


if __name__ == "__main__":
    run(main)

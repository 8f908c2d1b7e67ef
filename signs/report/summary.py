"""The first lines of the page: what was trained on what, where the model fails, and what to try next."""

from typing import Any, NamedTuple

import numpy as np

from signs.core.history import kept_epoch
from signs.evaluation.diagnosis import Diagnosis
from signs.report.inputs import Diagnosed, Explored

NETWORKS = {"lenet": "LeNet"}  # whose name in prose is another than in params.yaml
SOURCES = {
    "sample": "the rendered sample",
    "signs": "the article's zip of the German Traffic Sign Recognition Benchmark",
    "gtsrb": "the German Traffic Sign Recognition Benchmark",
    "folders": "a folder of images",
}
LEARNED = 0.95  # training accuracy of a network that is large enough and trained for long enough
GAP = 0.03  # between two accuracies that is worth a remedy
LATE = 0.9  # share of the epochs; a best epoch after it says that training ended early


class Advice(NamedTuple):
    """What to try next: a line of params.yaml, None for other advice, and the figure that speaks for it."""

    setting: str | None
    reason: str


def summary(fetched: Explored, model: Diagnosed, settings: dict[str, Any]) -> dict[str, Any]:
    """What the page opens with.

    Args:
        fetched: The data set as it was fetched.
        model: The model that the page speaks of where it speaks of one.
        settings: Sections of params.yaml, and `native`.

    Returns:
        `run`: what was trained on what, in one line. `weakest`: see `weakest`. `advice`: see `advice`.
    """
    return {
        "run": run(fetched.digest, _epochs(model), settings),
        "weakest": weakest(model.diagnosis),
        "advice": advice(model, settings)._asdict(),
    }


def run(digest: str, epochs: int, settings: dict[str, Any]) -> str:
    """What was trained on what, in one line.

    Args:
        digest: Of the data set as it was fetched.
        epochs: Those that the training took; the setting may be `auto`.
        settings: The sections `train` and `fetch` of params.yaml, and `native`.
    """
    train, source = settings["train"], settings["fetch"]["source"]
    network = train["network"]["name"]
    parts = [
        NETWORKS.get(network, network),
        f"{epochs} {'epoch' if epochs == 1 else 'epochs'}",
        f"seed {train['seed']}",
        f"on {SOURCES.get(source, source)}",
        f"data {digest[:7]}…",
        f"{'native' if settings['native'] else 'portable'} instructions",
    ]
    return ", ".join(parts)


def weakest(found: Diagnosis) -> dict[str, Any] | None:
    """The class with the lowest recall, and the class that its test images are most often taken for.

    None where every test image is classified correctly.
    """
    matrix, images = found.matrix, found.matrix.sum(axis=1)
    recall = np.divide(matrix.diagonal(), images, out=np.ones(len(matrix)), where=images > 0)
    place = int(recall.argmin())
    if recall[place] == 1:
        return None
    others = np.where(np.arange(len(matrix)) == place, 0, matrix[place])
    return {
        "name": found.classes.rows[place].name,
        "correct": int(matrix[place, place]),
        "images": int(images[place]),
        "other": found.classes.rows[int(others.argmax())].name,
        "times": int(others.max()),
    }


def advice(model: Diagnosed, settings: dict[str, Any]) -> Advice:
    """The first remedy that a figure speaks for."""
    train, epochs = settings["train"], _epochs(model)
    kept = kept_epoch(model.history, train["keep"])
    fit, test = (model.metrics[split]["accuracy"] for split in ("train", "test"))
    valid = model.metrics.get("valid", {}).get("accuracy", fit)  # absent where training took these images, too
    kinds = {kind: model.metrics["test"].get(kind, {}).get("accuracy", test) for kind in ("original", "synthetic")}
    lost, is_plain = test - model.stress["corrupted"]["mean"], train["augmentation"]["name"] == "none"
    remedies = [
        (
            fit < LEARNED and train["network"]["name"] == "lenet",
            "train.network: convnet",
            f"the network is too small for its data: its training accuracy is only {_percent(fit)}",
        ),
        (
            train["keep"] == "best" and kept > LATE * epochs,
            f"train.epochs: {2 * epochs}",
            f"validation accuracy is best at epoch {kept} of {epochs}, so it may still rise",
        ),
        (
            fit - valid > GAP and is_plain,
            "train.augmentation: camera",
            f"accuracy falls from {_percent(fit)} in training to {_percent(valid)} in validation",
        ),
        (
            kinds["original"] - kinds["synthetic"] > GAP and settings["synthesize"]["recipe"]["name"] == "article",
            "synthesize.recipe: randomized",
            f"accuracy is {_percent(kinds['synthetic'])} on synthetic classes, {_percent(kinds['original'])} on others",
        ),
        (lost > GAP and is_plain, "train.augmentation: camera", f"corrupted images cost {100 * lost:.1f} points"),
    ]
    found = (Advice(setting, reason) for applies, setting, reason in remedies if applies)
    return next(found, Advice(None, "collect more training images of the classes with the lowest F1"))


def _epochs(model: Diagnosed) -> int:
    return len(model.history) - 1  # the first row is before training


def _percent(share: float) -> str:
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"

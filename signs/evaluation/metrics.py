"""The metrics of a model, from logits and labels; no TensorFlow here."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from signs.core.errors import UserError
from signs.core.files import replaced
from signs.core.params import Count, Share, validated
from signs.core.scores import accuracy, cross_entropy, softmax
from signs.data.classes import SEEN_DRAWINGS, Classes, indices
from signs.evaluation import rejection


def macro_f1(logits: np.ndarray, indices: np.ndarray) -> float:
    """Mean over all classes of the harmonic mean of precision and recall, 0-1.

    A class that neither occurs nor is predicted counts as 0: it is not left out.
    """
    classes, said = logits.shape[1], logits.argmax(axis=1)
    right = np.bincount(said[said == indices], minlength=classes)
    either = np.bincount(said, minlength=classes) + np.bincount(indices, minlength=classes)
    return float(np.divide(2 * right, either, out=np.zeros(classes), where=either > 0).mean())


def mean_recall(logits: np.ndarray, indices: np.ndarray) -> float:
    """Mean over the classes that occur of the share of their images that are taken for them, 0-1."""
    said, occurring = logits.argmax(axis=1), np.unique(indices)
    return float(np.mean([(said[indices == place] == place).mean() for place in occurring]))


def calibration_error(logits: np.ndarray, indices: np.ndarray, bins: int) -> float:
    """Expected calibration error, 0-1: how far confidence is from accuracy, weighted over equal bins.

    Source: Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", 2017.

    Args:
        logits: (n, classes).
        indices: (n,), the right classes.
        bins: Into how many bins of equal width confidence is cut; a bin holds its upper edge.
    """
    probabilities = softmax(logits)
    confidence = probabilities.max(axis=1)
    right = logits.argmax(axis=1) == indices
    bin_of = np.ceil(confidence * bins).astype(int).clip(1, bins) - 1
    gaps = np.bincount(bin_of, weights=right - confidence, minlength=bins)
    return float(np.abs(gaps).sum() / len(indices))


@validated("evaluate")
def evaluate(
    logits: dict[str, np.ndarray],
    labels: dict[str, np.ndarray],
    classes: Classes,
    *,
    threads: Count,  # noqa: ARG001  # of TensorFlow, which the stage sets
    calibration_bins: Count,
    target_accuracy: Share,
) -> dict[str, Any]:
    """The metrics of a model on each split.

    Args:
        logits: Of `train`, `valid`, `test` and, where there are such images, `withheld`, each (n, classes).
        labels: Class ids of the same images, each (n,).
        classes: What the columns of `logits` mean.
        threads: In which TensorFlow computes.
        calibration_bins: For the calibration error on test.
        target_accuracy: Share of validation images above the threshold of confidence that are to be right.

    Returns:
        `train`, `valid`, `test`, each with `accuracy` (0-1) and `loss` (nats); `test` also with `macro_f1`,
        `calibration_error` and `accepted` (see `rejection.accepted`, with its `threshold`), and, where some of
        its classes are synthetic, with `original` and `synthetic`: the `accuracy` on the images of either kind, and
        with `seen_drawings`: on synthetic ones that show a drawing which was trained on.
        `images`: the origins of the classes. Where photographs were withheld, `withheld` holds `accuracy`, `loss`
        and mean `recall` on them, and `test` `accuracy` and `recall` on photographs of these classes (`withheld`) and
        of the other ones that are not synthetic (`others`).

    Raises:
        UserError: A label that is none of the classes.
    """
    right = {split: indices(labels[split], classes.ids) for split in logits}
    metrics: dict[str, Any] = {
        split: {"accuracy": accuracy(logits[split], right[split]), "loss": cross_entropy(logits[split], right[split])}
        for split in logits
    }
    metrics["test"]["macro_f1"] = macro_f1(logits["test"], right["test"])
    metrics["test"]["calibration_error"] = calibration_error(logits["test"], right["test"], calibration_bins)
    metrics["test"]["accepted"] = _accepted(logits, right, target_accuracy)
    synthetic = np.array([row.is_synthetic for row in classes.rows])[right["test"]]
    seen = np.array([row.origin == SEEN_DRAWINGS for row in classes.rows])[right["test"]]
    for kind, chosen in (("original", ~synthetic), ("synthetic", synthetic), ("seen_drawings", seen)):
        if synthetic.any() and not synthetic.all() and chosen.any():
            metrics["test"][kind] = {"accuracy": accuracy(logits["test"][chosen], right["test"][chosen])}
    if "withheld" in logits:
        metrics["withheld"]["recall"] = mean_recall(logits["withheld"], right["withheld"])
        withheld = np.isin(right["test"], right["withheld"])
        for kind, chosen in (("withheld", withheld), ("others", ~withheld & ~synthetic)):
            if chosen.any():
                found = logits["test"][chosen], right["test"][chosen]
                metrics["test"][kind] = {"accuracy": accuracy(*found), "recall": mean_recall(*found)}
    metrics["images"] = " and ".join(sorted({"synthetic" if row.is_synthetic else row.origin for row in classes.rows}))
    return metrics


def _accepted(logits: dict[str, np.ndarray], right: dict[str, np.ndarray], target_accuracy: float) -> dict[str, float]:
    limit = rejection.threshold(*rejection.answers(logits["valid"], right["valid"]), target_accuracy)
    return {"threshold": limit} | rejection.accepted(*rejection.answers(logits["test"], right["test"]), limit)


def write(path: Path, metrics: dict[str, Any]) -> None:
    """Writes metrics as JSON with sorted keys, as DVC reads and compares them."""
    with replaced(path) as partial:
        partial.write_text(json.dumps(metrics, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    """Reads metrics that `write` wrote; a UserError for another file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} holds no metrics: {error}; dvc repro evaluate makes them anew") from None

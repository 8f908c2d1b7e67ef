"""The metrics of a model, from its logits and the true classes; needs no TensorFlow."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from signs.core.params import Bins, Share, validated
from signs.core.scores import accuracy, cross_entropy
from signs.data.classes import SEEN_DRAWINGS, Classes, indices
from signs.data.datasets import HIDDEN
from signs.evaluation import rejection, reliability
from signs.networks.model_json import Calibration

Metric = Callable[[np.ndarray, np.ndarray], float]


def macro_f1(logits: np.ndarray, truth: np.ndarray) -> float:
    """Mean F1 of all classes, 0-1; a class that neither occurs nor is predicted counts as 0.

    Args:
        logits: (n, classes).
        truth: Positions of the true classes, (n,).
    """
    from sklearn.metrics import f1_score  # noqa: PLC0415  # takes a second, which not every stage needs

    classes = np.arange(logits.shape[1])
    return float(f1_score(truth, logits.argmax(axis=1), labels=classes, average="macro", zero_division=0))


def mean_recall(logits: np.ndarray, truth: np.ndarray) -> float:
    """Mean recall of the classes that occur in `truth`, 0-1."""
    from sklearn.metrics import recall_score  # noqa: PLC0415  # takes a second, which not every stage needs

    return float(recall_score(truth, logits.argmax(axis=1), labels=np.unique(truth), average="macro"))


def calibration_error(logits: np.ndarray, truth: np.ndarray, bins: int) -> float:
    """The expected calibration error, 0-1, see `reliability`."""
    return reliability.calibration_error(reliability.reliability(*rejection.answers(logits, truth), bins))


@validated("evaluate")
def evaluate(
    logits: dict[str, np.ndarray],
    labels: dict[str, np.ndarray],
    classes: Classes,
    carried: Calibration | None = None,
    *,
    calibration_bins: Bins,
    target_accuracy: Share,
) -> dict[str, Any]:
    """Computes the metrics of a model on each split. A metric of no images is left out.

    Args:
        logits: By split: `train`, `valid`, `test` and, where photographs of some classes were hidden from training,
            `hidden`; each (n, classes).
        labels: Class ids of the same images, each (n,).
        classes: The classes of the columns of `logits`.
        carried: Has the threshold of a model that validation did not calibrate; None where validation chooses it.
        calibration_bins: Bins of confidence for the calibration error.
        target_accuracy: Share of the validation images above the confidence threshold that must be correct.

    Returns:
        `accuracy` (0-1) and `loss` (nats) of each split.
        `test` also has `macro_f1`, `calibration_error` and `accepted`: the `target_accuracy` and, where some threshold
        reaches it on validation or was carried over, the `threshold` and how it does on test, see `rejection.accepted`.
        Where some classes are synthetic, `test` has `original`, `synthetic` and `seen_drawings` (synthetic classes
        whose test images show drawings from training), each with the `accuracy` on these classes.
        Where photographs were hidden, `hidden` also has the mean `recall` of these classes, and `test` has `hidden`
        (photographs of these classes) and `others` (of all other classes that are not synthetic), each with
        `accuracy` and mean `recall`.
        `images` names the origins of the classes.

    Raises:
        UserError: A label is not among the classes.
    """
    truth = {split: indices(labels[split], classes.ids) for split in logits}
    found: dict[str, Any] = {
        split: _measured(logits[split], truth[split], accuracy=accuracy, loss=cross_entropy) for split in logits
    }
    test = logits["test"], truth["test"]
    in_bins = functools.partial(calibration_error, bins=calibration_bins)
    found["test"] |= _measured(*test, macro_f1=macro_f1, calibration_error=in_bins)
    answers = {split: rejection.answers(logits[split], truth[split]) for split in ("valid", "test")}
    limit = carried.threshold if carried else rejection.threshold(*answers["valid"], target_accuracy)
    found["test"]["accepted"] = {"target_accuracy": target_accuracy} | _accepted(*answers["test"], limit)
    found["test"] |= _by_origin(*test, classes)
    if HIDDEN in logits:
        found[HIDDEN] |= _measured(logits[HIDDEN], truth[HIDDEN], recall=mean_recall)
        found["test"] |= _by_hiding(*test, classes, np.unique(truth[HIDDEN]))
    found["images"] = " and ".join(sorted({"synthetic" if row.is_synthetic else row.origin for row in classes.rows}))
    return {name: value for name, value in found.items() if value}


def calibration(temperature: float, found: dict[str, Any]) -> dict[str, float]:
    """The temperature and, where there is one, the threshold: what a training that learns all images takes over.

    Args:
        temperature: That divided the logits.
        found: That `evaluate` returned.
    """
    threshold = found["test"]["accepted"].get("threshold")
    return {"temperature": temperature} | ({} if threshold is None else {"threshold": threshold})


def summary(found: dict[str, Any], classes: Classes) -> str:
    """The accuracy on test images in one line, and the classes that it is about; of original and synthetic ones apart.

    Args:
        found: That `evaluate` returned.
        classes: Of the model.
    """
    test, counts = found["test"], classes.counts
    parts = [f"{test[kind]['accuracy']:.4f} on {count}" for kind, count in counts.items() if kind in test]
    told = ", ".join(parts) or f"{test['accuracy']:.4f} on {' and '.join(counts.values())}"
    return f"test accuracy {told} (images: {found['images']})"


def _measured(logits: np.ndarray, truth: np.ndarray, **metrics: Metric) -> dict[str, float]:
    return {name: metric(logits, truth) for name, metric in metrics.items()} if len(truth) else {}


def _accepted(confidence: np.ndarray, is_correct: np.ndarray, limit: float | None) -> dict[str, float]:
    return {} if limit is None else {"threshold": limit} | rejection.accepted(confidence, is_correct, limit)


def _by_origin(logits: np.ndarray, truth: np.ndarray, classes: Classes) -> dict[str, dict[str, float]]:
    """Accuracy on the original and on the synthetic classes; empty where all test images are of one kind."""
    is_synthetic = np.array([row.is_synthetic for row in classes.rows])
    is_seen = np.array([row.origin == SEEN_DRAWINGS for row in classes.rows])
    kinds = {"original": ~is_synthetic, "synthetic": is_synthetic}
    parts = _parts(logits, truth, kinds, accuracy=accuracy)
    return parts | _parts(logits, truth, {"seen_drawings": is_seen}, accuracy=accuracy) if len(parts) == 2 else {}


def _by_hiding(
    logits: np.ndarray, truth: np.ndarray, classes: Classes, hidden: np.ndarray
) -> dict[str, dict[str, float]]:
    """Accuracy and recall on classes whose photographs were hidden, and on all others that are not synthetic."""
    is_hidden = np.isin(np.arange(len(classes)), hidden)
    is_synthetic = np.array([row.is_synthetic for row in classes.rows])
    kinds = {HIDDEN: is_hidden, "others": ~is_hidden & ~is_synthetic}
    return _parts(logits, truth, kinds, accuracy=accuracy, recall=mean_recall)


def _parts(
    logits: np.ndarray, truth: np.ndarray, kinds: dict[str, np.ndarray], **metrics: Metric
) -> dict[str, dict[str, float]]:
    """Metrics on the images of each kind of class, a mask over the classes; kinds without images are left out."""
    chosen = {kind: mask[truth] for kind, mask in kinds.items()}
    return {kind: _measured(logits[rows], truth[rows], **metrics) for kind, rows in chosen.items() if rows.any()}

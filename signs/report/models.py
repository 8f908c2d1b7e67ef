"""What the page shows of a model."""

from typing import Any

import numpy as np

from signs.core.history import Keep, kept_epoch
from signs.data.classes import SignClass
from signs.data.datasets import HIDDEN
from signs.evaluation.intervals import interval
from signs.report.inputs import Diagnosed, file_of
from signs.report.sprites import Sprite

MATRIX_CLASSES = 100  # of a matrix that a person can read
MIN_PROBABILITY = 0.01  # that is shown
MAX_PROBABILITIES = 5  # of an image


def model(
    diagnosed: Diagnosed, typical: dict[int, int], sprite: Sprite, settings: dict[str, Any], correct_per_class: int
) -> dict[str, Any]:
    """A model's metrics, training, classes, confusions, and test images that it classified correctly and wrongly.

    Args:
        diagnosed: The model's results.
        typical: Tile of a typical image of each class, by class id.
        sprite: Collects the tiles.
        settings: Sections of params.yaml.
        correct_per_class: Correctly classified images of each class, at most.
    """
    found = diagnosed.diagnosis
    truth = np.searchsorted(found.classes.ids, diagnosed.dataset.test.labels)
    is_correct = diagnosed.predictions.softmax["test"].argmax(axis=1) == truth
    places = range(len(found.classes))
    correct = [np.flatnonzero(is_correct & (truth == place))[:correct_per_class] for place in places]
    return {
        "name": diagnosed.name,
        "classes": [
            row._asdict() | {"tile": typical[row.id]} | scores
            for row, scores in zip(found.classes.rows, found.per_class, strict=True)
        ],
        "metrics": diagnosed.metrics,
        "accuracy": _share(is_correct),
        "parts": _parts(found.classes.rows, truth, is_correct),
        "hidden": _hidden(diagnosed, settings["merge"]["hide_photographs_of"]),
        "acceptance": diagnosed.acceptance,
        "corruptions": diagnosed.corruptions,
        "stress": diagnosed.stress,
        "mistakes": [
            mistake | {"heatmap": "".join(map(str, np.rint(heatmap * 9).astype(int).ravel()))}
            for mistake, heatmap in zip(_tested(diagnosed, found.mistakes, sprite), diagnosed.heatmaps, strict=True)
        ],
        "heatmap_shape": list(diagnosed.heatmaps.shape[1:]),
        "mistakes_total": int((~is_correct).sum()),
        "correct": _tested(diagnosed, np.concatenate(correct), sprite),
        **_training(diagnosed, settings["train"]["keep"]),
        **_confusion(diagnosed),
    }


def _training(diagnosed: Diagnosed, keep: Keep) -> dict[str, Any]:
    return {
        "history": [row | {"epoch": int(row["epoch"])} for row in diagnosed.history],
        "kept_epoch": kept_epoch(diagnosed.history, keep),
    }


def _confusion(diagnosed: Diagnosed) -> dict[str, Any]:
    found, matrix = diagnosed.diagnosis, diagnosed.diagnosis.matrix
    return {
        "confusion": [[row, column, int(matrix[row, column])] for row, column in np.argwhere(matrix).tolist()],
        "matrix_classes": _in_matrix(matrix),
        "pairs": [
            {
                "first": first,
                "second": second,
                "forward": int(matrix[first, second]),
                "backward": int(matrix[second, first]),
            }
            for first, second in found.confused
        ],
        "reliability": found.reliability,
        "average_probability": [_highest(row) for row in np.nan_to_num(found.average)],
    }


def _highest(probabilities: np.ndarray) -> list[list[Any]]:
    """Positions of classes and their probabilities, the highest first."""
    order = np.argsort(-probabilities, kind="stable")
    return [
        [int(place), round(float(probabilities[place]), 4)]
        for place in order
        if probabilities[place] >= MIN_PROBABILITY
    ]


def _tested(diagnosed: Diagnosed, rows: np.ndarray, sprite: Sprite) -> list[dict[str, Any]]:
    """Test images and their predictions; classes are positions."""
    test, softmax = diagnosed.dataset.test, diagnosed.predictions.softmax["test"]
    truth = np.searchsorted(diagnosed.diagnosis.classes.ids, test.labels)
    return [
        {
            "tile": sprite.add(test.features[row]),
            "image": int(row),
            "true": int(truth[row]),
            "predicted": int(softmax[row].argmax()),
            "confidence": round(float(softmax[row].max()), 4),
            "truth": round(float(softmax[row, truth[row]]), 4),
            "probabilities": _highest(softmax[row])[:MAX_PROBABILITIES],
        }
        | file_of(test, row)
        for row in rows
    ]


def _in_matrix(matrix: np.ndarray) -> list[int]:
    """The positions of all classes, or of those with the most confusions, ascending."""
    confusions = (matrix + matrix.T).sum(axis=1) - 2 * matrix.diagonal()
    return sorted(np.argsort(-confusions, kind="stable")[:MATRIX_CLASSES].tolist())


def _share(is_correct: np.ndarray) -> dict[str, Any]:
    if not is_correct.size:
        return {"value": None, "low": None, "high": None, "images": 0}
    low, high = interval(int(is_correct.sum()), is_correct.size)
    return {"value": float(is_correct.mean()), "low": low, "high": high, "images": is_correct.size}


def _parts(rows: tuple[SignClass, ...], truth: np.ndarray, is_correct: np.ndarray) -> list[dict[str, Any]]:
    """Accuracy on original and on synthetic classes, where there are both."""
    synthetic = np.array([row.is_synthetic for row in rows])[truth]
    if synthetic.all() or not synthetic.any():
        return []
    parts = {"original classes": ~synthetic, "synthetic classes": synthetic}
    return [{"name": name} | _share(is_correct[chosen]) for name, chosen in parts.items()]


def _hidden(diagnosed: Diagnosed, ids: list[int]) -> dict[str, Any] | None:
    """What the photographs gave that were hidden from training; None where none were."""
    metrics = diagnosed.metrics
    if not metrics.get(HIDDEN):
        return None
    names = [row.name for row in diagnosed.diagnosis.classes.rows if row.id in ids]
    return {"classes": names, "train": metrics[HIDDEN], "test": metrics["test"].get(HIDDEN)}

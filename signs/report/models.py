"""What the page tells of a model."""

from typing import Any

import numpy as np

from signs.core.history import best_epoch
from signs.core.scores import interval
from signs.data.classes import SignClass
from signs.report.inputs import Diagnosed
from signs.report.sprites import Sprite

MATRIX_CLASSES = 100  # more are no matrix that a person reads
LEAST_PROBABILITY = 0.01  # that is drawn


def model(diagnosed: Diagnosed, typical: dict[int, int], sprite: Sprite, right: int) -> dict[str, Any]:
    """A model: its metrics, history, classes, confusions, and images that it got right and wrong."""
    found, test = diagnosed.diagnosis, diagnosed.dataset.test.features
    truth = np.searchsorted(found.classes.ids, diagnosed.dataset.test.labels)
    softmax = diagnosed.predictions.softmax["test"]
    matrix = found.matrix

    def tested(rows: np.ndarray) -> list[dict[str, Any]]:
        return [
            {
                "tile": sprite.add(test[row]),
                "image": int(row),
                "true": int(truth[row]),
                "predicted": int(softmax[row].argmax()),
                "confidence": round(float(softmax[row].max()), 4),
                "truth": round(float(softmax[row, truth[row]]), 4),
            }
            for row in rows
        ]

    is_right = softmax.argmax(axis=1) == truth
    chosen = [np.flatnonzero(is_right & (truth == position))[:right] for position in range(len(found.classes))]
    return {
        "name": diagnosed.name,
        "classes": [
            row._asdict() | {"tile": typical[row.id]} | scores
            for row, scores in zip(found.classes.rows, found.per_class, strict=True)
        ],
        "metrics": diagnosed.metrics,
        "accuracy": _share(is_right),
        "parts": _parts(found.classes.rows, truth, is_right),
        "history": [row | {"epoch": int(row["epoch"])} for row in diagnosed.history],
        "best_epoch": best_epoch(diagnosed.history),
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
        "acceptance": diagnosed.acceptance,
        "corruptions": diagnosed.corruptions,
        "stress": diagnosed.stress,
        "average_probability": [
            [[int(place), round(float(row[place]), 4)] for place in np.argsort(-row) if row[place] >= LEAST_PROBABILITY]
            for row in np.nan_to_num(found.average)
        ],
        "mistakes": [
            mistake | {"attention": "".join(map(str, np.rint(places * 9).astype(int).ravel()))}
            for mistake, places in zip(tested(found.mistakes), diagnosed.attention, strict=True)
        ],
        "attention_shape": list(diagnosed.attention.shape[1:]),
        "mistakes_total": int((~is_right).sum()),
        "right": tested(np.concatenate(chosen)),
    }


def _in_matrix(matrix: np.ndarray) -> list[int]:
    """The positions of all classes, or of those that take part in most confusions, ascending."""
    confusions = (matrix + matrix.T).sum(axis=1) - 2 * matrix.diagonal()
    return sorted(np.argsort(-confusions, kind="stable")[:MATRIX_CLASSES].tolist())


def _share(is_right: np.ndarray) -> dict[str, Any]:
    low, high = interval(int(is_right.sum()), len(is_right))
    return {"value": float(is_right.mean()), "low": low, "high": high, "images": len(is_right)}


def _parts(rows: tuple[SignClass, ...], truth: np.ndarray, is_right: np.ndarray) -> list[dict[str, Any]]:
    synthetic = np.array([row.is_synthetic for row in rows])[truth]
    if synthetic.all() or not synthetic.any():
        return []
    parts = {"original classes": ~synthetic, "synthetic classes": synthetic}
    return [{"name": name} | _share(is_right[chosen]) for name, chosen in parts.items()]

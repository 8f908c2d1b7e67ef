"""The figures of a diagnosed model, by the names of their files."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from signs.core.history import Row, best_epoch
from signs.evaluation.diagnosis import Diagnosis
from signs.evaluation.predictions import Predictions
from signs.figures.confidence import average_probabilities, reliability
from signs.figures.confusions import confusion, per_class
from signs.figures.learning import learning_curves
from signs.figures.mistakes import MOST_BESIDE, MOST_MISTAKES, MOST_PAIRS, ConfusedPair, confused_pairs, mistakes


def album(
    features: np.ndarray, history: list[Row], predictions: Predictions, diagnosis: Diagnosis, attention: np.ndarray
) -> Iterator[tuple[str, Figure]]:
    """The figures of a model: learning, confusion, classes, probabilities, reliability, mistakes.

    Args:
        features: Test images to show, uint8 (n, height, width, 1 or 3).
        history: Of its training.
        predictions: Of validation and test.
        diagnosis: What was found in them.
        attention: Where the network looked, for each of `diagnosis.mistakes`, 0-1 (n, rows, columns).
    """
    ids, names = diagnosis.classes.ids.tolist(), diagnosis.classes.names
    yield "learning_curves", learning_curves(history, best_epoch(history))
    yield "confusion", confusion(diagnosis.matrix, ids, names, "Confusion on test images")
    precision, recall, f1 = (_column(diagnosis.per_class, key) for key in ("precision", "recall", "f1"))
    yield "per_class", per_class(precision, recall, f1, _column(diagnosis.per_class, "images"), ids, names)
    title = "Mean probabilities over the validation images of each class"
    yield "probabilities", average_probabilities(diagnosis.average, ids, names, title)
    curves = {
        split: (_column(table, "confidence"), _column(table, "accuracy"), _column(table, "images"))
        for split, table in diagnosis.reliability.items()
    }
    yield "reliability", reliability(curves, "Is the network right as often as it is sure?")
    yield "confused", confused_pairs(_pairs(features, predictions, diagnosis))
    shown = diagnosis.mistakes[:MOST_MISTAKES]
    captions = [_caption(row, predictions, dict(zip(ids, names, strict=True))) for row in shown]
    title = f"The most confident of {len(diagnosis.mistakes):,} mistakes on test images, and where the network looked"
    yield "mistakes", mistakes(features[shown], attention[: len(shown)], captions, title)


def _column(table: list[dict[str, Any]], key: str) -> np.ndarray:
    return np.array([np.nan if row[key] is None else row[key] for row in table], dtype=np.float64)


def _pairs(features: np.ndarray, predictions: Predictions, diagnosis: Diagnosis) -> list[ConfusedPair]:
    said = predictions.softmax["test"].argmax(axis=1)
    labels, rows = predictions.labels["test"], diagnosis.classes.rows

    def taken(actual: int, predicted: int) -> np.ndarray:
        return features[np.flatnonzero((labels == rows[actual].id) & (said == predicted))[:MOST_BESIDE]]

    def side(actual: int, predicted: int) -> tuple[str, np.ndarray]:
        count = diagnosis.matrix[actual, predicted]
        if count:
            return f"{rows[actual].id} {rows[actual].name}, mistaken: {count} images", taken(actual, predicted)
        return f"{rows[actual].id} {rows[actual].name}, not once mistaken; some images of it", taken(actual, actual)

    pairs = []
    for first, second in diagnosis.confused[:MOST_PAIRS]:
        title = f"{rows[first].id} {rows[first].name} and {rows[second].id} {rows[second].name}"
        pairs.append(ConfusedPair(title, *side(first, second), *side(second, first)))
    return pairs


def _caption(row: int, predictions: Predictions, names: dict[int, str]) -> str:
    softmax = predictions.softmax["test"][row]
    said, truth = int(predictions.ids[softmax.argmax()]), int(predictions.labels["test"][row])
    sure = "over 99.9%" if softmax.max() > 0.999 else f"{softmax.max():.1%}"
    return f"said: {said} {names[said]}\nis: {truth} {names[truth]}\n{sure} sure, test image {row}"

"""The figures of a model."""

from collections.abc import Iterator

import numpy as np
from matplotlib.figure import Figure

from signs.data.shards import Images
from signs.evaluation.diagnosis import Diagnosis
from signs.evaluation.predictions import Predictions
from signs.figures.mistakes import MAX_MISTAKES, MAX_PAIRS, MAX_PER_SIDE, ConfusedPair, confused_pairs, mistakes
from signs.figures.probabilities import average_probabilities


def model_figures(
    name: str, features: Images, predictions: Predictions, diagnosis: Diagnosis, heatmaps: np.ndarray
) -> Iterator[tuple[str, Figure]]:
    """Yields the figures of a model with their file names.

    Args:
        name: Of the model, for the titles.
        features: Test images to show, uint8 (n, height, width, 1 or 3).
        predictions: On validation and test.
        diagnosis: Of the predictions.
        heatmaps: Of `diagnosis.mistakes`, 0-1, (n, rows, columns).
    """
    ids, names = diagnosis.classes.ids.tolist(), diagnosis.classes.names
    title = f"{name}: mean probabilities on the validation images of each class"
    yield "probabilities", average_probabilities(diagnosis.average, ids, names, title)
    pairs = _pairs(features, predictions, diagnosis)
    yield "confused", confused_pairs(pairs, f"{name}: test images of the most confused classes")
    shown = diagnosis.mistakes[:MAX_MISTAKES]
    captions = [_caption(row, predictions, dict(zip(ids, names, strict=True))) for row in shown]
    title = f"{name}: the {len(shown)} most confident mistakes on test images" if len(shown) else f"{name}: mistakes"
    yield "mistakes", mistakes(features[shown], heatmaps[: len(shown)], captions, title)


def _pairs(features: Images, predictions: Predictions, diagnosis: Diagnosis) -> list[ConfusedPair]:
    predicted = predictions.softmax["test"].argmax(axis=1)
    labels, rows = predictions.labels["test"], diagnosis.classes.rows

    def images(truth: int, column: int) -> np.ndarray:
        return features[np.flatnonzero((labels == rows[truth].id) & (predicted == column))[:MAX_PER_SIDE]]

    def side(truth: int, other: int) -> tuple[str, np.ndarray]:
        count, sign = diagnosis.matrix[truth, other], f"{rows[truth].id} {rows[truth].name}"
        if count:
            return f"{sign}: {count:,} predicted as {rows[other].id}", images(truth, other)
        return f"{sign}: none predicted as {rows[other].id}, correct ones shown", images(truth, truth)

    pairs = []
    for first, second in diagnosis.confused[:MAX_PAIRS]:
        title = f"{rows[first].id} {rows[first].name} and {rows[second].id} {rows[second].name}"
        pairs.append(ConfusedPair(title, *side(first, second), *side(second, first)))
    return pairs


def _caption(row: int, predictions: Predictions, names: dict[int, str]) -> str:
    softmax = predictions.softmax["test"][row]
    predicted, truth = int(predictions.ids[softmax.argmax()]), int(predictions.labels["test"][row])
    confidence = "over 99.9%" if softmax.max() > 0.999 else f"{softmax.max():.1%}"
    return (
        f"predicted: {predicted} {names[predicted]}\ntrue: {truth} {names[truth]}\n"
        f"{confidence} confident, test image {row}"
    )

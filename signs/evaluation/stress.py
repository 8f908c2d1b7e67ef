"""A model under stress: corrupted test images, and images that show no sign."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from signs.core import workers
from signs.core.params import Count, Seed, preset, validated
from signs.core.tables import Table
from signs.data.splits import Split
from signs.evaluation.corruption import CORRUPTIONS, Corruptions, corrupted
from signs.evaluation.outliers import outliers

Predict = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]

MOST_PHOTOGRAPHS = 50_000  # that backgrounds are cut from


@validated("stress")
def stress(
    predict: Predict,
    test: Split,
    threshold: float | None,
    *,
    seed: Seed,
    max_images: Count,
    corruptions: preset(Corruptions),  # type: ignore[valid-type]
) -> tuple[dict[str, Any], Table]:
    """Measures a model on images unlike those that it was trained on.

    Args:
        predict: Returns the predicted class ids (n,) and their confidence, 0-1 (n,), of stored images, uint8 (n,
            height, width, channels).
        test: Stored test images.
        threshold: The model answers where its confidence is higher; None where it answers always.
        seed: Of the corruptions and of the images without a sign.
        max_images: Test images that are corrupted, at most, evenly spaced; and images of each kind without a sign.
        corruptions: Severities of each corruption.

    Returns:
        The metrics: `corrupted`, accuracy of each corruption, averaged over its severities, and their `mean`; and
        `turned_away`, by kind, the share of images without a sign that the model does not answer, left out where
        `threshold` is None. And a table of accuracy by corruption, one row for each `severity`; 0 is uncorrupted.
    """
    chosen = test.sample(max_images)

    rows: Table = [{"severity": 0} | dict.fromkeys(CORRUPTIONS, _accuracy(predict, chosen.labels, chosen.images))]
    rows += [{"severity": severity} for severity, _ in enumerate(corruptions.blur, start=1)]
    places = []

    def tasks() -> Iterator[tuple]:
        for name, severity, images in corrupted(chosen.images, corruptions, seed):
            places.append((name, severity))
            yield predict, chosen.labels, images

    accuracies = workers.run(_accuracy, tasks(), workers=1)
    for (name, severity), accuracy in zip(places, accuracies, strict=True):
        rows[severity][name] = accuracy
    means = {name: float(np.mean([row[name] for row in rows[1:]])) for name in CORRUPTIONS}
    metrics: dict[str, Any] = {"corrupted": means | {"mean": float(np.mean(list(means.values())))}}
    if threshold is not None:
        strangers = outliers(test.sample(MOST_PHOTOGRAPHS).images, max_images, np.random.default_rng(seed))
        metrics["turned_away"] = {
            kind: float((predict(images)[1] <= threshold).mean()) for kind, images in strangers.items()
        }
    return metrics, rows


def _accuracy(predict: Predict, labels: np.ndarray, images: np.ndarray) -> float:
    return float((predict(images)[0] == labels).mean())

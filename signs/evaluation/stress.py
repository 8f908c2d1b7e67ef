"""A model under stress: on corrupted test images, and on images that are no sign."""

from collections.abc import Callable
from typing import Any

import numpy as np

from signs.core.params import Count, Seed, preset, validated
from signs.core.scores import softmax
from signs.core.tables import Table
from signs.data import classes
from signs.data.datasets import DataSet
from signs.evaluation.corruption import Corruptions, corrupted
from signs.evaluation.outliers import outliers

Logits = Callable[[np.ndarray], np.ndarray]


@validated("stress")
def stress(
    logits: Logits,
    dataset: DataSet,
    ids: np.ndarray,
    threshold: float,
    *,
    seed: Seed,
    max_images: Count,
    corruptions: preset(Corruptions),  # type: ignore[valid-type]
) -> tuple[dict[str, Any], Table]:
    """Measures a model on images as it will meet them, but was not trained on.

    Args:
        logits: Of stored images, uint8 (n, height, width, channels), as the model sees them.
        dataset: Stored images; its test images are corrupted, its training images lend their corners.
        ids: Class ids of the model's outputs.
        threshold: Confidence above which the model answers.
        seed: Of what is drawn.
        max_images: Of a larger test set so many are corrupted, evenly picked; likewise images of each kind that
            is no sign.
        corruptions: Amounts of each.

    Returns:
        The metrics: `corrupted`, mean accuracy by corruption over its severities, and the `mean` of these;
        `turned_away`, the share by kind of images that are no sign and are not answered. And a row for each
        `severity` (0 for images as they are) with the accuracy by corruption.
    """
    test = dataset.test
    chosen = np.linspace(0, len(test.labels) - 1, min(max_images, len(test.labels))).round().astype(int)
    features, right = test.features[chosen], classes.indices(test.labels[chosen], ids)

    def accuracy(images: np.ndarray) -> float:
        return float((logits(images).argmax(axis=1) == right).mean())

    names = list(Corruptions.model_fields)
    rows: Table = [{"severity": 0} | dict.fromkeys(names, accuracy(features))]
    rows += [{"severity": severity} for severity, _ in enumerate(corruptions.blur, start=1)]
    for name, severity, images in corrupted(features, corruptions, seed):
        rows[severity][name] = accuracy(images)
    means = {name: float(np.mean([row[name] for row in rows[1:]])) for name in names}
    strangers = outliers(dataset.train.features, max_images, np.random.default_rng(seed))
    turned_away = {
        kind: float((softmax(logits(images)).max(axis=1) <= threshold).mean()) for kind, images in strangers.items()
    }
    metrics = {"corrupted": means | {"mean": float(np.mean(list(means.values())))}, "turned_away": turned_away}
    return metrics, rows

"""Advice before a training: what cannot work with these images and settings, a line each."""

import math

import numpy as np

from signs.core.text import listed
from signs.data.datasets import SPLITS, DataSet
from signs.training.settings import STEPS


def on_steps(images: int, batch_size: int) -> list[str]:
    """Warns where an epoch has few steps.

    Args:
        images: In the training split.
        batch_size: Images a step.
    """
    steps = math.ceil(images / batch_size)
    if steps >= STEPS:
        return []
    return [
        f"steps an epoch: {steps}, fewer than {STEPS} ({images:,} images in batches of {batch_size:,}); set "
        f"train.batch_size to at most {max(1, images // STEPS):,}"
    ]


def on_classes(dataset: DataSet) -> list[str]:
    """Warns where a class has fewer images than there are splits, and where validation or test lack a class."""
    ids, names = dataset.classes.ids, np.array(dataset.classes.names)
    counts = {
        name: np.bincount(np.searchsorted(ids, split.labels), minlength=len(ids))
        for name, split in dataset.splits.items()
    }
    few = names[sum(counts.values()) < len(SPLITS)].tolist()
    lacking = {split: names[counts[split] == 0].tolist() for split in ("valid", "test")}
    return [
        *([f"fewer than {len(SPLITS)} images, one for each split, of {listed(few)}"] if few else []),
        *(f"no {split} images of {listed(absent)}" for split, absent in lacking.items() if absent),
    ]

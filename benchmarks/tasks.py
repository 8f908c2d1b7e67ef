"""The networks and images that are measured, for every framework; imports none."""

from typing import Any, NamedTuple

import numpy as np

CLASSES = 43
SIZE = 32  # pixels, height and width
LEARNING_RATE = 0.001


class Task(NamedTuple):
    """A network of ours, and its training.

    `settings`: of the network. `channels`: of its images. `weight_decay`: of the kernels, decoupled (AdamW).
    """

    settings: dict[str, Any]
    channels: int
    weight_decay: float


TASKS = {
    "lenet": Task({"depths": (10, 20, 200, 100), "dropout_keep_prob": 0.3}, channels=1, weight_decay=0.0),
    "convnet": Task(
        {"depths": ((32, 32), (64, 64), (160, 160, 160)), "dropout_keep_prob": 0.6, "neighbourhood": 9},
        channels=3,
        weight_decay=0.05,
    ),
}


def images(channels: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Random images in [-1, 1], float32 (count, SIZE, SIZE, channels), and class indices (count,)."""
    rng = np.random.default_rng(0)
    features = rng.random((count, SIZE, SIZE, channels), dtype=np.float32) * 2 - 1
    return features, rng.integers(0, CLASSES, count)

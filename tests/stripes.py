"""Images of stripes that a small network learns in seconds, and the settings to train it with."""

from pathlib import Path

import numpy as np

from signs.core import params
from signs.networks.lenet import LeNet
from signs.training.settings import Settings, of_model

PARAMS = Path(__file__).parent.parent / "params.yaml"
SHORT = {"seed": 3, "shards": 1, "epochs": 3, "batch_size": 32, "learning_rate": 0.003}
NO_EARLIER = {"original": {"path": None, "sha256": None, "body_rate": 1.0}}


def stripes(count=120, seed=0):
    """Noisy images of 16x16 pixels with horizontal, vertical or diagonal stripes, and their class indices."""
    rng = np.random.default_rng(seed)
    indices = rng.integers(0, 3, count)
    row, column = np.mgrid[:16, :16]
    patterns = np.stack([np.sin(row), np.sin(column), np.sin((row + column) / 1.4)])
    return (patterns[indices] + rng.normal(0, 0.3, (count, 16, 16))).astype(np.float32), indices


def small(**arguments):
    """A small LeNet for them."""
    return LeNet(3, depths=[4, 6, 20, 10], **{"dropout_keep_prob": 0.8} | arguments)


def section(**changed):
    """The section `train` of params.yaml with its alternatives chosen, for a short training."""
    chosen = {"network": "networks", "schedule": "schedules", "augmentation": "augmentations"}
    return params.load("train", PARAMS, **chosen) | SHORT | changed


def settings(**changed) -> Settings:
    """The settings of a short training, the rest as in params.yaml."""
    return of_model("original", section(**changed), NO_EARLIER, images=300)

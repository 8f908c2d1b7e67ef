"""A model as a SavedModel, TensorFlow's own folder."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from signs.data.shards import Images
from signs.deployment.tensorflow_graph import SIGNATURE, Classify
from signs.networks.backend import tf
from signs.networks.store import BATCH_SIZE

FINGERPRINT = "fingerprint.pb"  # holds a random id; TensorFlow does without


def write(folder: Path, classify: Classify) -> None:
    """Writes a model, from its TensorFlow function; the weights are in its graph."""
    module = tf.Module()
    module.classify = classify
    tf.saved_model.save(module, str(folder), signatures={SIGNATURE: classify})
    (folder / FINGERPRINT).unlink()


def read(folder: Path) -> Callable[[Images], np.ndarray]:
    """A function of images, uint8 RGB (n, height, width, 3), that gives probabilities, float32 (n, classes)."""
    classify = tf.saved_model.load(str(folder)).signatures[SIGNATURE]

    def probabilities(images: Images) -> np.ndarray:
        batches = (images[start : start + BATCH_SIZE] for start in range(0, len(images), BATCH_SIZE))
        return np.concatenate([classify(images=batch)["probabilities"].numpy() for batch in map(tf.constant, batches)])

    return probabilities

"""Where a network looked: the places of an image that spoke for a class."""

import numpy as np

from signs.networks.architectures import Classifier
from signs.networks.backend import ops, tf

BATCH_SIZE = 256


def of_mistakes(
    network: Classifier, features: np.ndarray, softmax: np.ndarray, indices: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where a network looked at the images that it mistook.

    Args:
        network: Built.
        features: Preprocessed images, (n, height, width, channels).
        softmax: What the network says of them, (n, classes).
        indices: Of the right classes, (n,).

    Returns:
        The positions of the mistaken images, ascending, int64 (mistakes,), and their `attention`, asked about
        the class that the network took them for.
    """
    said = softmax.argmax(axis=1)
    rows = np.flatnonzero(said != indices)
    return rows, attention(network, features[rows], said[rows])


def attention(network: Classifier, features: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """How much each place of the last convolution's maps raised the logit of a class.

    The product of the maps and of the logit's gradient, summed over channels. Grad-CAM takes the mean of the
    gradient over all places first, which a head of full layers, as LeNet's, makes wrong: to it each place
    has weights of its own.

    Source: Draelos, Carin, "Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional
    neural networks", 2020; Selvaraju et al., "Grad-CAM", 2017.

    Args:
        network: Built.
        features: Preprocessed images, (n, height, width, channels).
        indices: Of the class asked about, for each image, (n,).

    Returns:
        float32 (n, rows, columns), the grid of the maps over the image, 0-1; the highest place of an image is 1, or
        all are 0.
    """
    found = []
    for start in range(0, len(features), BATCH_SIZE):
        images = ops.convert_to_tensor(features[start : start + BATCH_SIZE])
        maps = network.maps(images)
        with tf.GradientTape() as tape:
            tape.watch(maps)
            asked = tf.gather(network.head(maps), indices[start : start + BATCH_SIZE], batch_dims=1)
        raised = ops.relu(ops.sum(ops.cast(maps * tape.gradient(asked, maps), "float32"), axis=-1))
        found.append(ops.convert_to_numpy(network.back(images, raised)))
    if not found:
        return np.zeros((0, 1, 1), dtype=np.float32)
    places = np.concatenate(found)
    highest = places.max(axis=(1, 2), keepdims=True)
    return np.divide(places, highest, out=np.zeros_like(places), where=highest > 0)

"""Heatmaps of where a network looked: the parts of an image that spoke for a class."""

import numpy as np

from signs.data.shards import Images
from signs.networks.backend import ops, tf
from signs.networks.classifier import Classifier

BATCH_SIZE = 256


def of_mistakes(
    network: Classifier, features: Images, softmax: np.ndarray, truth: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Heatmaps of the images that a network misclassifies, for the class that it predicts.

    Args:
        network: Built.
        features: Preprocessed images, (n, height, width, channels).
        softmax: The network's probabilities, (n, classes).
        truth: Positions of the true classes, (n,).

    Returns:
        The rows of the misclassified images, ascending, int64 (mistakes,), and their heatmaps.
    """
    predicted = softmax.argmax(axis=1)
    rows = np.flatnonzero(predicted != truth)
    return rows, heatmaps(network, features[rows], predicted[rows])


def heatmaps(network: Classifier, features: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """How much each place of the last convolution's feature maps raised the logit of a class (HiResCAM).

    This is the product of the feature maps and the logit's gradient, summed over channels. Grad-CAM averages the
    gradient over all places first, which is wrong for a head of dense layers such as LeNet's, where each place has its
    own weights.

    Source: Draelos, Carin, "Use HiResCAM instead of Grad-CAM for faithful explanations of convolutional neural
    networks", 2020; Selvaraju et al., "Grad-CAM", 2017.

    Args:
        network: Built.
        features: Preprocessed images, (n, height, width, channels).
        classes: Position of the class to explain, for each image, (n,).

    Returns:
        float32 (n, rows, columns), 0-1, a grid over the image. The maximum of an image is 1, or all its values are 0.
    """
    found = []
    for start in range(0, len(features), BATCH_SIZE):
        images = ops.convert_to_tensor(features[start : start + BATCH_SIZE])
        maps = network.feature_maps(images)
        with tf.GradientTape() as tape:
            tape.watch(maps)
            logits = tf.gather(network.head(maps), classes[start : start + BATCH_SIZE], batch_dims=1)
        raised = ops.relu(ops.sum(ops.cast(maps * tape.gradient(logits, maps), "float32"), axis=-1))
        found.append(ops.convert_to_numpy(network.to_image(images, raised)))
    if not found:
        return np.zeros((0, 1, 1), dtype=np.float32)
    places = np.concatenate(found)
    highest = places.max(axis=(1, 2), keepdims=True)
    return np.divide(places, highest, out=np.zeros_like(places), where=highest > 0)

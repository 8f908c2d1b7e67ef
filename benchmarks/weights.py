"""Weights of our networks in the layout of frameworks that put channels before rows and columns."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from signs.networks.classifier import Classifier  # loads TensorFlow, which a peer's process does without


class Normalization(NamedTuple):
    """Of batch normalization: arrays (depth,), and the constant that is added to the variance."""

    gain: np.ndarray
    mean: np.ndarray
    variance: np.ndarray
    epsilon: float


class Weights(NamedTuple):
    """Of a layer.

    `kernel`: (depth, channels, height, width) of a convolution, (outputs, inputs) of a full layer.
    `bias`: (depth,) or (outputs,); where a normalization follows, it is added after that.
    `normalization`: None where there is none.
    """

    kernel: np.ndarray
    bias: np.ndarray
    normalization: Normalization | None


def of(network: "Classifier") -> list[Weights]:
    """The weights of each layer that has some, from input to output."""
    depth, found = 0, []
    for layer in (layer for layer in network.layers if layer.trainable_weights):
        kernel = layer.weight.numpy()
        if kernel.ndim == 2:
            kernel, depth = _full(kernel, depth), 0
        else:
            kernel, depth = kernel.transpose(3, 2, 0, 1), kernel.shape[-1]
        found.append(Weights(np.ascontiguousarray(kernel), layer.bias.numpy(), _normalization(layer)))
    return found


def _full(kernel: np.ndarray, depth: int) -> np.ndarray:
    """For inputs that are flattened maps of `depth` channels; 0 if they are none."""
    if depth:
        maps = kernel.reshape(-1, depth, kernel.shape[-1])  # places, channels, outputs
        kernel = maps.transpose(1, 0, 2).reshape(kernel.shape)
    return kernel.T


def _normalization(layer: Any) -> Normalization | None:
    if not hasattr(layer, "running_mean"):
        return None
    gain, mean, variance = (held.numpy() for held in (layer.gain, layer.running_mean, layer.running_variance))
    return Normalization(gain, mean, variance, layer.epsilon)

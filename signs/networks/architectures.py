"""The networks that `train.network` may name. Importing this module registers their classes with Keras."""

import math
from collections.abc import Callable
from typing import Any

from signs.core import memory, params
from signs.networks.backend import keras, tf
from signs.networks.classifier import Classifier
from signs.networks.convnet import convnet
from signs.networks.lenet import lenet

NETWORKS: dict[str, Callable[..., Classifier]] = {"lenet": lenet, "convnet": convnet}
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}  # Keras's names; weights are float32 in both

PRODUCTS = ("Conv2D", "MatMul")  # TensorFlow's names


def build(choice: dict[str, Any], classes: int, dtype: str = "float32") -> Classifier:
    """Makes a network with initial weights still to be drawn.

    Args:
        choice: `name` of a network and its settings, as `params.load` returns a chosen alternative.
        classes: Number of outputs.
        dtype: `float32`, or `bfloat16` to compute in bfloat16 with float32 weights.

    Raises:
        UserError: There is no such network, or a setting is wrong.
    """
    return params.choose("networks", choice, NETWORKS)(classes, POLICIES[dtype])


def check_memory(choice: dict[str, Any], classes: int, batch_shape: tuple[int, ...]) -> None:
    """Refuses a network that cannot be trained in the memory of this machine, before its weights are made.

    Args:
        choice: As in `build`.
        classes: Number of outputs.
        batch_shape: (images, height, width, channels).

    Raises:
        UserError: There is less memory than weights, their gradients, Adam's two moments and the results of the
            matrix products take.
    """
    graph = tf.Graph()
    with keras.StatelessScope(initialize_variables=False), graph.as_default():
        network = build(choice, classes)
        network(tf.compat.v1.placeholder(tf.float32, batch_shape))
    weights = sum(math.prod(variable.shape) for variable in network.variables)
    products = [output for step in graph.get_operations() if step.type in PRODUCTS for output in step.outputs]
    activations = sum(output.shape.num_elements() or 0 for output in products)
    memory.check(
        4 * (4 * weights + activations),
        f"training {choice['name']} with {weights:,} weights on batches of {batch_shape[0]:,} images",
        f"lower networks.{choice['name']}.depths or train.batch_size",
    )

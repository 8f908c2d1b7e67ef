"""The networks that `train.network` may name. Importing this module registers their classes with Keras."""

from collections.abc import Callable
from typing import Any

from signs.core import params
from signs.networks.classifier import Classifier
from signs.networks.convnet import convnet
from signs.networks.lenet import lenet

NETWORKS: dict[str, Callable[..., Classifier]] = {"lenet": lenet, "convnet": convnet}
POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}  # Keras's names; weights are float32 in both


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

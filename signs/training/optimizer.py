"""The optimizer: Adam, with a rate of its own for the body of a network that was trained before."""

import math
from collections.abc import Sequence

from signs.networks.backend import keras, tf
from signs.networks.classifier import Classifier
from signs.training import schedules
from signs.training.settings import Settings

ADAM_EPSILON = 1e-8  # TensorFlow 1's, which the article trained with


class Optimizer:
    """One Adam for each group of a network's trainable weights.

    Args:
        groups: The weights of each group, and its Adam.
    """

    def __init__(self, groups: Sequence[tuple[list, keras.Optimizer]]) -> None:
        self.groups = [(frozenset(map(id, weights)), weights, adam) for weights, adam in groups if weights]
        for _, weights, adam in self.groups:
            adam.exclude_from_weight_decay([weight for weight in weights if len(weight.shape) < 2])
            adam.build(weights)

    @property
    def variables(self) -> list[keras.Variable]:
        """The state of each Adam."""
        return [variable for _, _, adam in self.groups for variable in adam.variables]

    @property
    def iterations(self) -> tf.Tensor:
        """Steps so far, 0-D integer."""
        return self.groups[0][2].iterations

    def apply(self, gradients: list[tf.Tensor], weights: list[keras.Variable]) -> None:
        """Takes a step; `gradients` are those of `weights`, in their order."""
        for own, _, adam in self.groups:
            pairs = [
                (gradient, weight) for gradient, weight in zip(gradients, weights, strict=True) if id(weight) in own
            ]
            adam.apply(*map(list, zip(*pairs, strict=True)))


def build(network: Classifier, images: int, settings: Settings) -> Optimizer:
    """The optimizer of a training.

    Args:
        network: Built.
        images: Of an epoch.
        settings: `learning_rate`, `schedule`, `epochs`, `batch_size`, `weight_decay`, and `body_rate` of `load_from`.
    """
    share = settings.load_from.body_rate if settings.load_from else 1.0
    if share == 1:
        return Optimizer([(network.trainable_variables, _adam(1.0, images, settings))])
    last = set(map(id, network.output_layer.trainable_variables))
    body, head = (
        [weight for weight in network.trainable_variables if (id(weight) in last) is is_last]
        for is_last in (False, True)
    )
    return Optimizer([(body, _adam(share, images, settings)), (head, _adam(1.0, images, settings))])


def _adam(share: float, images: int, settings: Settings) -> keras.Optimizer:
    """Adam at a share of the learning rate."""
    steps = math.ceil(images / settings.batch_size)
    rate = schedules.build(settings.schedule)(settings.learning_rate * share, steps, steps * settings.epochs)
    return keras.optimizers.Adam(rate, epsilon=ADAM_EPSILON, weight_decay=settings.weight_decay or None)

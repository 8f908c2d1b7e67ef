"""The parts of a training: what an optimizer step uses and changes."""

from typing import NamedTuple

from signs.networks.backend import keras
from signs.networks.classifier import Classifier
from signs.training import optimizer as optimizers
from signs.training import step
from signs.training.augmentation import Augment
from signs.training.ema import Ema
from signs.training.optimizer import Optimizer
from signs.training.settings import Settings
from signs.training.step import Examples, Loss


class Parts(NamedTuple):
    """A built network, the optimizer of its weights, the loss of a shard, and moving averages of the weights."""

    network: Classifier
    optimizer: Optimizer
    loss: Loss
    ema: Ema

    @property
    def variables(self) -> list:
        """All that a step may change: the variables of network, optimizer and moving averages, in their order."""
        return [*self.network.variables, *self.optimizer.variables, *self.ema.averages]


def build(network: Classifier, examples: Examples, settings: Settings, augment: Augment | None) -> Parts:
    """The parts of a training of this network.

    Args:
        network: Built here if it is not yet built; then the seed determines its initial weights too.
        examples: Training images.
        settings: Of the training.
        augment: Changes images and class indices of each shard of a batch.
    """
    keras.utils.set_random_seed(settings.seed)
    network(examples.features[:1])  # builds it
    unseen = step.unseen_classes(examples, network.classes) if settings.unseen_class_margin else None
    loss = step.loss(network, settings, augment=augment, unseen=unseen)
    return Parts(
        network,
        optimizers.build(network, len(examples.indices), settings),
        loss,
        Ema(network.weights, settings.ema_decay),
    )

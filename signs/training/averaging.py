"""Running averages of a network's weights."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from signs.networks.backend import keras, tf


class Averages:
    """Running averages of weights, which step less to and fro than the weights themselves.

    Source: Polyak, Juditsky, "Acceleration of stochastic approximation by averaging", 1992; with weights
    that fall with age, as in Tarvainen, Valpola, "Mean teachers are better role models", 2017.

    Args:
        weights: Variables to average.
        share: That an average keeps at each step, below 1; at 0 there are none, and the weights stand for
            themselves.
    """

    def __init__(self, weights: list[keras.Variable], share: float) -> None:
        self.weights, self.share = weights, share
        self.variables = [tf.Variable(weight) for weight in weights] if share else []

    @property
    def best(self) -> list:
        """What is to be measured and kept: the averages, or where there are none the weights."""
        return self.variables or self.weights

    def update(self, steps: tf.Tensor) -> None:
        """Brings the averages up to date after so many steps."""
        done = tf.cast(steps, tf.float32)
        share = tf.minimum(self.share, (1 + done) / (10 + done))  # the first weights are soon forgotten
        for kept, weight in zip(self.variables, self.weights, strict=False):
            kept.assign(share * kept + (1 - share) * weight)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Has the network hold the averages for a while."""
        own = values(self.weights[: len(self.variables)])
        assign(self.weights[: len(own)], values(self.variables))
        yield
        assign(self.weights[: len(own)], own)


def values(variables: list) -> list[np.ndarray]:
    """Copies of what variables hold."""
    return [np.copy(keras.ops.convert_to_numpy(variable)) for variable in variables]


def assign(variables: list, held: list[np.ndarray]) -> None:
    """Has variables hold these values."""
    for variable, value in zip(variables, held, strict=True):
        variable.assign(value)

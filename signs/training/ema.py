"""Exponential moving average (EMA) of a network's weights."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from signs.networks.backend import keras, tf


class Ema:
    """Exponential moving averages of weights, which vary less between steps than the weights themselves.

    Source: Polyak, Juditsky, "Acceleration of stochastic approximation by averaging", 1992; with exponential decay as
    in Tarvainen, Valpola, "Mean teachers are better role models", 2017.

    Args:
        weights: Variables to average.
        decay: Share of the average that each step keeps, below 1; 0 for no averages.
    """

    def __init__(self, weights: list[keras.Variable], decay: float) -> None:
        self.weights, self.decay = weights, decay
        self.averages = [tf.Variable(weight) for weight in weights] if decay else []

    @property
    def measured(self) -> list:
        """The variables to measure and to keep: the averages, or without averages the weights."""
        return self.averages or self.weights

    def update(self, steps: tf.Tensor) -> None:
        """Updates the averages after a step; `steps` counts the steps so far."""
        done = tf.cast(steps, tf.float32)
        decay = tf.minimum(self.decay, (1 + done) / (10 + done))  # a warm-up, which forgets the initial weights soon
        for average, weight in zip(self.averages, self.weights, strict=False):
            average.assign(decay * average + (1 - decay) * weight)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Gives the network the averages for the duration of a `with` block."""
        own = values(self.weights[: len(self.averages)])
        assign(self.weights[: len(own)], values(self.averages))
        yield
        assign(self.weights[: len(own)], own)


def values(variables: list) -> list[np.ndarray]:
    """Copies of the values of variables."""
    return [np.copy(keras.ops.convert_to_numpy(variable)) for variable in variables]


def assign(variables: list, arrays: Sequence[np.ndarray]) -> None:
    """Sets variables to these values."""
    for variable, value in zip(variables, arrays, strict=True):
        variable.assign(value)

"""Confidence that can be relied on: the temperature of a network's probabilities, chosen on validation."""

import numpy as np
from scipy.optimize import minimize_scalar

from signs.core.scores import cross_entropy

TEMPERATURES = (0.05, 20.0)  # between which the best is looked for


def temperature(logits: np.ndarray, indices: np.ndarray) -> float:
    """The number by which logits are divided so that their cross entropy is lowest; above 0.

    It changes no prediction. Where the model is always right, surer is better: it ends at the lowest looked for.

    Source: Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", 2017.

    Args:
        logits: Of validation, (n, classes).
        indices: The right classes, (n,).
    """
    low, high = np.log(TEMPERATURES)
    found = minimize_scalar(lambda power: cross_entropy(logits / np.exp(power), indices), bounds=(low, high))
    return float(np.exp(found.x))

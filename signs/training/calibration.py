"""Calibration: the temperature of a network's probabilities, fitted on validation."""

import numpy as np
from scipy.optimize import minimize_scalar

from signs.core.scores import cross_entropy

TEMPERATURES = (0.05, 20.0)  # bounds of the search


def temperature(logits: np.ndarray, indices: np.ndarray) -> float:
    """The divisor of the logits that minimizes their cross entropy; above 0.

    It changes no prediction. Where every prediction is right, the best is the lower bound of the search.

    Source: Guo, Pleiss, Sun, Weinberger, "On calibration of modern neural networks", 2017.

    Args:
        logits: Of validation images, (n, classes).
        indices: Class indices of their labels, (n,).
    """
    low, high = np.log(TEMPERATURES)
    found = minimize_scalar(lambda power: cross_entropy(logits / np.exp(power), indices), bounds=(low, high))
    return float(np.exp(found.x))

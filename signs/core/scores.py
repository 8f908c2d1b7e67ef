"""Probabilities, accuracy and cross entropy from logits (n, classes) and the positions of the true classes (n,)."""

import numpy as np


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities, float64 (n, classes)."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities, float32 (n, classes); each row sums to 1."""
    return np.exp(log_softmax(logits)).astype(np.float32)


def accuracy(logits: np.ndarray, indices: np.ndarray) -> float:
    """Share of rows whose largest logit is that of the true class, 0-1; nan without rows."""
    return float(np.mean(logits.argmax(axis=1) == indices)) if len(indices) else float("nan")


def cross_entropy(logits: np.ndarray, indices: np.ndarray) -> float:
    """Mean of -log of the probability of the true class, in nats."""
    return float(-log_softmax(logits)[np.arange(len(indices)), indices].mean())

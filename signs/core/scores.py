"""Probabilities, accuracy and cross entropy from logits (n, classes) and the positions of the true classes (n,)."""

from collections.abc import Iterator

import numpy as np

BLOCK = 2**16  # images whose probabilities are computed at once, in float64


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities, float64 (n, classes)."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities, float32 (n, classes); each row sums to 1."""
    blocks = [np.exp(log_softmax(block)).astype(np.float32) for block in _blocks(logits)]
    return np.concatenate(blocks) if blocks else np.zeros(logits.shape, np.float32)


def accuracy(logits: np.ndarray, indices: np.ndarray) -> float:
    """Share of rows whose largest logit is that of the true class, 0-1; nan without rows."""
    return float(np.mean(logits.argmax(axis=1) == indices)) if len(indices) else float("nan")


def cross_entropy(logits: np.ndarray, indices: np.ndarray) -> float:
    """Mean of -log of the probability of the true class, in nats."""
    true = [
        log_softmax(block)[np.arange(len(block)), own]
        for block, own in zip(_blocks(logits), _blocks(indices), strict=True)
    ]
    return float(-np.concatenate(true).mean())


def _blocks(rows: np.ndarray) -> Iterator[np.ndarray]:
    return (rows[start : start + BLOCK] for start in range(0, len(rows), BLOCK))

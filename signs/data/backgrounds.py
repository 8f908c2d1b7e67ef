"""Backgrounds cut from photographs of signs."""

import cv2
import numpy as np

CORNER = 0.2  # of the shorter side; a round sign leaves more than that free in the corners of the benchmark's images


def corners_of(photographs: np.ndarray) -> np.ndarray:
    """Cuts the upper left and right corners, which show what is beside a sign.

    Args:
        photographs: (n, height, width, channels).

    Returns:
        (2 n, rows, columns, channels).
    """
    side = max(1, round(CORNER * min(photographs.shape[1:3])))
    return np.concatenate([photographs[:, :side, :side], photographs[:, :side, -side:]])


def enlarged(corners: np.ndarray, count: int, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Enlarges random corners to whole images.

    Args:
        corners: uint8 (n, rows, columns, channels).
        count: Number of images; each shows a corner drawn at random.
        height: Of the images, in pixels.
        width: Of the images, in pixels.
        rng: Source of randomness.

    Returns:
        uint8 (count, height, width, channels).
    """
    chosen = corners[rng.choice(len(corners), count)]
    large = [cv2.resize(corner, (width, height), interpolation=cv2.INTER_LINEAR) for corner in chosen]
    return np.stack(large).reshape(count, height, width, -1)

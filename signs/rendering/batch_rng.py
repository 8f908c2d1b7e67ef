"""Random numbers for a batch of images."""

import functools

import cv2
import numpy as np

FLOAT = np.float32


class BatchRng:
    """Random numbers for each image of a batch, shaped to broadcast with (images, channels, height, width).

    Channels come before pixels because NumPy is many times slower where the innermost loop runs over 3 channels.
    """

    def __init__(self, generator: np.random.Generator, images: int) -> None:
        self.generator, self.images = generator, images

    def uniform(self, ends: tuple[float, float], values: int = 1) -> np.ndarray:
        """Uniform between the ends: float32 (images, values, 1, 1)."""
        return self.generator.uniform(*ends, (self.images, values, 1, 1)).astype(FLOAT)

    def log_uniform(self, ends: tuple[float, float], values: int = 1) -> np.ndarray:
        """Log-uniform between the ends, which are above 0: float32 (images, values, 1, 1)."""
        return np.exp(self.uniform((np.log(ends[0]), np.log(ends[1])), values))

    def happens(self, probability: float) -> np.ndarray:
        """True with this probability: bool (images, 1, 1, 1)."""
        return self.generator.random((self.images, 1, 1, 1)) < probability

    def smooth_noise(self, height: int, width: int, cells: int) -> np.ndarray:
        """Noise around 0, mostly in [-1, 1], interpolated from `cells` a side: float32 (images, 1, height, width)."""
        coarse = self.generator.uniform(-1, 1, (self.images, cells, cells)).astype(FLOAT)
        return (_interpolation(height, cells) @ coarse @ _interpolation(width, cells).T)[:, np.newaxis]


@functools.cache
def _interpolation(length: int, cells: int) -> np.ndarray:
    """The matrix that interpolates `cells` values to `length`: float32 (length, cells)."""
    return cv2.resize(np.eye(cells, dtype=FLOAT), (cells, length), interpolation=cv2.INTER_CUBIC)


def grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns from -1 to 1: float32 (height, 1) and (width,)."""
    rows, columns = (np.linspace(-1, 1, length, dtype=FLOAT) for length in (height, width))
    return rows[:, np.newaxis], columns

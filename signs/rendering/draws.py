"""Random numbers for many images at once."""

import functools

import cv2
import numpy as np

FLOAT = np.float32


class Draws:
    """Numbers for each of `images` images, shaped to go with planes: arrays (images, channels, height, width).

    A colour after the other, as NumPy is many times slower where the innermost loop is over three channels.
    """

    def __init__(self, rng: np.random.Generator, images: int) -> None:
        self.rng, self.images = rng, images

    def within(self, ends: tuple[float, float], values: int = 1) -> np.ndarray:
        """Even between the ends: float32 (images, values, 1, 1)."""
        return self.rng.uniform(*ends, (self.images, values, 1, 1)).astype(FLOAT)

    def factor(self, ends: tuple[float, float], values: int = 1) -> np.ndarray:
        """Between the ends, its logarithm even; the ends above 0."""
        return np.exp(self.within((np.log(ends[0]), np.log(ends[1])), values))

    def happens(self, share: float) -> np.ndarray:
        """Whether something is so, in this share of the images: bool (images, 1, 1, 1)."""
        return self.rng.random((self.images, 1, 1, 1)) < share

    def field(self, height: int, width: int, cells: int) -> np.ndarray:
        """Smooth noise about 0, mostly in [-1, 1], with so many bumps a side: float32 (images, 1, height, width)."""
        coarse = self.rng.uniform(-1, 1, (self.images, cells, cells)).astype(FLOAT)
        return (_smoother(height, cells) @ coarse @ _smoother(width, cells).T)[:, np.newaxis]


@functools.cache
def _smoother(length: int, cells: int) -> np.ndarray:
    """What makes so many values out of a few: float32 (length, cells)."""
    return cv2.resize(np.eye(cells, dtype=FLOAT), (cells, length), interpolation=cv2.INTER_CUBIC)


def grid(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns from -1 to 1: float32 (height, 1) and (width,)."""
    rows, columns = (np.linspace(-1, 1, length, dtype=FLOAT) for length in (height, width))
    return rows[:, np.newaxis], columns

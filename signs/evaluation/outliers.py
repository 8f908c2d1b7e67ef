"""Images that are no sign at all, to see whether a model turns them away."""

import cv2
import numpy as np
from sklearn.datasets import load_sample_images

from signs.data import pixels
from signs.data.pixels import corners_of, enlarged


def outliers(photographs: np.ndarray, count: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Makes as many images of each kind.

    Args:
        photographs: Images of signs, uint8 (n, height, width, 1 or 3), which have background at their corners.
        count: Of each kind.
        rng: Source of the draws.

    Returns:
        By kind, uint8 of the size and channels of `photographs`: `noise` (each pixel its own), `backgrounds`
        (upper corners of the photographs, enlarged), `pictures` (cut from scikit-learn's sample pictures, a
        temple and a flower).
    """
    shape = photographs.shape[1:]
    kinds = {"noise": noise, "backgrounds": backgrounds, "pictures": pictures}
    return {name: make(photographs, count, rng).reshape(count, *shape) for name, make in kinds.items()}


def noise(photographs: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Each pixel even in 0-255, uint8 (count, height, width, channels)."""
    return rng.integers(0, 256, (count, *photographs.shape[1:]), dtype=np.uint8)


def backgrounds(photographs: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Upper corners of photographs, left or right, enlarged to a whole image."""
    height, width = photographs.shape[1:3]
    return enlarged(corners_of(photographs), count, height, width, rng)


def pictures(photographs: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Squares cut from the sample pictures, from an image's own side to the whole height."""
    sources = load_sample_images().images
    cuts = []
    for source, size in zip(rng.integers(0, len(sources), count), rng.random(count), strict=True):
        picture = sources[source]
        largest = min(picture.shape[:2])
        smallest = min(photographs.shape[1], largest)
        side = round(smallest * (largest / smallest) ** size)
        top, left = (int(rng.integers(0, length - side + 1)) for length in picture.shape[:2])
        cuts.append(picture[top : top + side, left : left + side])
    resized = _resized(cuts, photographs.shape[1:3])
    return resized if photographs.shape[-1] == 3 else pixels.grey(resized)


def _resized(cuts: list[np.ndarray], size: tuple[int, int]) -> np.ndarray:
    height, width = size
    return np.stack([cv2.resize(cut, (width, height), interpolation=cv2.INTER_AREA) for cut in cuts])

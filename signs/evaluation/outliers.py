"""Images that show no traffic sign; a good model rejects them."""

import cv2
import numpy as np

from signs.data import pixels
from signs.data.backgrounds import corners_of, enlarged


def outliers(photographs: np.ndarray, count: int, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Makes `count` images of each kind.

    Args:
        photographs: Images of signs whose upper corners show background, uint8 (n, height, width, 1 or 3). Rendering
            must not have used them: it pastes such corners behind the signs that a model trains on.
        count: Images of each kind.
        rng: Source of randomness.

    Returns:
        By kind, uint8 of the size and channels of `photographs`: `noise` (uniform, independent pixels), `backgrounds`
        (corners of the photographs, enlarged), `pictures` (crops of scikit-learn's sample pictures of a temple and a
        flower).
    """
    shape = photographs.shape[1:]
    kinds = {"noise": noise, "backgrounds": backgrounds, "pictures": pictures}
    return {name: make(photographs, count, rng).reshape(count, *shape) for name, make in kinds.items()}


def noise(photographs: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Uniform noise in 0-255, uint8 (count, height, width, channels)."""
    return rng.integers(0, 256, (count, *photographs.shape[1:]), dtype=np.uint8)


def backgrounds(photographs: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Upper left and right corners of photographs, each enlarged to a whole image."""
    height, width = photographs.shape[1:3]
    return enlarged(corners_of(photographs), count, height, width, rng)


def pictures(photographs: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Square crops of the sample pictures, with sides between an image's height and the picture's shorter side."""
    from sklearn.datasets import load_sample_images  # noqa: PLC0415  # takes a second, which not every stage needs

    sources = load_sample_images().images
    crops = []
    for source, size in zip(rng.integers(0, len(sources), count), rng.random(count), strict=True):
        picture = sources[source]
        largest = min(picture.shape[:2])
        smallest = min(photographs.shape[1], largest)
        side = round(smallest * (largest / smallest) ** size)
        top, left = (int(rng.integers(0, length - side + 1)) for length in picture.shape[:2])
        crops.append(picture[top : top + side, left : left + side])
    resized = _resized(crops, photographs.shape[1:3])
    return resized if photographs.shape[-1] == 3 else pixels.grey(resized)


def _resized(crops: list[np.ndarray], size: tuple[int, int]) -> np.ndarray:
    height, width = size
    return np.stack([cv2.resize(crop, (width, height), interpolation=cv2.INTER_AREA) for crop in crops])

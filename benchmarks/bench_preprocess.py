"""How fast `preprocess` converts images, beside the article's expression."""

from collections.abc import Callable

import numpy as np

from benchmarks.contenders import Contender
from benchmarks.contests import Contest, main
from signs.data import pixels


def pictures(count: int) -> np.ndarray:
    """Random images, uint8 (count, 32, 32, 3)."""
    return np.random.default_rng(0).integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)


def article(features: np.ndarray) -> np.ndarray:
    """Cells In [16] and In [17]: grey, then [0, 1], [-0.5, 0.5], [-1, 1]."""
    grey = np.dot(features[..., :3], [0.299, 0.587, 0.114])
    grey = grey / 255.0
    grey -= 0.5
    return 2.0 * grey


def floor(features: np.ndarray) -> np.ndarray:
    """Reads the images once, and writes grey ones once."""
    return np.full((*features.shape[:3], 1), features.max(), dtype=np.float32)


def ours_once(count: int) -> Callable[[], object]:
    """`preprocess` as the pipeline uses it."""
    features = pictures(count)
    return lambda: pixels.normalized_grey(features)


def article_once(count: int) -> Callable[[], object]:
    """The article's expression."""
    features = pictures(count)
    return lambda: article(features)


def floor_once(count: int) -> Callable[[], object]:
    """Memory traffic without arithmetic."""
    features = pictures(count)
    return lambda: floor(features)


def contest(count: int = 51_839) -> Contest:
    """Ours, the article's and the floor; the default is the number of images of the benchmark."""
    settings = {"count": count}
    return Contest(
        title=f"{count:,} images of 32x32 in colour",
        images=count,
        ours=Contender("ours", "benchmarks.bench_preprocess:ours_once", settings),
        peers=(Contender("the article's expression in NumPy", "benchmarks.bench_preprocess:article_once", settings),),
        floors=(
            Contender("floor: reading and writing the arrays", "benchmarks.bench_preprocess:floor_once", settings),
        ),
    )


if __name__ == "__main__":
    main(
        __doc__,
        {"Preprocessing": contest},
        quick={"count": 500},
        rounds=9,
        packages=("numpy", "opencv-python-headless"),
    )

"""How long `preprocess` works on as many images as the benchmark has, beside the article's expression."""

import statistics
import time
from collections.abc import Callable

import numpy as np

from signs import images

COUNT = 51_839
ROUNDS = 5


def article(features: np.ndarray) -> np.ndarray:
    """Cells In [16] and In [17]: grey, then [0, 1], [-0.5, 0.5], [-1, 1]."""
    grey = np.dot(features[..., :3], [0.299, 0.587, 0.114])
    grey = grey / 255.0
    grey -= 0.5
    return 2.0 * grey


def seconds(function: Callable[[np.ndarray], np.ndarray], features: np.ndarray) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    function(features)
    return time.perf_counter() - start


def main() -> None:
    """Times both in turn, and prints medians and the spread of their ratio."""
    features = np.random.default_rng(0).integers(0, 256, (COUNT, 32, 32, 3), dtype=np.uint8)
    pairs = [(seconds(images.normalized_grey, features), seconds(article, features)) for _ in range(ROUNDS)]
    ours, theirs = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratios = sorted(their / our for our, their in pairs)
    print(f"{COUNT:,} images of 32x32: {ours:.2f} s, the article's expression {theirs:.2f} s")
    print(f"{statistics.median(ratios):.1f} times as fast ({ratios[0]:.1f} to {ratios[-1]:.1f} in {ROUNDS} rounds)")


if __name__ == "__main__":
    main()

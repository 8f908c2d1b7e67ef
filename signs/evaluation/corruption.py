"""Corrupted images: weather, cameras, stickers and framing, in fixed severities.

Lengths are shares of the image's longer side, so that a severity means the same at every size. Grey levels are shares
of 255.

Source of the idea: Hendrycks, Dietterich, "Benchmarking neural network robustness to common corruptions and
perturbations", 2019.
"""

from collections.abc import Callable, Iterator
from typing import Annotated, Self

import cv2
import numpy as np
from pydantic import Field, model_validator

from signs.core.errors import UserError
from signs.core.params import Count, Section, Share
from signs.data import pixels

Amounts = Annotated[list[Share], Field(min_length=1, max_length=20)]
Cuts = Annotated[list[Annotated[Share, Field(lt=0.5)]], Field(min_length=1, max_length=20)]
Qualities = Annotated[list[Annotated[Count, Field(le=100)]], Field(min_length=1, max_length=20)]
FOG_GREY = 0.85

Corruption = Callable[[np.ndarray, float, np.random.Generator], np.ndarray]


class Corruptions(Section):
    """The amount of each corruption at each severity, from mild to severe.

    `blur`: standard deviation of a Gaussian filter. `noise`: standard deviation. `dark`: factor of pixel values.
    `contrast`: factor of the distance from the image's mean. `fog`: mean share of fog in a pixel. `occlusion`: side of
    a grey patch. `jpeg`: quality, 1-100. `tight`: share of the image cut off at each side. `loose`: border added at
    each side, as a share of the image.
    """

    blur: Amounts
    noise: Amounts
    dark: Amounts
    contrast: Amounts
    fog: Amounts
    occlusion: Amounts
    jpeg: Qualities
    tight: Cuts
    loose: Amounts

    @model_validator(mode="after")
    def _check_counts(self) -> Self:
        counts = {name: len(amounts) for name, amounts in self}
        if len(set(counts.values())) > 1:
            raise UserError(f"every corruption needs the same number of severities; found {counts}")
        return self


def corrupted(features: np.ndarray, amounts: Corruptions, seed: int) -> Iterator[tuple[str, int, np.ndarray]]:
    """Applies each corruption at each severity.

    Args:
        features: uint8 (n, height, width, 1 or 3).
        amounts: Of each corruption.
        seed: Of noise, fog and the positions of patches.

    Yields:
        The name of the corruption, its severity (from 1), and the images, in the shape of `features`.
    """
    for number, (name, corruption) in enumerate(CORRUPTIONS.items()):
        for severity, amount in enumerate(getattr(amounts, name), start=1):
            yield name, severity, corruption(features, amount, np.random.default_rng([seed, number, severity]))


def blurred(features: np.ndarray, deviation: float, _rng: np.random.Generator) -> np.ndarray:
    """Gaussian blur: out of focus."""
    if not deviation:
        return features
    width = deviation * max(features.shape[1:3])  # pixels
    return np.stack([cv2.GaussianBlur(image, (0, 0), width).reshape(image.shape) for image in features])


def noisy(features: np.ndarray, deviation: float, rng: np.random.Generator) -> np.ndarray:
    """Gaussian sensor noise, independent in each channel."""
    return _stored(features + rng.normal(0, 255 * deviation, features.shape).astype(np.float32))


def darkened(features: np.ndarray, factor: float, _rng: np.random.Generator) -> np.ndarray:
    """Less light."""
    return _stored(features * np.float32(factor))


def flattened(features: np.ndarray, factor: float, _rng: np.random.Generator) -> np.ndarray:
    """Less contrast."""
    mean = features.mean(axis=(1, 2, 3), keepdims=True, dtype=np.float32)
    return _stored((features - mean) * np.float32(factor) + mean)


def foggy(features: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Light grey fog of uneven density."""
    count, height, width = features.shape[:3]
    coarse = rng.uniform(-1, 1, (count, 3, 3)).astype(np.float32)
    banks = np.stack([cv2.resize(bank, (width, height), interpolation=cv2.INTER_CUBIC) for bank in coarse])
    thickness = (share + 0.5 * share * (1 - share) * banks).clip(0, 1)[..., np.newaxis]
    return _stored(features * (1 - thickness) + 255 * FOG_GREY * thickness)


def occluded(features: np.ndarray, side: float, rng: np.random.Generator) -> np.ndarray:
    """A grey square at a random position within the image."""
    count, height, width = features.shape[:3]
    length = min(round(side * max(height, width)), height, width)
    tops, lefts = rng.integers(0, height - length + 1, count), rng.integers(0, width - length + 1, count)
    result = features.copy()
    for number, grey in enumerate(rng.integers(0, 256, size=(count,)).tolist()):
        top, left = tops[number], lefts[number]
        result[number, top : top + length, left : left + length] = grey
    return result


def compressed(features: np.ndarray, quality: float, _rng: np.random.Generator) -> np.ndarray:
    """JPEG compression."""
    flag = cv2.IMREAD_GRAYSCALE if features.shape[-1] == 1 else cv2.IMREAD_COLOR
    settings = [cv2.IMWRITE_JPEG_QUALITY, int(quality)]
    files = (cv2.imencode(".jpg", image, settings)[1] for image in features)
    return np.stack([np.asarray(cv2.imdecode(file, flag)).reshape(features.shape[1:]) for file in files])


def cut(features: np.ndarray, share: float, _rng: np.random.Generator) -> np.ndarray:
    """A crop that is too tight: the middle of the image, enlarged."""
    return pixels.middle(features, 1 - 2 * share)


def surrounded(features: np.ndarray, share: float, _rng: np.random.Generator) -> np.ndarray:
    """A crop that is too loose: the image, smaller, in a border that continues the pixels of its edge."""
    return pixels.middle(features, 1 + 2 * share)


CORRUPTIONS: dict[str, Corruption] = {
    "blur": blurred,
    "noise": noisy,
    "dark": darkened,
    "contrast": flattened,
    "fog": foggy,
    "occlusion": occluded,
    "jpeg": compressed,
    "tight": cut,
    "loose": surrounded,
}


def _stored(values: np.ndarray) -> np.ndarray:
    return np.rint(values).clip(0, 255).astype(np.uint8)

"""Pixels: uint8 as they are stored, float32 in [-1, 1] as a network sees them."""

import math

import cv2
import numpy as np

from signs.core.errors import UserError

GREY_WEIGHTS = (0.299, 0.587, 0.114)  # red, green, blue; ITU-R BT.601
BLOCK_BYTES = 2**18  # images are converted in blocks that fit the processor's cache, which halves the time


def grey(features: np.ndarray) -> np.ndarray:
    """Brightness 0.299 R + 0.587 G + 0.114 B, rounded. Images with one channel stay as they are.

    Args:
        features: (n, height, width, 1 or 3), uint8.

    Returns:
        (n, height, width, 1), uint8.

    Raises:
        UserError: Another type or number of channels.
    """
    _refuse_converted(features)
    if features.shape[-1] == 1 or not len(features):
        return features[..., :1]
    flat = features.reshape(-1, features.shape[2], 3)
    return cv2.cvtColor(flat, cv2.COLOR_RGB2GRAY).reshape(*features.shape[:3], 1)


def middle(features: np.ndarray, fraction: float) -> np.ndarray:
    """The centre of each image, enlarged to the size of the image by cubic interpolation.

    Args:
        features: (n, height, width, 1 or 3), uint8.
        fraction: Share of each side to keep, above 0; with 1, images stay as they are, and above 1 they shrink, in a
            border that continues the pixels of their edge.

    Returns:
        The same shape, uint8.

    Raises:
        UserError: Another type or number of channels.
    """
    _refuse_converted(features)
    if fraction == 1:
        return features
    height, width = features.shape[1:3]
    lost_row, lost_column = ((length - 1) / 2 * (1 - fraction) for length in (height, width))
    to_old = np.array([[fraction, 0, lost_column], [0, fraction, lost_row]])
    how = {"flags": cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, "borderMode": cv2.BORDER_REPLICATE}
    result = np.empty_like(features)
    for image, enlarged in zip(features, result, strict=True):
        enlarged[...] = cv2.warpAffine(image, to_old, (width, height), **how).reshape(image.shape)
    return result


def normalize(features: np.ndarray) -> np.ndarray:
    """Maps uint8 0-255 to float32 in [-1, 1] and keeps the shape; a UserError for another type."""
    _refuse_converted(features)
    return np.multiply(features, 2 / 255, dtype=np.float32) - np.float32(1)


def normalized_grey(features: np.ndarray) -> np.ndarray:
    """Brightness as in `grey`, not rounded, mapped to [-1, 1]: float32 (n, height, width, 1)."""
    _refuse_converted(features)
    if features.shape[-1] == 1:
        return normalize(features)
    result = np.empty((*features.shape[:3], 1), dtype=np.float32)
    step = max(1, BLOCK_BYTES // math.prod(features.shape[1:]))
    for start in range(0, len(features), step):
        block = features[start : start + step].astype(np.float32)
        target = result[start : start + step]
        rows = block.reshape(-1, block.shape[2], 3)
        bright = cv2.cvtColor(rows, cv2.COLOR_RGB2GRAY).reshape(target.shape)
        np.subtract(np.multiply(bright, np.float32(2 / 255), out=bright), np.float32(1), out=target)
    return result


def brightness(features: np.ndarray) -> np.ndarray:
    """Mean pixel value of each uint8 image, 0-255: float64 (n,)."""
    _refuse_converted(features)
    flat = features.reshape(len(features), math.prod(features.shape[1:]))
    return flat.sum(axis=1, dtype=np.int64) / flat.shape[1]


def colour(features: np.ndarray) -> np.ndarray:
    """Images with three channels: uint8 (n, height, width, 3). One channel is repeated."""
    _refuse_converted(features)
    return np.repeat(features, 3, axis=-1) if features.shape[-1] == 1 else features


def displayed(features: np.ndarray) -> np.ndarray:
    """Maps float32 in [-1, 1] back to uint8 0-255, to show it; uint8 stays as it is."""
    if features.dtype == np.uint8:
        return features
    return np.rint((features.clip(-1, 1) + 1) * 127.5).astype(np.uint8)


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Scales one image to (height, width, channels): down by means of areas, up linearly."""
    shrinks = height * width < image.shape[0] * image.shape[1]
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(image, (width, height), interpolation=interpolation).reshape(height, width, -1)


def _refuse_converted(features: np.ndarray) -> None:
    if features.dtype != np.uint8 or features.shape[-1] not in (1, 3):
        raise UserError(
            f"images are {features.dtype} in {features.shape[-1]} channels; expected uint8 in 1 or 3, "
            "as before preprocessing"
        )

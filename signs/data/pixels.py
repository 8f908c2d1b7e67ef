"""Pixels: grey, normalized, enlarged, resized. Stored images are uint8 RGB until they are preprocessed here."""

import cv2
import numpy as np

from signs import MAX_PIXELS
from signs.core.errors import UserError

GREY_WEIGHTS = (0.299, 0.587, 0.114)  # red, green, blue; ITU-R BT.601
CORNER = 0.2  # of the side: less than a round sign leaves free at the corners of the benchmark's images
BLOCK_BYTES = 2**18  # converted piecewise: what fits the processor's cache takes half the time


def grey(features: np.ndarray) -> np.ndarray:
    """Brightness 0.299 R + 0.587 G + 0.114 B, rounded; images in one channel stay as they are.

    Args:
        features: (n, height, width, 1 or 3), uint8.

    Returns:
        (n, height, width, 1), uint8.

    Raises:
        UserError: Another type or number of channels.
    """
    _refuse_converted(features)
    if features.shape[-1] == 1:
        return features
    flat = features.reshape(-1, features.shape[2], 3)
    return cv2.cvtColor(flat, cv2.COLOR_RGB2GRAY).reshape(*features.shape[:3], 1)


def middle(features: np.ndarray, fraction: float) -> np.ndarray:
    """The middle of each image, enlarged to the size of the whole by cubic interpolation.

    Args:
        features: (n, height, width, 1 or 3), uint8.
        fraction: Share of each side to keep, above 0; at 1 images stay as they are.

    Returns:
        Images of the same shape, uint8.

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
    """Maps uint8 0-255 to float32 [-1, 1]; shape kept; a UserError for another type."""
    _refuse_converted(features)
    return np.multiply(features, 2 / 255, dtype=np.float32) - np.float32(1)


def normalized_grey(features: np.ndarray) -> np.ndarray:
    """Brightness as `grey`, not rounded, mapped to float32 [-1, 1]; shape (n, height, width, 1)."""
    _refuse_converted(features)
    if features.shape[-1] == 1:
        return normalize(features)
    result = np.empty((*features.shape[:3], 1), dtype=np.float32)
    step = max(1, BLOCK_BYTES // features[0].nbytes)
    for start in range(0, len(features), step):
        block = features[start : start + step].astype(np.float32)
        target = result[start : start + step]
        rows = block.reshape(-1, block.shape[2], 3)
        bright = cv2.cvtColor(rows, cv2.COLOR_RGB2GRAY).reshape(target.shape)
        np.subtract(np.multiply(bright, np.float32(2 / 255), out=bright), np.float32(1), out=target)
    return result


def brightness(features: np.ndarray) -> np.ndarray:
    """Mean pixel value of each uint8 image, 0-255, float64 of shape (n,)."""
    _refuse_converted(features)
    flat = features.reshape(len(features), -1)
    return flat.sum(axis=1, dtype=np.int64) / flat.shape[1]


def colour(features: np.ndarray) -> np.ndarray:
    """Images in three channels, whether they are in one or three: uint8 (n, height, width, 3)."""
    _refuse_converted(features)
    return np.repeat(features, 3, axis=-1) if features.shape[-1] == 1 else features


def displayed(features: np.ndarray) -> np.ndarray:
    """What a network sees as pixels to look at: [-1, 1] back to uint8 0-255; uint8 stays as it is."""
    if features.dtype == np.uint8:
        return features
    return np.rint((features.clip(-1, 1) + 1) * 127.5).astype(np.uint8)


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """One image scaled whole, (height, width, channels): by area means down, linearly up."""
    shrinks = height * width < image.shape[0] * image.shape[1]
    interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(image, (width, height), interpolation=interpolation).reshape(height, width, -1)


def decode(content: bytes, where: str, flags: int = cv2.IMREAD_COLOR) -> np.ndarray:
    """Decodes PNG, JPEG, PPM or WebP bytes as OpenCV does, in its channel order (BGR, BGRA or grey).

    Raises:
        UserError: Named with `where`: they are no image, or more pixels than MAX_PIXELS.
    """
    try:
        image = cv2.imdecode(np.frombuffer(content, dtype=np.uint8), flags) if content else None
    except cv2.error:
        image = None
    if image is None or image.shape[0] * image.shape[1] > MAX_PIXELS:
        raise UserError(
            f"{where} cannot be read as an image; it may be damaged, of another format, "
            f"or of over {MAX_PIXELS:,} pixels"
        )
    return image


def corners_of(photographs: np.ndarray) -> np.ndarray:
    """Upper left and right corners of images (n, height, width, channels): (2 n, rows, columns, channels)."""
    side = max(1, round(CORNER * min(photographs.shape[1:3])))
    return np.concatenate([photographs[:, :side, :side], photographs[:, :side, -side:]])


def enlarged(corners: np.ndarray, count: int, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Corners of photographs as whole images.

    Args:
        corners: (n, rows, columns, channels), uint8.
        count: Of images, each of a corner drawn by lot.
        height: Of the images, in pixels.
        width: Likewise.
        rng: Source of the draws.

    Returns:
        (count, height, width, channels), uint8.
    """
    chosen = corners[rng.choice(len(corners), count)]
    large = [cv2.resize(corner, (width, height), interpolation=cv2.INTER_LINEAR) for corner in chosen]
    return np.stack(large).reshape(count, height, width, -1)


def _refuse_converted(features: np.ndarray) -> None:
    if features.dtype != np.uint8 or features.shape[-1] not in (1, 3):
        raise UserError(
            f"images are {features.dtype} in {features.shape[-1]} channels; expected uint8 in 1 or 3, "
            "as they are before preprocessing"
        )

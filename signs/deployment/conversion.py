"""The preprocessing of a model as numbers that a graph computes with."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np

from signs.data import pixels

ROUNDED_GREY = (9798, 19235, 3735)  # OpenCV's weights of red, green and blue in whole images, in 1/32768
SCALE = np.float32(2 / 255)  # maps 0-255 to 0-2; minus 1 gives [-1, 1]


class Conversion(NamedTuple):
    """What a graph does to uint8 RGB images, in this order; None skips a step.

    `rows`, `columns`: float32 (height, height) and (width, width). `rows @ channel @ columns.T`, rounded half to even
    and clipped to 0-255, enlarges or shrinks the middle of each channel.
    `grey`: weights of red, green and blue, float32 (3,); their sum is one channel of brightness.
    `is_rounded`: whether the brightness is rounded, half up, to a whole number.
    `is_normalized`: whether 0-255 is mapped to [-1, 1].
    """

    rows: np.ndarray | None
    columns: np.ndarray | None
    grey: np.ndarray | None
    is_rounded: bool
    is_normalized: bool


def conversion(preprocess: dict[str, Any], image_shape: Sequence[int]) -> Conversion:
    """The preprocessing of a model.

    Args:
        preprocess: Section `preprocess` of params.yaml that the model was trained with. Its `central_fraction` may be
            above 1.
        image_shape: (height, width, channels) of the images that the network takes. A network of one channel whose
            data were stored in one channel gets the brightness of RGB images.
    """
    height, width, channels = image_shape
    fraction, is_normalized = preprocess["central_fraction"], preprocess["normalize"]
    is_rounded = not (preprocess["grey"] and is_normalized)  # as `signs.preparation.preprocessing` does
    grey = np.array(ROUNDED_GREY, np.float32) / 32768 if is_rounded else np.array(pixels.GREY_WEIGHTS, np.float32)
    return Conversion(
        rows=_middle(height, fraction) if fraction != 1 else None,
        columns=_middle(width, fraction) if fraction != 1 else None,
        grey=grey if channels == 1 else None,
        is_rounded=is_rounded,
        is_normalized=is_normalized,
    )


def _middle(length: int, fraction: float) -> np.ndarray:
    """The matrix by which `pixels.middle` enlarges one axis: what OpenCV makes of the identity, to the last bit."""
    to_old = np.array([[1, 0, 0], [0, fraction, (length - 1) / 2 * (1 - fraction)]])
    how = {"flags": cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP, "borderMode": cv2.BORDER_REPLICATE}
    return cv2.warpAffine(np.eye(length, dtype=np.float32), to_old, (length, length), **how)

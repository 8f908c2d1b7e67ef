"""Where a sign is in the image, and from where it is seen."""

from collections.abc import Sequence

import cv2
import numpy as np

from signs.core.params import Amounts, Range, Section
from signs.rendering.batch_rng import FLOAT, BatchRng

SUPERSAMPLING = 2  # warped at twice the size and averaged down, as a sensor's pixels average


class Pose(Section):
    """Each pair is the range of a uniform distribution.

    Attributes:
        scale: Width of the sign, as a share of the image.
        aspect: Width divided by height.
        rotation: Degrees.
        offset: Of the centre, as a share of the image.
        perspective: Offset of each corner, as a share of the image.
    """

    scale: Amounts
    aspect: Amounts
    rotation: Range
    offset: Range
    perspective: Range


def prepare(drawing: np.ndarray, height: int, width: int) -> np.ndarray:
    """Shrinks a drawing to about the size at which it is shown: a warp from far larger would skip pixels.

    Args:
        drawing: uint8 RGBA (rows, columns, 4).
        height: Of the images to render, in pixels.
        width: Of the images to render, in pixels.

    Returns:
        uint8 (rows, columns, 4) with premultiplied alpha, so that transparent pixels do not colour their neighbours.
    """
    colours = drawing.astype(FLOAT)
    alpha = colours[..., 3] / 255
    for channel in range(3):  # one at a time: a single product over all of them is several times slower
        colours[..., channel] *= alpha
    factor = 1.5 * SUPERSAMPLING * min(height, width) / max(drawing.shape[:2])
    size = [max(1, round(length * min(factor, 1))) for length in drawing.shape[1::-1]]
    return np.rint(cv2.resize(colours, size, interpolation=cv2.INTER_AREA)).astype(np.uint8)


def place(drawings: Sequence[np.ndarray], height: int, width: int, pose: Pose, rng: BatchRng) -> np.ndarray:
    """Rotates, moves and scales signs, and tilts them in perspective.

    Args:
        drawings: One per image, from `prepare` with the same size.
        height: Of the images, in pixels.
        width: Of the images, in pixels.
        pose: The range of each transform.
        rng: For as many images.

    Returns:
        float32 RGBA in 0-1 (images, 4, height, width), premultiplied.
    """
    rows, columns = height * SUPERSAMPLING, width * SUPERSAMPLING
    corners = _corners(rows, columns, pose, rng)
    seen = np.empty((rng.images, rows, columns, 4), np.uint8)
    for drawing, image, target in zip(drawings, seen, corners, strict=True):
        edge = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * np.array(drawing.shape[1::-1]) - 0.5
        matrix = cv2.getPerspectiveTransform(edge.astype(FLOAT), target)
        cv2.warpPerspective(drawing, matrix, (columns, rows), dst=image, flags=cv2.INTER_LINEAR)
    # Stacked in one column, all images take a single call. As two rows become one, no pixel mixes two images.
    small = cv2.resize(seen.reshape(-1, columns, 4), (width, rng.images * height), interpolation=cv2.INTER_AREA)
    planes = np.moveaxis(small.reshape(rng.images, height, width, 4), -1, 1)
    return planes.astype(FLOAT, order="C") / 255


def _corners(rows: int, columns: int, pose: Pose, rng: BatchRng) -> np.ndarray:
    """Where the corners of the drawings go, x and y in pixels: float32 (images, 4, 2)."""
    angle = np.deg2rad(rng.uniform(pose.rotation)[:, 0])
    aspect = np.sqrt(rng.uniform(pose.aspect)[:, 0])
    square = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]], FLOAT)
    x, y = square[:, 0] * aspect[:, 0], square[:, 1] / aspect[:, 0]
    sine, cosine = np.sin(angle)[:, 0], np.cos(angle)[:, 0]
    corners = np.stack([x * cosine - y * sine, x * sine + y * cosine], axis=-1)
    corners *= rng.uniform(pose.scale)[:, 0]
    corners += 0.5 + rng.uniform(pose.offset, 2).reshape(-1, 1, 2)
    corners += rng.uniform(pose.perspective, 8).reshape(-1, 4, 2)
    # The coordinates of a pixel are those of its centre, so an image starts at -0.5.
    span = min(rows, columns)
    return (corners * span + (np.array([columns, rows], FLOAT) - span) / 2 - 0.5).astype(FLOAT)

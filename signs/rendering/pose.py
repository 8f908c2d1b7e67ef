"""Where a sign is in the image, and from where it is seen."""

from collections.abc import Sequence

import cv2
import numpy as np

from signs.core.params import Amounts, Range, Section
from signs.rendering.draws import FLOAT, Draws

SUPERSAMPLING = 2  # drawn at twice the size and averaged down, as a sensor's pixels average


class Pose(Section):
    """Every pair is the lowest and highest of an even draw.

    `scale`: width of the sign as a share of the image. `aspect`: width to height, as a factor. `rotation`:
    degrees. `offset`: of the centre, and `perspective`: of each corner, as a share of the image.
    """

    scale: Amounts
    aspect: Amounts
    rotation: Range
    offset: Range
    perspective: Range


def prepared(drawing: np.ndarray, height: int, width: int) -> np.ndarray:
    """A drawing near the size at which it will be seen: a warp from far larger would skip pixels.

    Args:
        drawing: (rows, columns, 4), uint8 RGBA.
        height: Of the images to come, in pixels.
        width: Likewise.

    Returns:
        (rows, columns, 4), uint8; colours times alpha, lest what is transparent colours its neighbours.
    """
    colours = drawing.astype(FLOAT)
    share = colours[..., 3] / 255
    for channel in range(3):  # each by itself: a product over all of them at once takes several times as long
        colours[..., channel] *= share
    factor = 1.5 * SUPERSAMPLING * min(height, width) / max(drawing.shape[:2])
    size = [max(1, round(length * min(factor, 1))) for length in drawing.shape[1::-1]]
    return np.rint(cv2.resize(colours, size, interpolation=cv2.INTER_AREA)).astype(np.uint8)


def posed(drawings: Sequence[np.ndarray], height: int, width: int, pose: Pose, draws: Draws) -> np.ndarray:
    """Signs turned, moved, scaled and seen from the side.

    Args:
        drawings: As `prepared` for this size; one for each image.
        height: Of the images, in pixels.
        width: Likewise.
        pose: How far each goes.
        draws: For as many images.

    Returns:
        float32 (images, 4, height, width), RGBA in 0-1, colours times alpha.
    """
    rows, columns = height * SUPERSAMPLING, width * SUPERSAMPLING
    corners = _corners(rows, columns, pose, draws)
    seen = np.empty((draws.images, rows, columns, 4), np.uint8)
    for drawing, image, target in zip(drawings, seen, corners, strict=True):
        edge = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * np.array(drawing.shape[1::-1]) - 0.5
        matrix = cv2.getPerspectiveTransform(edge.astype(FLOAT), target)
        cv2.warpPerspective(drawing, matrix, (columns, rows), dst=image, flags=cv2.INTER_LINEAR)
    # One below the other they take a single call, and as two rows make one, none is mixed from two images.
    small = cv2.resize(seen.reshape(-1, columns, 4), (width, draws.images * height), interpolation=cv2.INTER_AREA)
    planes = np.moveaxis(small.reshape(draws.images, height, width, 4), -1, 1)
    return planes.astype(FLOAT, order="C") / 255


def _corners(rows: int, columns: int, pose: Pose, draws: Draws) -> np.ndarray:
    """Places of the corners, x and y in pixels: float32 (images, 4, 2)."""
    angle = np.deg2rad(draws.within(pose.rotation)[:, 0])
    aspect = np.sqrt(draws.within(pose.aspect)[:, 0])
    square = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]], FLOAT)
    x, y = square[:, 0] * aspect[:, 0], square[:, 1] / aspect[:, 0]
    sine, cosine = np.sin(angle)[:, 0], np.cos(angle)[:, 0]
    corners = np.stack([x * cosine - y * sine, x * sine + y * cosine], axis=-1)
    corners *= draws.within(pose.scale)[:, 0]
    corners += 0.5 + draws.within(pose.offset, 2).reshape(-1, 1, 2)
    corners += draws.within(pose.perspective, 8).reshape(-1, 4, 2)
    # A pixel's place is its middle, so that an image reaches from -0.5 on.
    span = min(rows, columns)
    return (corners * span + (np.array([columns, rows], FLOAT) - span) / 2 - 0.5).astype(FLOAT)

"""What a camera does to a sign: pose, background, light, blur, noise."""

import cv2
import numpy as np

from signs.params import Amounts, Range, Section

SUPERSAMPLING = 2  # drawn at twice the size and averaged down, as a sensor's pixels average


class Camera(Section):
    """How far each effect goes; every pair is the lowest and highest of an even draw.

    `scale`: width of the sign as a share of the image. `rotation`: degrees. `offset`: of the centre, and
    `perspective`: of each corner, as a share of the image. `brightness`: factor. `contrast`: factor about
    the mean. `colour`: factor of each channel. `blur`: standard deviation in pixels of the image.
    `noise`: standard deviation in grey levels of 255.
    """

    scale: Amounts
    rotation: Range
    offset: Range
    perspective: Range
    brightness: Amounts
    contrast: Amounts
    colour: Amounts
    blur: Amounts
    noise: Amounts


def prepared(drawing: np.ndarray, height: int, width: int) -> np.ndarray:
    """A drawing near the size at which it will be seen: a warp from far larger would skip pixels.

    Args:
        drawing: (rows, columns, 4), uint8 RGBA.
        height: Of the images to come, in pixels.
        width: Likewise.

    Returns:
        (rows, columns, 4), float32 in 0-1; colours times alpha, lest what is transparent colours its
        neighbours.
    """
    colours = drawing.astype(np.float32) / 255
    colours[..., :3] *= colours[..., 3:]
    factor = 1.5 * SUPERSAMPLING * min(height, width) / max(drawing.shape[:2])
    size = [max(1, round(length * min(factor, 1))) for length in drawing.shape[1::-1]]
    return cv2.resize(colours, size, interpolation=cv2.INTER_AREA)


def photograph(drawing: np.ndarray, height: int, width: int, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """Renders one image of a drawing as a camera might have seen it.

    Args:
        drawing: As `prepared` for this size.
        height: Of the result, in pixels.
        width: Likewise.
        camera: How far each effect goes.
        rng: Where all draws come from.

    Returns:
        (height, width, 3), uint8 RGB.
    """
    rows, columns = height * SUPERSAMPLING, width * SUPERSAMPLING
    sign = posed(drawing, rows, columns, camera, rng)
    alpha = sign[..., 3:]
    scene = background(rows, columns, rng) * (1 - alpha) + sign[..., :3] * alpha
    scene = cv2.resize(scene, (width, height), interpolation=cv2.INTER_AREA)
    scene = blurred(scene, rng.uniform(*camera.blur))
    scene = lit(scene, camera, rng)
    scene += rng.normal(0, rng.uniform(*camera.noise) / 255, scene.shape)
    return np.rint(scene.clip(0, 1) * 255).astype(np.uint8)


def posed(drawing: np.ndarray, rows: int, columns: int, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """A prepared drawing turned, moved, scaled and seen from the side: (rows, columns, 4), float32 RGBA in 0-1."""
    angle = np.deg2rad(rng.uniform(*camera.rotation))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]) * rng.uniform(*camera.scale) @ turn.T
    corners += 0.5 + rng.uniform(*camera.offset, size=2) + rng.uniform(*camera.perspective, size=(4, 2))
    span = min(rows, columns)
    # A pixel's place is its middle, so that an image reaches from -0.5 on.
    target = corners * span + (np.array([columns, rows]) - span) / 2 - 0.5
    edge = np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * np.array(drawing.shape[1::-1]) - 0.5
    matrix = cv2.getPerspectiveTransform(edge.astype(np.float32), target.astype(np.float32))
    seen = cv2.warpPerspective(drawing, matrix, (columns, rows), flags=cv2.INTER_LINEAR)
    seen[..., :3] /= np.maximum(seen[..., 3:], 1e-6)
    return seen


def background(rows: int, columns: int, rng: np.random.Generator) -> np.ndarray:
    """Soft patches of dull colour, brighter towards one side: (rows, columns, 3), float32 in 0-1."""
    patches = int(rng.integers(2, 9))
    grey = rng.uniform(0.05, 0.95) + rng.normal(0, 0.18, (patches, patches, 1))
    tint = rng.normal(0, 0.05, (patches, patches, 3))
    field = cv2.resize((grey + tint).astype(np.float32), (columns, rows), interpolation=cv2.INTER_CUBIC)
    slope = rng.normal(0, 0.15, 2)
    field += (slope[0] * np.linspace(-1, 1, rows)[:, None] + slope[1] * np.linspace(-1, 1, columns))[..., None]
    return field.clip(0, 1)


def blurred(scene: np.ndarray, sigma: float) -> np.ndarray:
    """Blurred by a Gaussian with a standard deviation of `sigma` pixels."""
    return cv2.GaussianBlur(scene, (0, 0), sigma) if sigma > 0.05 else scene


def lit(scene: np.ndarray, camera: Camera, rng: np.random.Generator) -> np.ndarray:
    """The scene in other light: contrast about its mean, then brightness and the tint of the light."""
    mean = scene.mean()
    light = rng.uniform(*camera.brightness) * rng.uniform(*camera.colour, size=3)
    return (mean + (scene - mean) * rng.uniform(*camera.contrast)) * light

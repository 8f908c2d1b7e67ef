"""Domain randomization: drawings of a sign become images as cameras might have taken them, and worse."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from signs import lenses, poses, scenes, surfaces
from signs.draws import Draws
from signs.params import Section

CHUNK = 64  # images that share a stream of draws: the same for any number of workers


class Camera(Section):
    """How far each ingredient goes."""

    pose: poses.Pose
    wear: surfaces.Wear
    background: scenes.Background
    light: scenes.Light
    lens: lenses.Lens


def rendered(
    drawings: Sequence[np.ndarray],
    count: int,
    height: int,
    width: int,
    camera: Camera,
    seed: Sequence[int],
    workers: int,
    photographs: np.ndarray | None = None,
) -> np.ndarray:
    """Renders images of a sign.

    Args:
        drawings: Of its variants, (rows, columns, 4), uint8 RGBA, which take turns.
        count: Of images.
        height: Of the images, in pixels.
        width: Likewise.
        camera: How far each ingredient goes.
        seed: Of all draws.
        workers: Threads; the images are the same for any number.
        photographs: That lend their backgrounds and brightness, uint8 (n, rows, columns, 1 or 3); None for none.

    Returns:
        (count, height, width, 3), uint8 RGB.
    """
    means = None if photographs is None else photographs.mean(axis=(1, 2, 3)) / 255
    ready = [poses.prepared(drawing, height, width) for drawing in drawings]

    def chunk(first: int) -> np.ndarray:
        # Always a whole chunk, so that with more images the first stay as they are.
        draws = Draws(np.random.default_rng([*seed, first]), CHUNK)
        shown = [ready[number % len(ready)] for number in range(first, first + CHUNK)]
        signs = poses.posed(shown, height, width, camera.pose, draws)
        behind = scenes.behind(height, width, camera.background, photographs, draws)
        scene = scenes.composed(surfaces.worn(signs, camera.wear, draws), behind, camera.light, draws)
        return lenses.seen(scene, camera.lens, means, draws)

    with ThreadPoolExecutor(workers) as pool:
        return np.concatenate(list(pool.map(chunk, range(0, count, CHUNK))))[:count]

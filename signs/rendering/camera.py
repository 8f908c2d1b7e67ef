"""Domain randomization: drawings of a sign become images as cameras might have taken them, and worse."""

from collections.abc import Sequence

import numpy as np
from joblib import Parallel, delayed

from signs.core.params import Section
from signs.rendering import lens as lenses
from signs.rendering import pose as poses
from signs.rendering import scene
from signs.rendering import wear as surfaces
from signs.rendering.draws import Draws

CHUNK = 64  # images that share a stream of draws: the same for any number of workers


class Camera(Section):
    """How far each ingredient goes."""

    pose: poses.Pose
    wear: surfaces.Wear
    background: scene.Background
    light: scene.Light
    lens: lenses.Lens


def rendered(
    signs: Sequence[Sequence[np.ndarray]],
    seeds: Sequence[Sequence[int]],
    count: int,
    height: int,
    width: int,
    camera: Camera,
    workers: int = 1,
    surroundings: scene.Surroundings | None = None,
) -> list[np.ndarray]:
    """Renders images of signs.

    Args:
        signs: The drawings of each sign, (rows, columns, 4), uint8 RGBA, which take turns.
        seeds: Of all draws for each sign.
        count: Of images of each.
        height: Of the images, in pixels.
        width: Likewise.
        camera: How far each ingredient goes.
        workers: Processes; the images are the same for any number.
        surroundings: Of photographs, which lend their backgrounds and brightness; None for none.

    Returns:
        Of each sign, (count, height, width, 3), uint8 RGB.
    """
    ready = [[poses.prepared(drawing, height, width) for drawing in drawings] for drawings in signs]
    tasks = (
        delayed(_chunk)(drawings, first, height, width, camera, [*seed, first], surroundings)
        for drawings, seed in zip(ready, seeds, strict=True)
        for first in range(0, count, CHUNK)
    )
    chunks = Parallel(n_jobs=workers)(tasks)
    a_sign = len(range(0, count, CHUNK))
    return [np.concatenate(chunks[start : start + a_sign])[:count] for start in range(0, len(chunks), a_sign)]


def _chunk(
    drawings: Sequence[np.ndarray],
    first: int,
    height: int,
    width: int,
    camera: Camera,
    seed: Sequence[int],
    surroundings: scene.Surroundings | None,
) -> np.ndarray:
    # Always a whole chunk, so that with more images the first stay as they are.
    draws = Draws(np.random.default_rng(seed), CHUNK)
    corners, means = surroundings or (None, None)
    shown = [drawings[number % len(drawings)] for number in range(first, first + CHUNK)]
    signs = surfaces.worn(poses.posed(shown, height, width, camera.pose, draws), camera.wear, draws)
    behind = scene.behind(height, width, camera.background, corners, draws)
    return lenses.seen(scene.composed(signs, behind, camera.light, draws), camera.lens, means, draws)

"""Domain randomization: many images of a sign, each with its own pose, wear, background, light and lens."""

from collections.abc import Sequence

import numpy as np

from signs.core import memory
from signs.core import workers as processes
from signs.core.params import Section
from signs.rendering.batch_rng import BatchRng
from signs.rendering.lens import Lens, expose
from signs.rendering.pose import Pose, place, prepare
from signs.rendering.scene import Background, Light, Surroundings, compose, make_backgrounds
from signs.rendering.wear import Wear, apply_wear

CHUNK = 64  # images that share a random stream, for any number of workers
BYTES_PER_PIXEL = 50  # that rendering takes at least


class Camera(Section):
    """The range of each step of rendering; presets/cameras/ holds some."""

    pose: Pose
    wear: Wear
    background: Background
    light: Light
    lens: Lens


def render(
    signs: Sequence[Sequence[np.ndarray]],
    seeds: Sequence[Sequence[int]],
    *,
    count: int,
    height: int,
    width: int,
    camera: Camera,
    workers: int = 1,
    surroundings: Surroundings | None = None,
) -> list[np.ndarray]:
    """Renders images of signs.

    Args:
        signs: The drawings of each sign, uint8 RGBA (rows, columns, 4). The images of a sign cycle through them.
        seeds: The seed of each sign.
        count: Images per sign.
        height: Of the images, in pixels.
        width: Of the images, in pixels.
        camera: The range of each step.
        workers: Number of processes. It does not change the images.
        surroundings: Backgrounds and brightness of photographs; None if there are none.

    Returns:
        For each sign, uint8 RGB (count, height, width, 3).

    Raises:
        UserError: The camera takes brightness from photographs, and there are none; or the images take more memory
            than there is.
    """
    _check_memory(len(signs) * count, height * width, workers)
    ready = [[prepare(drawing, height, width) for drawing in drawings] for drawings in signs]
    starts = range(0, count, CHUNK)
    tasks = (
        (drawings, [*seed, start], start, height, width, camera, surroundings)
        for drawings, seed in zip(ready, seeds, strict=True)
        for start in starts
    )
    chunks = processes.run(_render_chunk, tasks, workers)
    per_sign = len(starts)
    return [np.concatenate(chunks[first : first + per_sign])[:count] for first in range(0, len(chunks), per_sign)]


def _check_memory(images: int, pixels: int, workers: int) -> None:
    needed = images * pixels * 3 + workers * CHUNK * pixels * BYTES_PER_PIXEL
    memory.check(needed, f"rendering {images:,} images of {pixels:,} pixels", "render fewer or smaller ones")


def _render_chunk(
    drawings: Sequence[np.ndarray],
    seed: Sequence[int],
    start: int,
    height: int,
    width: int,
    camera: Camera,
    surroundings: Surroundings | None,
) -> np.ndarray:
    # Always a whole chunk, so that a larger count leaves the first images as they are.
    rng = BatchRng(np.random.default_rng(seed), CHUNK)
    corners, means = surroundings or (None, None)
    shown = [drawings[number % len(drawings)] for number in range(start, start + CHUNK)]
    signs = apply_wear(place(shown, height, width, camera.pose, rng), camera.wear, rng)
    backgrounds = make_backgrounds(height, width, camera.background, corners, rng)
    return expose(compose(signs, backgrounds, camera.light, rng), camera.lens, means, rng)

"""The randomized recipe: each image has a pose, wear, background, light and lens of its own."""

import zlib
from typing import Annotated

import numpy as np
from pydantic import Field

from signs.core.errors import UserError
from signs.core.params import Count, preset, validated
from signs.rendering.camera import Camera, render
from signs.rendering.drawings import Drawings, cut_out
from signs.rendering.scene import Surroundings


@validated("synthesis_recipes.randomized")
def randomize(
    drawings: Drawings,
    height: int,
    width: int,
    seed: list[int],
    surroundings: Surroundings | None,
    *,
    images: Count,
    workers: Annotated[Count, Field(le=64)],
    camera: preset(Camera),  # type: ignore[valid-type]
) -> dict[str, np.ndarray]:
    """Renders images of each class by domain randomization.

    Args:
        drawings: Of each class. An image shows one of them.
        height: Of the images, in pixels.
        width: Of the images, in pixels.
        seed: Each class has a random stream of its own, whatever other classes there are.
        surroundings: Backgrounds and brightness of photographs; None if there are none.
        images: Per class.
        workers: Number of processes. It does not change the images.
        camera: The range of each step, or the YAML file that holds it.

    Returns:
        By class name, uint8 RGB (images, height, width, 3).

    Raises:
        UserError: The camera takes brightness from photographs, and there are none.
    """
    if camera.lens.brightness == "photographs" and surroundings is None:
        raise UserError(
            "params.yaml: synthesis_recipes.randomized.camera has lens.brightness: photographs, but there are no "
            "photographs to take it from; give a range, as [0.05, 0.9]"
        )
    signs = [[cut_out(drawing) for drawing in variants] for variants in drawings.values()]
    seeds = [[*seed, zlib.crc32(name.encode())] for name in drawings]
    made = render(
        signs,
        seeds,
        count=images,
        height=height,
        width=width,
        camera=camera,
        workers=workers,
        surroundings=surroundings,
    )
    return dict(zip(drawings, made, strict=True))

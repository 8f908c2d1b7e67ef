"""What it costs to cap instruction sets at AVX2: the same work with AVX2, and with all that the processor has."""

from typing import Any

from benchmarks.bench_synthesize import TEMPLATES
from benchmarks.contenders import Contender
from benchmarks.contests import Contest, main
from signs.rendering.camera import CHUNK
from signs.rendering.drawings import read_by_id


def _contest(title: str, images: int, make: str, **settings: Any) -> Contest:
    return Contest(
        title=f"{title}, {images:,} images of 32x32",
        images=images,
        ours=Contender("native", make, settings, native=True),
        peers=(Contender("portable", make, settings, native=False),),
    )


def lenet(count: int = 34_799) -> Contest:
    """An epoch on as many grey images as the benchmark has."""
    settings = {"network": "lenet", "count": count, "batch_size": 1024}
    return _contest("Training LeNet in float32", count, "benchmarks.ours:trainer", **settings)


def convnet(count: int = 1024) -> Contest:
    """Training steps on augmented colour images."""
    settings = {"network": "convnet", "count": count, "batch_size": 128, "augmentation": "camera"}
    return _contest("Training convnet in float32, images augmented", count, "benchmarks.ours:trainer", **settings)


def rendering(count: int = 4 * CHUNK) -> Contest:
    """`count` images of each known sign, in one process."""
    images = count * len(read_by_id(TEMPLATES))
    return _contest("Rendering", images, "benchmarks.bench_synthesize:rendered_once", count=count, workers=1)


if __name__ == "__main__":
    main(
        __doc__,
        {"Instructions, LeNet": lenet, "Instructions, convnet": convnet, "Instructions, rendering": rendering},
        quick={"count": 64},
        rounds=7,
        packages=("numpy", "tensorflow", "keras"),
    )

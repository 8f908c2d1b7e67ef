"""How fast `synthesize` makes images: by the article's recipe, beside the article's loop, and by randomization."""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np

from benchmarks.contenders import ROOT, THREADS, Contender
from benchmarks.contests import Contest, main
from signs.core import params
from signs.data import classes
from signs.data.reader import on_background
from signs.rendering.camera import CHUNK, Camera, render
from signs.rendering.drawings import read_by_id, read_by_name
from signs.rendering.scene import Surroundings
from signs.synthesis.article import vary
from signs.synthesis.synthesis import synthesize

DRAWINGS, TEMPLATES = ROOT / "data/new_signs", ROOT / "data/templates"
PHOTOGRAPHS = 34_799  # that lend backgrounds and brightness: as many as the benchmark has for training


def settings() -> dict[str, Any]:
    """The section of params.yaml, with the article's recipe."""
    return params.load("synthesize", ROOT / "params.yaml", recipe="synthesis_recipes")


def recipe() -> Callable[[np.ndarray], np.ndarray]:
    """The article's recipe with the settings of params.yaml: from one image to many."""
    return functools.partial(vary, **params.load("synthesis_recipes", ROOT / "params.yaml")["article"])


def pictures() -> list[np.ndarray]:
    """The new signs as both recipes get them: uint8 (height, width, 3)."""
    size = settings()["width"], settings()["height"]
    shown = [on_background(drawings[0]) for drawings in read_by_name(DRAWINGS).values()]
    return [cv2.resize(picture, size, interpolation=cv2.INTER_AREA) for picture in shown]


def _range(start: float, stop: float, step: float) -> Iterator[float]:
    while start < stop:
        yield start
        start += step


def article(picture: np.ndarray) -> np.ndarray:
    """Cells In [28] and In [29]: eight brightnesses, each in every size at every place.

    Each image is put on a canvas of its own, which is then scaled back to the size of the image.
    """
    made = []
    for brightness in _range(0.1, 4.0, 0.5):
        image = np.clip(brightness * np.copy(picture), 0, 255).astype(np.uint8)
        made.append(image)
        for scale in _range(0.5, 1.0, 0.1):
            shape = (int(image.shape[0] / scale), int(image.shape[1] / scale), 3)
            for row in range(0, shape[0] - image.shape[0], 5):
                for column in range(0, shape[1] - image.shape[1], 5):
                    canvas = np.ones(shape, image.dtype) * image[2, 2, :]
                    canvas[row : row + image.shape[0], column : column + image.shape[1], :] = image
                    made.append(cv2.resize(canvas, image.shape[:2]))
    return np.squeeze(np.array(made))


def _times(repeats: int, make: Callable[[], object]) -> Callable[[], None]:
    """Calls `make` `repeats` times and drops each result, as `timeit` does.

    Kept results would go to fresh memory, and how long that takes depends on the machine.
    """

    def made() -> None:
        for _ in range(repeats):
            make()

    return made


def ours_once(repeats: int) -> Callable[[], object]:
    """The recipe on all new signs."""
    together, make = np.stack(pictures()), recipe()  # as the stage does it
    return _times(repeats, lambda: make(together))


def article_once(repeats: int) -> Callable[[], object]:
    """The article's loop on all new signs."""
    all_pictures = pictures()
    return _times(repeats, lambda: [article(picture) for picture in all_pictures])


def whole_once(repeats: int) -> Callable[[], object]:
    """The stage, except that it writes nothing."""
    section, names = settings(), classes.read(ROOT / "data" / classes.FILE_NAME)
    return _times(repeats, lambda: synthesize(DRAWINGS, TEMPLATES, names, None, **section))


def rendered_once(count: int, workers: int) -> Callable[[], object]:
    """Domain randomization of all known signs, `count` images of each."""
    section = settings()
    camera = Camera(**params.read(ROOT / "presets/cameras/synthesis.yaml"))
    size = {"height": section["height"], "width": section["width"]}
    signs = read_by_id(TEMPLATES)
    noise = np.random.default_rng(0).integers(0, 256, (PHOTOGRAPHS, *size.values(), 3), dtype=np.uint8)
    lent, seeds = Surroundings.from_photographs(noise), [[section["seed"], sign] for sign in signs]
    chosen: dict[str, Any] = {"count": count, "camera": camera, "workers": workers, "surroundings": lent} | size
    return lambda: render(list(signs.values()), seeds, **chosen)


def article_recipe(repeats: int = 10) -> Contest:
    """Ours and the article's, on all new signs."""
    chosen = {"repeats": repeats}
    made = sum(len(recipe()(picture)) for picture in pictures())
    return Contest(
        title=f"{made:,} images of 32x32 in colour from {len(pictures())} drawings",
        images=made * repeats,
        ours=Contender("ours", "benchmarks.bench_synthesize:ours_once", chosen),
        peers=(
            Contender("the article's loop, one image at a time", "benchmarks.bench_synthesize:article_once", chosen),
        ),
        alone=(
            Contender(
                "ours, with drawings read and images dealt to splits",
                "benchmarks.bench_synthesize:whole_once",
                chosen,
            ),
        ),
    )


def randomization(repeats: int = 10) -> Contest:
    """Chunks of images of each known sign, by two processes and by one."""
    signs, count = len(read_by_id(TEMPLATES)), CHUNK * repeats
    return Contest(
        title=f"Domain randomization, {signs * count:,} images of 32x32 in colour of {signs} signs",
        images=signs * count,
        ours=Contender(
            f"ours, {THREADS} processes",
            "benchmarks.bench_synthesize:rendered_once",
            {"count": count, "workers": THREADS},
        ),
        alone=(
            Contender("ours, one process", "benchmarks.bench_synthesize:rendered_once", {"count": count, "workers": 1}),
        ),
    )


if __name__ == "__main__":
    main(
        __doc__,
        {"Synthesis": article_recipe, "Synthesis by domain randomization": randomization},
        quick={"repeats": 1},
        rounds=9,
        packages=("numpy", "opencv-python-headless"),
    )

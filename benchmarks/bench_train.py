"""How many images a second are trained on, beside PyTorch, Keras `fit` and the article's own loop."""

from collections.abc import Callable
from functools import partial
from typing import Any

from benchmarks.contenders import Contender
from benchmarks.contests import Contest, main
from signs.core import processor


def _frameworks(settings: dict[str, Any]) -> tuple[Contender, ...]:
    layouts = {"PyTorch": "contiguous_format", "PyTorch, channels last": "channels_last"}
    return (
        Contender("Keras `fit`", "benchmarks.ours:keras_fit", settings | {"layers": "plain"}),
        *(
            Contender(name, "benchmarks.pytorch:trainer", settings | {"layout": layout}, needs=("torch",))
            for name, layout in layouts.items()
        ),
    )


def _fitted(settings: dict[str, Any]) -> Contender:
    return Contender("our layers in Keras `fit`", "benchmarks.ours:keras_fit", settings | {"layers": "ours"})


def lenet(count: int = 34_799, batch_size: int = 1024, dtype: str = "float32") -> Contest:
    """The article's network on as many grey images as the benchmark has."""
    settings = {"network": "lenet", "count": count, "batch_size": batch_size}
    typed = settings | {"dtype": dtype}
    return Contest(
        title=f"LeNet, an epoch of {count:,} grey images of 32x32 in batches of {batch_size:,}, {dtype}",
        images=count,
        ours=Contender("ours", "benchmarks.ours:trainer", typed),
        peers=(
            *_frameworks(typed),
            Contender("the article's loop, `tf.compat.v1`", "benchmarks.article:trainer", settings),
        ),
        alone=(_fitted(typed),),
    )


def convnet(count: int = 2_048, batch_size: int = 128, dtype: str = "float32") -> Contest:
    """The network convnet on colour images, with and without augmentation."""
    settings = {"network": "convnet", "count": count, "batch_size": batch_size, "dtype": dtype}
    augmented = settings | {"augmentation": "camera"}
    return Contest(
        title=f"convnet, {count:,} colour images of 32x32 in batches of {batch_size:,}, {dtype}",
        images=count,
        ours=Contender("ours", "benchmarks.ours:trainer", settings),
        peers=_frameworks(settings),
        alone=(_fitted(settings), Contender("ours, images augmented", "benchmarks.ours:trainer", augmented)),
    )


def contests() -> dict[str, Callable[..., Contest]]:
    """By title. bfloat16 needs a processor that computes in it, and all its instructions."""
    held: dict[str, Callable[..., Contest]] = {"Training LeNet": lenet, "Training convnet": convnet}
    if processor.instructions() != "native" or not processor.computes_in_bfloat16():
        return held
    return held | {f"{title}, bfloat16": partial(contest, dtype="bfloat16") for title, contest in held.items()}


if __name__ == "__main__":
    main(
        __doc__,
        contests(),
        quick={"count": 64, "batch_size": 32},
        rounds=7,
        packages=("numpy", "tensorflow", "keras", "torch"),
    )

"""How many images a second are trained on, beside PyTorch, Keras' `fit` and the article's own loop."""

from typing import Any

from benchmarks.contenders import Contender
from benchmarks.contests import Contest, main


def _frameworks(settings: dict[str, Any]) -> tuple[Contender, ...]:
    layouts = {"PyTorch": "contiguous_format", "PyTorch, channels last": "channels_last"}
    return (
        Contender("Keras `fit` on arrays", "benchmarks.ours:keras_fit", settings),
        *(
            Contender(name, "benchmarks.pytorch:trainer", settings | {"layout": layout}, needs=("torch",))
            for name, layout in layouts.items()
        ),
    )


def lenet(count: int = 34_799, batch_size: int = 1024) -> Contest:
    """The article's network on as many grey images as the benchmark has."""
    settings = {"network": "lenet", "count": count, "batch_size": batch_size}
    return Contest(
        title=f"LeNet, an epoch of {count:,} grey images of 32x32 in batches of {batch_size:,}",
        images=count,
        ours=Contender("ours", "benchmarks.ours:trainer", settings),
        peers=(
            *_frameworks(settings),
            Contender("the article's loop, `tf.compat.v1`", "benchmarks.article:trainer", settings),
        ),
    )


def convnet(count: int = 8_192, batch_size: int = 128) -> Contest:
    """The new network on colour images; with images augmented as they are trained on, too."""
    settings = {"network": "convnet", "count": count, "batch_size": batch_size}
    augmented = settings | {"augmentation": "camera"}
    return Contest(
        title=f"The new network, {count:,} colour images of 32x32 in batches of {batch_size:,}",
        images=count,
        ours=Contender("ours", "benchmarks.ours:trainer", settings),
        peers=_frameworks(settings),
        alone=(Contender("ours, images augmented", "benchmarks.ours:trainer", augmented),),
    )


if __name__ == "__main__":
    main(
        __doc__,
        {"Training LeNet": lenet, "Training the new network": convnet},
        quick={"count": 64, "batch_size": 32},
        rounds=7,
        packages=("numpy", "tensorflow", "keras", "torch"),
    )

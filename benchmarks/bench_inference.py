"""How fast a network classifies many images, and one, beside ONNX Runtime, which also preprocesses them."""

from functools import partial

from benchmarks.contenders import Contender
from benchmarks.contests import Contest, main


def _onnx_runtime(name: str, **settings: object) -> Contender:
    return Contender(name, "benchmarks.onnx_runtime:predictor", settings, needs=("onnx", "onnxruntime"))


def many(network: str, name: str, count: int = 12_630) -> Contest:
    """All images at once. Ours makes batches by itself; the peer is given batches of two sizes."""
    settings = {"network": network, "count": count}
    return Contest(
        title=f"{name}, {count:,} images",
        images=count,
        ours=Contender("ours", "benchmarks.ours:predictor", settings | {"together": count}),
        peers=tuple(
            _onnx_runtime(f"ONNX Runtime, batches of {together:,}", **settings, together=together)
            for together in (64, 1024)
        ),
    )


def one(network: str, name: str, count: int = 100) -> Contest:
    """One image after the other."""
    settings = {"network": network, "count": count, "together": 1}
    return Contest(
        title=f"{name}, a single image, {count} times",
        images=count,
        ours=Contender("ours", "benchmarks.ours:predictor", settings),
        peers=(_onnx_runtime("ONNX Runtime", **settings),),
    )


if __name__ == "__main__":
    main(
        __doc__,
        {
            "Inference of LeNet": partial(many, "lenet", "LeNet"),
            "Inference of LeNet, one image": partial(one, "lenet", "LeNet"),
            "Inference of convnet": partial(many, "convnet", "convnet"),
            "Inference of convnet, one image": partial(one, "convnet", "convnet"),
        },
        quick={"count": 3},
        rounds=9,
        packages=("numpy", "tensorflow", "keras", "onnxruntime"),
    )

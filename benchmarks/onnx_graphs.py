"""Our networks as ONNX graphs, images (n, channels, height, width) in, logits (n, classes) out; run by ONNX Runtime."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from benchmarks.contenders import THREADS
from benchmarks.ours import built
from benchmarks.tasks import SIZE, TASKS, images
from benchmarks.weights import Weights, of
from signs.networks.classifier import Classifier
from signs.networks.convnet import IMAGE_STD_EPSILON, LOCAL_STD_EPSILON, ConvNet

OPSET = 17
IR_VERSION = 10  # read by ONNX Runtime since 2024


class _Graph:
    """Nodes in a row, each of which takes the output of the one before."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.arrays: list[onnx.TensorProto] = []
        self.last = "images"

    def array(self, values: np.ndarray) -> str:
        name = f"array_{len(self.arrays)}"
        self.arrays.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def add(self, operation: str, *others: str, **attributes: object) -> str:
        return self.apply(operation, self.last, *others, **attributes)

    def apply(self, operation: str, *inputs: str, **attributes: object) -> str:
        self.last = f"{operation}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, list(inputs), [self.last], **attributes))
        return self.last


def graph(network: Classifier, channels: int) -> bytes:
    """A network of ours with its weights, serialized."""
    made = _Graph()
    held = of(network)
    if isinstance(network, ConvNet):
        _standardize(made)
        if network.neighbourhood:
            _add_relative(made, network.neighbourhood)
        _groups(made, iter(held), network.depths)
    else:
        _convolutions(made, held[:2])
    made.add("Flatten")
    _fulls(made, [weights for weights in held if weights.kernel.ndim == 2])
    shapes = {"images": ["n", channels, SIZE, SIZE], made.last: ["n", network.classes]}
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes.items()]
    body = helper.make_graph(made.nodes, network.name, ends[:1], ends[1:], made.arrays)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    return model.SerializeToString()


def session(network: Classifier, channels: int) -> onnxruntime.InferenceSession:
    """A network of ours, ready to run."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = THREADS, 1
    return onnxruntime.InferenceSession(graph(network, channels), options, providers=["CPUExecutionProvider"])


def predictor(network: str, count: int, together: int) -> Callable[[], object]:
    """Makes a function that computes the logits of `count` images, `together` at a time; channels come first."""
    channels = TASKS[network].channels
    running = session(built(network), channels)
    features = np.ascontiguousarray(images(channels, count)[0].transpose(0, 3, 1, 2))
    bounds = [(start, start + together) for start in range(0, count, together)]
    return lambda: [running.run(None, {"images": features[first:last]}) for first, last in bounds]


def _standardize(made: _Graph) -> None:
    centred = made.apply("Sub", "images", made.add("ReduceMean", axes=[1, 2, 3]))
    variance = made.apply("ReduceMean", _squared(made, centred), axes=[1, 2, 3])
    _divided(made, centred, variance, IMAGE_STD_EPSILON)


def _add_relative(made: _Graph, side: int) -> None:
    images = made.last
    brightness = made.add("ReduceMean", axes=[1])
    means = {"kernel_shape": [side, side], "pads": [side // 2] * 4, "count_include_pad": 0}
    mean = made.apply("AveragePool", brightness, **means)
    square = made.apply("AveragePool", _squared(made, brightness), **means)
    variance = made.apply("Relu", made.apply("Sub", square, _squared(made, mean)))
    _divided(made, made.apply("Sub", brightness, mean), variance, LOCAL_STD_EPSILON)
    made.apply("Concat", images, made.last, axis=1)


def _squared(made: _Graph, values: str) -> str:
    return made.apply("Mul", values, values)


def _divided(made: _Graph, values: str, variance: str, least: float) -> None:
    constant = made.array(np.array(least, np.float32))
    made.apply("Div", values, made.apply("Add", made.apply("Sqrt", variance), constant))


def _convolutions(made: _Graph, held: Sequence[Weights]) -> None:
    for weights in held:
        made.add("Conv", made.array(weights.kernel), made.array(weights.bias))
        made.add("Relu")
        made.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])


def _groups(made: _Graph, held: Iterator[Weights], depths: Sequence[Sequence[int]]) -> None:
    for group in depths:
        for _ in group:
            weights = next(held)
            made.add("Conv", made.array(weights.kernel), pads=[1, 1, 1, 1])
            _normalize(made, weights)
            made.add("Relu")
        made.add("MaxPool", kernel_shape=[2, 2], strides=[2, 2])


def _normalize(made: _Graph, weights: Weights) -> None:
    if weights.normalization:
        gain, mean, variance, epsilon = weights.normalization
        arrays = [made.array(values) for values in (gain, weights.bias, mean, variance)]
        made.add("BatchNormalization", *arrays, epsilon=epsilon)


def _fulls(made: _Graph, held: Sequence[Weights]) -> None:
    for number, weights in enumerate(held, start=1):
        made.add("Gemm", made.array(weights.kernel), made.array(weights.bias), transB=1)
        if number < len(held):
            made.add("Relu")

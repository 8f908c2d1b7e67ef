"""A model as an ONNX graph: `images`, uint8 RGB (n, height, width, 3), in; `probabilities`, (n, classes), out."""

from functools import singledispatch
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from signs.deployment import framing
from signs.deployment.conversion import SCALE, Conversion, conversion
from signs.networks.classifier import Classifier
from signs.networks.convnet import IMAGE_STD_EPSILON, LOCAL_STD_EPSILON, ConvNet
from signs.networks.layers import NormalizedConvLayer
from signs.networks.lenet import LeNet
from signs.networks.spatial_transformer import SpatialTransformer
from signs.networks.store import Model

OPSET = 21  # read by ONNX Runtime since 1.18 of 2024
IR_VERSION = 10  # of the same age
SAME = {"auto_pad": "SAME_UPPER"}  # pads as TensorFlow's "same"


class _Graph:
    """Nodes in the order of computation, for images of a size; within it they are (n, channels, height, width)."""

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = height, width
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, operation: str, *inputs: str | np.ndarray | float, **attributes: Any) -> str:
        """Adds a node and returns the name of its output; arrays and numbers among the inputs become constants."""
        names = [value if isinstance(value, str) else self._constant(value) for value in inputs]
        output = f"{operation}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operation, names, [output], **attributes))
        return output

    def _constant(self, value: np.ndarray | float) -> str:
        array = np.asarray(value) if isinstance(value, np.ndarray) else np.float32(value)
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name


def onnx_bytes(model: Model, metadata: dict[str, str]) -> bytes:
    """A model with its weights as an ONNX file; the same model gives the same bytes.

    Args:
        model: A network of ours with its card.
        metadata: Kept in the file as `metadata_props`.
    """
    height, width, _ = model.metadata["image_shape"]
    graph = _Graph(height, width)
    steps = [conversion(preprocess, model.metadata["image_shape"]) for preprocess in framing.preprocessings(model)]
    parts = [_converted(graph, step) for step in steps]
    logits = _logits(model.network, graph, parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=0))
    if len(parts) > 1:
        logits = graph.add("Reshape", logits, np.array([len(parts), -1, len(model.classes)]))
        logits = graph.add("ReduceMean", logits, np.array([0]), keepdims=0)
    tempered = graph.add("Div", logits, model.metadata["temperature"])
    graph.nodes.append(helper.make_node("Softmax", [tempered], ["probabilities"], axis=1))
    body = helper.make_graph(
        graph.nodes,
        model.network.name,
        [helper.make_tensor_value_info("images", TensorProto.UINT8, ["n", height, width, 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", len(model.classes)])],
        graph.constants,
    )
    opset = helper.make_opsetid("", OPSET)
    made = helper.make_model(body, opset_imports=[opset], ir_version=IR_VERSION, producer_name="signs")
    helper.set_model_props(made, metadata)
    onnx.checker.check_model(made, full_check=True)
    return made.SerializeToString(deterministic=True)


def _converted(graph: _Graph, steps: Conversion) -> str:
    x = graph.add("Transpose", graph.add("Cast", "images", to=TensorProto.FLOAT), perm=[0, 3, 1, 2])
    if steps.rows is not None and steps.columns is not None:
        x = graph.add("MatMul", steps.rows, graph.add("MatMul", x, steps.columns.T))
        x = graph.add("Clip", graph.add("Round", x), 0, 255)
    if steps.grey is not None:
        x = graph.add("Conv", x, steps.grey.reshape(1, 3, 1, 1))
        x = graph.add("Floor", graph.add("Add", x, 0.5)) if steps.is_rounded else x
    return graph.add("Sub", graph.add("Mul", x, float(SCALE)), 1) if steps.is_normalized else x


@singledispatch
def _logits(network: Classifier, graph: _Graph, x: str) -> str:
    raise NotImplementedError(f"{type(network).__name__} has no ONNX graph")


@_logits.register
def _(network: LeNet, graph: _Graph, x: str) -> str:
    for layer in (network.layer_1, network.layer_2):
        x = _pooled(graph, graph.add("Relu", graph.add("Conv", x, *_kernel(layer.weight, layer.bias))))
    x = graph.add("Relu", _full(graph, _flat(graph, x), network.layer_3))
    return _full(graph, graph.add("Relu", _full(graph, x, network.layer_4)), network.layer_5)


@_logits.register
def _(network: ConvNet, graph: _Graph, x: str) -> str:
    x = _standardized(graph, x) if network.standardize else x
    x = graph.add("Concat", x, _relative(graph, x, network.neighbourhood), axis=1) if network.neighbourhood else x
    x = _transformed(graph, x, network.transformer) if network.transformer else x
    for group in network.groups:
        for layer in group:
            x = graph.add("Relu", graph.add("Conv", x, *_folded(layer), **SAME))
        x = _pooled(graph, x)
    return _full(graph, _flat(graph, x), network.full)


def _standardized(graph: _Graph, x: str) -> str:
    centred = graph.add("Sub", x, _mean(graph, x))
    variance = _mean(graph, graph.add("Mul", centred, centred))
    return graph.add("Div", centred, graph.add("Add", graph.add("Sqrt", variance), IMAGE_STD_EPSILON))


def _mean(graph: _Graph, x: str) -> str:
    """The mean of each image, axis by axis: one sum of thousands of float32 would lose two digits."""
    for axis in (3, 2, 1):
        x = graph.add("ReduceMean", x, np.array([axis]))
    return x


def _relative(graph: _Graph, x: str, side: int) -> str:
    """Brightness by the mean and deviation of its neighbourhood."""
    brightness = graph.add("ReduceMean", x, np.array([1]))
    means = {"kernel_shape": [side, side], **SAME}  # over as much of the square as lies in the image
    mean = graph.add("AveragePool", brightness, **means)
    square = graph.add("AveragePool", graph.add("Mul", brightness, brightness), **means)
    variance = graph.add("Relu", graph.add("Sub", square, graph.add("Mul", mean, mean)))
    contrast = graph.add("Add", graph.add("Sqrt", variance), LOCAL_STD_EPSILON)
    return graph.add("Div", graph.add("Sub", brightness, mean), contrast)


def _transformed(graph: _Graph, images: str, layer: SpatialTransformer) -> str:
    x = images
    for convolution in layer.convolutions:
        kernel = _kernel(convolution.weight, convolution.bias)
        x = graph.add("Relu", graph.add("Conv", x, *kernel, strides=[2, 2], **SAME))
    hidden = graph.add("Relu", _full(graph, _flat(graph, x), layer.hidden))
    # Our map gives (row, column) as 2x3; GridSample wants (column, row), and here as 3x2, to the right of the places.
    order = np.array([3, 0, 4, 1, 5, 2])
    change, identity = np.asarray(layer.change.weight), np.eye(2, 3, dtype=np.float32).ravel()
    bias = np.asarray(layer.change.bias) + identity
    maps = graph.add("Reshape", graph.add("Gemm", hidden, change[:, order], bias[order]), np.array([-1, 3, 2]))
    size = (graph.height, graph.width)
    down, across = ((2 * np.arange(length, dtype=np.float32) + 1) / length - 1 for length in size)
    places = np.stack([*np.meshgrid(down, across, indexing="ij"), np.ones(size, np.float32)], axis=-1)
    grid = graph.add("Reshape", graph.add("MatMul", places.reshape(-1, 3), maps), np.array([-1, *size, 2]))
    return graph.add("GridSample", images, grid, mode="linear", padding_mode="border", align_corners=0)


def _pooled(graph: _Graph, x: str) -> str:
    return graph.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])


def _flat(graph: _Graph, x: str) -> str:
    return graph.add("Flatten", graph.add("Transpose", x, perm=[0, 2, 3, 1]))  # channels last, as the weights are


def _full(graph: _Graph, x: str, layer: Any) -> str:
    return graph.add("Gemm", x, np.asarray(layer.weight), np.asarray(layer.bias))


def _folded(layer: NormalizedConvLayer) -> tuple[np.ndarray, np.ndarray]:
    """Kernels and bias of a convolution that its normalization is folded into."""
    scale = np.asarray(layer.gain) / np.sqrt(np.asarray(layer.running_variance) + np.float32(layer.epsilon))
    return _kernel(np.asarray(layer.weight) * scale, np.asarray(layer.bias) - np.asarray(layer.running_mean) * scale)


def _kernel(weight: Any, bias: Any) -> tuple[np.ndarray, np.ndarray]:
    """Kernels (depth, channels, height, width), as ONNX has them, and the bias."""
    return np.asarray(weight).transpose(3, 2, 0, 1), np.asarray(bias)

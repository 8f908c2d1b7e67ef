"""A model as a TensorFlow function: uint8 RGB images in, probabilities out."""

from functools import singledispatch
from typing import Any, TypeAlias

import numpy as np
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from signs.deployment import framing
from signs.deployment.conversion import SCALE, Conversion, conversion
from signs.networks.backend import tf
from signs.networks.classifier import Classifier
from signs.networks.convnet import IMAGE_STD_EPSILON, LOCAL_STD_EPSILON, ConvNet
from signs.networks.lenet import LeNet
from signs.networks.store import Model

PREPROCESSING = "preprocessing"  # scope of what stays float32 where the network computes in integers
SIGNATURE = "serving_default"
Classify: TypeAlias = Any  # a tf.function of images, which gives `probabilities`


def tensorflow_function(model: Model) -> Classify:
    """A `tf.function` of a model whose weights are constants in its graph."""
    height, width, _ = model.metadata["image_shape"]
    signature = [tf.TensorSpec((None, height, width, 3), tf.uint8, name="images")]
    steps = [conversion(preprocess, model.metadata["image_shape"]) for preprocess in framing.preprocessings(model)]

    def probabilities(images: tf.Tensor) -> tf.Tensor:
        with tf.name_scope(PREPROCESSING):
            parts = [_converted(tf.cast(images, tf.float32), step) for step in steps]
            features = parts[0] if len(parts) == 1 else tf.concat(parts, axis=0)
        logits = _logits(model.network, features)
        if len(parts) > 1:
            logits = tf.reduce_mean(tf.reshape(logits, (len(parts), -1, len(model.classes))), axis=0)
        return tf.nn.softmax(logits / model.metadata["temperature"])

    traced = tf.function(probabilities, input_signature=signature, autograph=False).get_concrete_function()
    frozen = convert_variables_to_constants_v2(traced)
    return tf.function(lambda images: {"probabilities": frozen(images)[0]}, input_signature=signature, autograph=False)


def _converted(x: tf.Tensor, steps: Conversion) -> tf.Tensor:
    if steps.rows is not None and steps.columns is not None:
        wide = _mixed(tf.transpose(x, (0, 1, 3, 2)), steps.columns)  # (n, height, channels, width)
        high = _mixed(tf.transpose(wide, (0, 3, 2, 1)), steps.rows)  # (n, width, channels, height)
        x = tf.clip_by_value(tf.round(tf.transpose(high, (0, 3, 1, 2))), 0, 255)
    if steps.grey is not None:
        x = _mixed(x, steps.grey[np.newaxis])
        x = tf.floor(x + 0.5) if steps.is_rounded else x
    return x * SCALE - 1 if steps.is_normalized else x


def _mixed(x: tf.Tensor, matrix: np.ndarray) -> tf.Tensor:
    """The matrix times the last axis, as a convolution: it adds in OpenCV's order, so that ties round alike."""
    return tf.nn.conv2d(x, matrix.T[np.newaxis, np.newaxis], 1, "VALID")


@singledispatch
def _logits(network: Classifier, x: tf.Tensor) -> tf.Tensor:
    raise NotImplementedError(f"{type(network).__name__} has no TensorFlow graph")


@_logits.register
def _(network: LeNet, x: tf.Tensor) -> tf.Tensor:
    # As plain convolutions: converters know no transpose of ten axes, and quantize best what ends in bias and ReLU.
    for layer in (network.layer_1, network.layer_2):
        x = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(x, layer.weight, 1, "VALID"), layer.bias))
        x = tf.nn.max_pool2d(x, 2, 2, "VALID")
    return network.head(x)


@_logits.register
def _(network: ConvNet, x: tf.Tensor) -> tf.Tensor:
    with tf.name_scope(PREPROCESSING):
        x = _standardized(x) if network.standardize else x
        x = tf.concat([x, _relative(x, network.neighbourhood)], axis=-1) if network.neighbourhood else x
    x = network.transformer(x) if network.transformer else x
    for group in network.groups:
        for layer in group:
            x = layer(x, training=False)
        x = tf.nn.max_pool2d(x, 2, 2, "VALID")
    return network.head(x)


def _standardized(x: tf.Tensor) -> tf.Tensor:
    centred = x - _mean(x)
    return centred / (tf.sqrt(_mean(centred * centred)) + IMAGE_STD_EPSILON)


def _mean(x: tf.Tensor) -> tf.Tensor:
    """The mean of each image, axis by axis: one sum of thousands of float32 would lose two digits in LiteRT."""
    for axis in (2, 1, 3):
        x = tf.reduce_mean(x, axis=axis, keepdims=True)
    return x


def _relative(x: tf.Tensor, side: int) -> tf.Tensor:
    """Brightness by the mean and deviation of its neighbourhood."""
    # Sums as convolutions: where a neighbourhood is flat, LiteRT's average pool rounds otherwise than TensorFlow's.
    ones = np.ones((side, side, 1, 1), np.float32)
    pixels = tf.nn.conv2d(np.ones((1, *x.shape[1:3], 1), np.float32), ones, 1, "SAME")  # that lie in the image
    brightness = tf.reduce_mean(x, axis=-1, keepdims=True)
    mean, square = (tf.nn.conv2d(values, ones, 1, "SAME") / pixels for values in (brightness, brightness * brightness))
    return (brightness - mean) / (tf.sqrt(tf.nn.relu(square - mean * mean)) + LOCAL_STD_EPSILON)

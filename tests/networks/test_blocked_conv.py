import numpy as np
import pytest

from signs.networks.backend import tf
from signs.networks.blocked_conv import blocked_conv_2x1, blocked_conv_4x4
from signs.networks.layers import ConvLayer
from signs.networks.lenet import LeNet


def normal(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def conv_layer(channels, depth, activation="relu"):
    layer = ConvLayer((5, 5, channels, depth), activation)
    layer.bias.assign(normal(depth))
    return layer


def row_packed(images):
    """Two rows packed into the channels."""
    n, height, width, channels = images.shape
    pairs = np.reshape(images, (n, height // 2, 2, width, channels))
    return np.reshape(np.swapaxes(pairs, 2, 3), (n, height // 2, width, 2 * channels))


@pytest.mark.parametrize("activation", ["relu", "tanh", "linear"])
@pytest.mark.parametrize("shape", [(3, 32, 32, 1), (2, 16, 24, 3), (1, 12, 8, 2)])
def test_blocks_of_4x4_are_the_layer_with_its_rows_packed(shape, activation):
    layer, images = conv_layer(shape[-1], 6, activation), normal(shape)
    np.testing.assert_allclose(blocked_conv_4x4(tf.constant(images), layer), row_packed(layer(images)), atol=1e-5)


@pytest.mark.parametrize("activation", ["relu", "tanh", "linear"])
@pytest.mark.parametrize("shape", [(3, 14, 14, 10), (2, 6, 10, 1), (1, 10, 6, 3)])
def test_blocks_of_2x1_are_the_layer(shape, activation):
    layer, images = conv_layer(shape[-1], 7, activation), normal(shape)
    np.testing.assert_allclose(blocked_conv_2x1(tf.constant(row_packed(images)), layer), layer(images), atol=1e-5)


def test_gradients_are_those_of_the_layers():
    first, second, images = conv_layer(1, 4), conv_layer(4, 5), tf.constant(normal((6, 20, 16, 1)))
    weights = [weight.value for layer in (first, second) for weight in layer.trainable_weights]

    def gradients(function):
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(function() ** 2)
        return tape.gradient(value, weights)

    ours = gradients(lambda: blocked_conv_2x1(blocked_conv_4x4(images, first), second))
    for our, their in zip(ours, gradients(lambda: second(first(images))), strict=True):
        np.testing.assert_allclose(our, their, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("size", [(32, 32), (30, 32), (17, 19), (16, 20)])
def test_lenet_gives_the_same_by_blocked_convolutions_and_by_layers(size):
    network, images = LeNet(5), normal((3, *size, 1))
    network(images)
    np.testing.assert_allclose(network.feature_maps(images), network.layer_2(network.layer_1(images)), atol=1e-5)

import numpy as np
import pytest

from signs.networks.architectures import LeNet
from signs.networks.backend import keras, ops, tf
from signs.networks.blocked_conv import by_pairs, by_squares
from signs.networks.layers import ConvLayer


def normal(shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def conv_layer(channels, depth, activation="relu"):
    layer = ConvLayer((5, 5, channels, depth), activation)
    layer.bias.assign(normal(depth))
    return layer


def folded(images):
    """Two rows side by side as channels."""
    n, height, width, channels = images.shape
    pairs = np.reshape(images, (n, height // 2, 2, width, channels))
    return np.reshape(np.swapaxes(pairs, 2, 3), (n, height // 2, width, 2 * channels))


@pytest.mark.parametrize("activation", ["relu", "tanh", "linear"])
@pytest.mark.parametrize("shape", [(3, 32, 32, 1), (2, 16, 24, 3), (1, 12, 8, 2)])
def test_by_squares_is_the_layer_with_its_rows_folded(shape, activation):
    layer, images = conv_layer(shape[-1], 6, activation), normal(shape)
    np.testing.assert_allclose(by_squares(tf.constant(images), layer), folded(layer(images)), atol=1e-5)


@pytest.mark.parametrize("activation", ["relu", "tanh", "linear"])
@pytest.mark.parametrize("shape", [(3, 14, 14, 10), (2, 6, 10, 1), (1, 10, 6, 3)])
def test_by_pairs_is_the_layer(shape, activation):
    layer, images = conv_layer(shape[-1], 7, activation), normal(shape)
    np.testing.assert_allclose(by_pairs(tf.constant(folded(images)), layer), layer(images), atol=1e-5)


def test_gradients_are_those_of_the_layers():
    first, second, images = conv_layer(1, 4), conv_layer(4, 5), tf.constant(normal((6, 20, 16, 1)))
    weights = [weight.value for layer in (first, second) for weight in layer.trainable_weights]

    def gradients(function):
        with tf.GradientTape() as tape:
            value = tf.reduce_sum(function() ** 2)
        return tape.gradient(value, weights)

    ours = gradients(lambda: by_pairs(by_squares(images, first), second))
    for our, their in zip(ours, gradients(lambda: second(first(images))), strict=True):
        np.testing.assert_allclose(our, their, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("size", [(32, 32), (30, 32), (17, 19), (16, 20)])
def test_lenet_gives_the_same_by_blocks_and_by_layers(size):
    network, images = LeNet(5), normal((3, *size, 1))
    network(images)
    np.testing.assert_allclose(network.maps(images), network.layer_2(network.layer_1(images)), atol=1e-5)


def test_blocks_compute_in_the_type_of_the_images():
    layer, images = conv_layer(1, 4), ops.cast(normal((2, 16, 16, 1)), "bfloat16")
    assert keras.backend.standardize_dtype(by_squares(images, layer).dtype) == "bfloat16"

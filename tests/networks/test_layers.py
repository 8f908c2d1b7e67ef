import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signs.networks.backend import tf
from signs.networks.layers import (
    ConvLayer,
    DropoutLayer,
    FlattenLayer,
    FullLayer,
    Layer,
    NormalizedConvLayer,
    WeightedLayer,
)
from signs.networks.spatial_transformer import SpatialTransformer

# Layer, input shape, output shape.
CONTRACT = [
    (FlattenLayer, (4, 3, 5, 2), (4, 30)),
    (lambda: DropoutLayer(0.5), (4, 6), (4, 6)),
    (lambda: FullLayer((6, 3)), (4, 6), (4, 3)),
    (lambda: FullLayer((6, 3), activation="tanh", mean=0.1, stddev=0.2), (4, 6), (4, 3)),
    (lambda: ConvLayer((5, 5, 2, 7)), (4, 12, 10, 2), (4, 4, 3, 7)),
    (lambda: ConvLayer((3, 2, 1, 4), "gelu", (3, 3), (1, 2)), (4, 9, 9, 1), (4, 5, 3, 4)),
    (lambda: NormalizedConvLayer((3, 3, 2, 5)), (4, 9, 8, 2), (4, 9, 8, 5)),
    (lambda: NormalizedConvLayer((5, 5, 1, 4), "tanh", stride=2, momentum=0.9), (4, 9, 8, 1), (4, 5, 4, 4)),
    (SpatialTransformer, (4, 18, 17, 2), (4, 18, 17, 2)),
]


def normal(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(("make", "input_shape", "output_shape"), CONTRACT)
def test_every_layer_keeps_the_contract(make, input_shape, output_shape):
    layer, inputs = make(), normal(input_shape)

    outputs = layer(inputs)

    assert tuple(outputs.shape) == output_shape
    assert outputs.dtype == "float32"
    assert np.shape(layer.L1()) == np.shape(layer.L2()) == ()
    twin = type(layer).from_config(layer.get_config())
    assert twin.get_config() == layer.get_config()
    twin(inputs)
    twin.set_weights(layer.get_weights())
    np.testing.assert_array_equal(twin(inputs), outputs)


@pytest.mark.parametrize(("make", "input_shape", "output_shape"), CONTRACT)
def test_every_layer_is_saved_and_loaded_within_a_model(make, input_shape, output_shape, tmp_path):
    model = keras.Sequential([keras.Input(input_shape[1:]), make()])
    inputs = normal(input_shape)

    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")

    np.testing.assert_array_equal(loaded(inputs), model(inputs))
    assert keras.models.clone_model(model).output_shape == (None, *output_shape[1:])


@pytest.mark.parametrize(("make", "input_shape", "output_shape"), [row for row in CONTRACT if row[0]().weights])
def test_every_layer_with_weights_moves_in_a_training_step(make, input_shape, output_shape):
    layer = make()
    before = layer.get_weights()
    model = keras.Sequential([keras.Input(input_shape[1:]), layer])
    model.compile("sgd", "mse")

    model.train_on_batch(normal(input_shape), normal(output_shape, seed=1))

    for old, new in zip(before, layer.get_weights(), strict=True):
        assert not np.array_equal(old, new)


def test_layers_without_weights_have_norms_of_zero():
    for layer in (Layer(), FlattenLayer(), DropoutLayer(0.5)):
        assert float(layer.L1()) == float(layer.L2()) == 0


def test_norms_are_those_of_numpy():
    layer = WeightedLayer((4, 5, 6))
    layer.set_weights([normal((4, 5, 6)), normal((6,), seed=1)])
    weight, bias = (array.astype(np.float64) for array in layer.get_weights())

    l1 = np.linalg.norm(weight.ravel(), 1) + np.linalg.norm(bias, 1)
    l2 = np.sqrt(np.linalg.norm(weight.ravel()) ** 2 + np.linalg.norm(bias) ** 2)

    np.testing.assert_allclose([layer.L1(), layer.L2()], [l1, l2], rtol=1e-6)


@pytest.mark.parametrize("norm", ["L1", "L2"])
def test_the_gradient_of_a_norm_is_finite_at_zero(norm):
    layer = WeightedLayer((2, 3), stddev=0.0)
    with tf.GradientTape() as tape:
        value = getattr(layer, norm)()
    assert float(value) == 0
    for gradient in tape.gradient(value, layer.trainable_variables):
        np.testing.assert_array_equal(gradient, np.zeros_like(gradient))


def test_weights_are_truncated_normal_and_the_bias_is_zero():
    weight, bias = WeightedLayer((200, 300), mean=0.5, stddev=0.1).get_weights()

    assert np.abs(weight - 0.5).max() <= 0.2 + 1e-6
    np.testing.assert_allclose(weight.mean(), 0.5, atol=0.005)
    np.testing.assert_allclose(weight.std(), 0.088, atol=0.005)  # of a normal truncated at two standard deviations
    np.testing.assert_array_equal(bias, np.zeros(300))


def test_a_full_layer_is_a_matrix_product():
    layer, inputs = FullLayer((6, 3)), normal((4, 6))
    layer.set_weights([normal((6, 3), 1), normal((3,), 2)])
    weight, bias = layer.get_weights()

    np.testing.assert_allclose(layer(inputs), np.maximum(inputs @ weight + bias, 0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", tf.sin])
def test_a_conv_layer_convolves_activates_and_pools(activation):
    layer, image = ConvLayer((3, 3, 2, 4), activation), normal((1, 8, 8, 2))
    layer.set_weights([normal((3, 3, 2, 4), 1), normal((4,), 2)])
    weight, bias = layer.get_weights()
    convolved = np.array(
        [
            [np.tensordot(image[0, row : row + 3, column : column + 3], weight, 3) for column in range(6)]
            for row in range(6)
        ]
    )
    activated = np.array(keras.activations.get(activation)(convolved + bias))

    expected = activated.reshape(3, 2, 3, 2, 4).max(axis=(1, 3))

    np.testing.assert_allclose(layer(image)[0], expected, rtol=1e-4, atol=1e-5)


@given(st.floats(0.05, 1))
def test_dropout_scales_values_or_makes_them_zero(keep_prob):
    layer = DropoutLayer(keep_prob)
    ones = np.ones((50, 20), dtype=np.float32)

    kept = np.array(layer(ones, training=True))

    np.testing.assert_allclose(kept[kept != 0], 1 / keep_prob, rtol=1e-5)
    np.testing.assert_array_equal(layer(ones, training=False), ones)


def test_dropout_keeps_the_share_it_is_told_to():
    kept = np.array(DropoutLayer(0.3)(np.ones((1000, 100), dtype=np.float32), training=True))
    np.testing.assert_allclose((kept > 0).mean(), 0.3, atol=0.01)


@pytest.mark.parametrize("keep_prob", [0, -0.1, 1.1])
def test_an_impossible_keep_probability_is_refused(keep_prob):
    with pytest.raises(ValueError, match="expected more than 0 and at most 1"):
        DropoutLayer(keep_prob)


def test_a_lambda_works_as_activation_but_is_not_saved():
    layer = FullLayer((2, 1), activation=lambda tensor: 2 * tensor)
    layer.set_weights([np.ones((2, 1)), np.zeros(1)])
    np.testing.assert_array_equal(layer(np.ones((1, 2), dtype=np.float32)), [[4]])
    with pytest.raises(ValueError, match="a lambda cannot be saved"):
        layer.get_config()


def test_a_normalized_convolution_is_one_of_keras_with_its_normalization():
    layer, inputs = NormalizedConvLayer((3, 3, 2, 5), momentum=0.9, epsilon=0.01), normal((6, 8, 7, 2))
    conv = keras.layers.Conv2D(5, 3, padding="same", use_bias=False)
    normalization = keras.layers.BatchNormalization(momentum=0.9, epsilon=0.01)
    normalization(conv(inputs))
    layer(inputs)
    layer.bias.assign(normal((5,), 1))
    layer.gain.assign(normal((5,), 2))
    conv.set_weights([layer.weight])
    normalization.gamma.assign(layer.gain)
    normalization.beta.assign(layer.bias)

    for _ in range(2):
        expected = keras.ops.relu(normalization(conv(inputs), training=True))
        np.testing.assert_allclose(layer(inputs, training=True), expected, atol=1e-5)
    np.testing.assert_allclose(layer.running_mean, normalization.moving_mean, atol=1e-6)
    # The running variance is unbiased (Bessel's correction); Keras's is that of the batch.
    count = 6 * 8 * 7
    decayed = 0.9**2
    batch = (np.array(normalization.moving_variance) - decayed) / (1 - decayed)
    expected = decayed + (1 - decayed) * batch * count / (count - 1)
    np.testing.assert_allclose(layer.running_variance, expected, rtol=1e-4)
    normalization.moving_variance.assign(layer.running_variance)
    np.testing.assert_allclose(layer(inputs), keras.ops.relu(normalization(conv(inputs))), atol=1e-5)

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from signs.evaluation.attention import attention
from signs.networks.architectures import ConvNet
from signs.networks.backend import ops, tf
from signs.networks.spatial_transformer import SpatialTransformer

IDENTITY = [[1, 0, 0], [0, 1, 0]]
COEFFICIENTS = st.lists(st.floats(-1, 1, width=32), min_size=6, max_size=6)


def images(count=5, shape=(12, 16, 2), seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, *shape)).astype(np.float32)


def smooth(count=2, shape=(32, 32)):
    return ndimage.gaussian_filter(np.random.default_rng(1).normal(size=(count, *shape)), (0, 3, 3)).astype(np.float32)


def fixed(layer, maps):
    """The layer, built, with the same map for every image."""
    layer.change.bias.assign(np.reshape(np.subtract(maps, IDENTITY), -1))
    return layer


def transformer(maps=IDENTITY, shape=(12, 16, 2)):
    layer = SpatialTransformer()
    layer(np.zeros((1, *shape), np.float32))
    return fixed(layer, maps)


def by_scipy(image, maps):
    """The same by SciPy, which counts pixels: the middle of the first is 0."""
    sizes = np.array(image.shape[:2])
    maps = np.asarray(maps, np.float64)
    matrix = maps[:, :2] * sizes[:, np.newaxis] / sizes
    first = maps[:, :2] @ (1 / sizes - 1) + maps[:, 2]  # where the first pixel looks, from -1 to 1
    offset = (first + 1) * sizes / 2 - 0.5
    channels = [
        ndimage.affine_transform(channel, matrix, offset, order=1, mode="nearest")
        for channel in image.transpose(2, 0, 1)
    ]
    return np.stack(channels, axis=-1)


# --- what it samples


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 40), st.integers(2, 40), st.integers(1, 4))
def test_at_first_nothing_changes(height, width, channels):
    features = images(3, (height, width, channels))
    layer = SpatialTransformer()
    np.testing.assert_allclose(layer(features), features, atol=1e-4)
    np.testing.assert_allclose(layer.maps(features), [IDENTITY] * 3)


@settings(max_examples=30, deadline=None)
@given(COEFFICIENTS)
def test_a_map_samples_as_scipy_does(change):
    maps = np.array(IDENTITY) + np.reshape(change, (2, 3))
    features = images()
    expected = [by_scipy(image.astype(np.float64), maps) for image in features]
    np.testing.assert_allclose(transformer(maps)(features), expected, atol=2e-4)


def test_rows_come_before_columns_and_half_an_image_is_one():
    features = images(shape=(4, 6, 1))
    moved = transformer([[1, 0, 0.5], [0, 1, 0]], (4, 6, 1))(features)  # looks a row lower
    np.testing.assert_allclose(moved[:, :3], features[:, 1:], atol=1e-6)
    np.testing.assert_allclose(moved[:, 3], features[:, 3], atol=1e-6)


def test_each_image_has_a_map_of_its_own():
    layer, features = transformer(), images()
    layer.change.weight.assign(np.random.default_rng(0).normal(size=layer.change.weight.shape))
    maps, found = np.array(layer.maps(features)), np.array(layer(features))
    assert len(np.unique(maps, axis=0)) == len(features)
    for image, own, transformed in zip(features, maps, found, strict=True):
        np.testing.assert_allclose(transformed, by_scipy(image.astype(np.float64), own), atol=5e-4)


# --- what it learns


def test_every_weight_moves_in_two_steps():
    """In the first step those behind the zeros of the last layer have no slope."""
    layer = transformer()
    before = layer.get_weights()
    model = keras.Sequential([keras.Input((12, 16, 2)), layer])
    model.compile("sgd", "mse")
    for seed in (1, 2):
        model.train_on_batch(images(), images(seed=seed))
    for old, new in zip(before, layer.get_weights(), strict=True):
        assert not np.array_equal(old, new)


def test_it_learns_to_bring_what_is_off_centre_to_the_middle():
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:16, :16]

    def spots(places):
        squared = (rows - places[:, :1, np.newaxis]) ** 2 + (columns - places[:, 1:, np.newaxis]) ** 2
        return np.exp(-squared / 18)[..., np.newaxis].astype(np.float32)

    places = rng.uniform(4, 11, (256, 2))
    features, middle = spots(places), spots(np.full((256, 2), 7.5))
    model = keras.Sequential([keras.Input((16, 16, 1)), SpatialTransformer()])
    model.compile(keras.optimizers.Adam(0.003), "mse")
    before = model.evaluate(features, middle, verbose=0)
    model.fit(features[:192], middle[:192], epochs=40, batch_size=32, verbose=0)
    assert model.evaluate(features[192:], middle[192:], verbose=0) < 0.1 * before


def test_gradients_of_images_of_one_colour_are_numbers():
    network = ConvNet(5, depths=[[4], [6]], spatial_transformer=True)
    flat = np.zeros((2, 16, 16, 3), np.float32)
    with tf.GradientTape() as tape:
        network(flat[:1])
        fixed(network.transformer, [[1.2, 0.1, 0.3], [0, 0.9, -0.2]])
        loss = network.loss(flat, np.array([0, 1]))
    assert all(np.isfinite(gradient).all() for gradient in tape.gradient(loss, network.trainable_variables))


def test_what_is_sampled_by_no_number_is_no_number():
    """So that a training whose weights are lost ends in its own sentence."""
    layer = transformer()
    layer.change.bias.assign([np.nan] * 6)
    assert np.isnan(layer(images())).all()


# --- where what it saw is in the image


def test_whole_places_come_back_and_what_nobody_saw_is_zero():
    places = np.arange(1, 13, dtype=np.float32).reshape(1, 3, 4)
    layer = transformer([[1, 0, 0], [0, 1, 0.5]])  # looks a place to the right
    back = np.array(layer.back(images(1), places))
    np.testing.assert_allclose(back[0], [[0, 1, 2, 3], [0, 5, 6, 7], [0, 9, 10, 11]], atol=1e-5)


@pytest.mark.parametrize(
    "maps", [[[0.8, 0.1, 0.1], [-0.1, 0.7, 0.05]], [[0, 1, 0], [-1, 0, 0]], [[1.3, 0, -0.1], [0.2, 1.2, 0]]]
)
def test_back_undoes_the_map(maps):
    image = smooth()
    layer = transformer(maps, (32, 32, 1))
    back = np.array(layer.back(image[..., np.newaxis], layer(image[..., np.newaxis])[..., 0]))
    seen = back != 0
    assert seen.mean() > 0.4
    np.testing.assert_allclose(back[seen], image[seen], atol=0.06 * np.ptp(image))


def test_a_map_to_a_single_point_has_no_way_back():
    back = transformer(np.zeros((2, 3))).back(images(2), np.ones((2, 3, 3), np.float32))
    assert np.isfinite(back).all()


def test_attention_is_where_it_is_in_the_image():
    """A network that looks 8 of 32 pixels to the right: a place of its maps is one place to the right in the image."""
    keras.utils.set_random_seed(1)
    features = images(6, (32, 32, 3))
    network = ConvNet(4, depths=[[4], [4], [6]], spatial_transformer=True)
    plain = ConvNet(4, depths=[[4], [4], [6]])
    network(features), plain(features)
    fixed(network.transformer, [[1, 0, 0], [0, 1, 0.5]])
    own = [weight for layer in network.layers if layer is not network.transformer for weight in layer.get_weights()]
    plain.set_weights(own)
    maps = network.maps(features)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        asked = ops.sum(network.head(maps)[:, 2])
    raised = np.maximum(np.sum(np.array(maps * tape.gradient(asked, maps)), axis=-1), 0)[:, :, :3]
    expected = raised / raised.max(axis=(1, 2), keepdims=True)
    found = attention(network, features, np.full(6, 2))
    assert not found[:, :, 0].any()
    np.testing.assert_allclose(found[:, :, 1:], expected, atol=1e-4)
    assert np.abs(attention(plain, features, np.full(6, 2)) - found).max() > 0.1


# --- as a layer of a network


def test_norms_are_those_of_numpy():
    layer = transformer([[1.2, 0.1, 0], [0, 0.9, -0.2]])
    arrays = [array.ravel() for array in layer.get_weights()]  # weights and bias of each of its layers in turn
    pairs = [np.concatenate(pair) for pair in zip(arrays[::2], arrays[1::2], strict=True)]
    assert len(pairs) == 5
    np.testing.assert_allclose(layer.L1(), sum(np.abs(pair).sum() for pair in pairs), rtol=1e-5)
    np.testing.assert_allclose(layer.L2(), sum(np.linalg.norm(pair) for pair in pairs), rtol=1e-5)


def test_coordinates_are_float32_whatever_the_network_computes_in():
    network = ConvNet(5, depths=[[4], [6]], spatial_transformer=True, dtype="mixed_bfloat16")
    assert network(images(shape=(16, 16, 3))).dtype == "float32"
    assert network.transformer(images(shape=(16, 16, 4))).dtype == "float32"
    assert {weight.dtype for weight in network.transformer.weights} == {"float32"}


def test_a_network_with_it_is_saved_and_loaded(tmp_path):
    network, features = ConvNet(5, depths=[[2], [3]], spatial_transformer=True), images(shape=(16, 16, 3))
    network(features, training=True)
    fixed(network.transformer, [[0.9, 0, 0.1], [0.1, 0.8, 0]])
    network.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(features), network(features))
    assert loaded.get_config() == network.get_config()
    assert loaded.get_config()["spatial_transformer"] is True

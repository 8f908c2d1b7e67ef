import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from signs.networks.backend import tf
from signs.networks.convnet import ConvNet
from signs.networks.spatial_transformer import SpatialTransformer

IDENTITY = [[1, 0, 0], [0, 1, 0]]
COEFFICIENTS = st.lists(st.floats(-1, 1, width=32), min_size=6, max_size=6)


def images(count=5, shape=(12, 16, 2), seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, *shape)).astype(np.float32)


def smooth(count=2, shape=(32, 32)):
    return ndimage.gaussian_filter(np.random.default_rng(1).normal(size=(count, *shape)), (0, 3, 3)).astype(np.float32)


def fixed(layer, transform):
    """The layer, built, with the same transform for every image."""
    layer.change.bias.assign(np.reshape(np.subtract(transform, IDENTITY), -1))
    return layer


def transformer(transform=IDENTITY, shape=(12, 16, 2)):
    layer = SpatialTransformer()
    layer(np.zeros((1, *shape), np.float32))
    return fixed(layer, transform)


def by_scipy(image, transform):
    """The same by SciPy, whose coordinates are pixels: the centre of the first is 0."""
    sizes = np.array(image.shape[:2])
    transform = np.asarray(transform, np.float64)
    matrix = transform[:, :2] * sizes[:, np.newaxis] / sizes
    first = transform[:, :2] @ (1 / sizes - 1) + transform[:, 2]  # where the first pixel is sampled, -1 to 1
    offset = (first + 1) * sizes / 2 - 0.5
    channels = [
        ndimage.affine_transform(channel, matrix, offset, order=1, mode="nearest")
        for channel in image.transpose(2, 0, 1)
    ]
    return np.stack(channels, axis=-1)


# --- what it samples


@settings(max_examples=10, deadline=None)
@given(st.integers(2, 40), st.integers(2, 40), st.integers(1, 4))
def test_the_initial_transform_is_the_identity(height, width, channels):
    features = images(3, (height, width, channels))
    layer = SpatialTransformer()
    np.testing.assert_allclose(layer(features), features, atol=1e-4)
    np.testing.assert_allclose(layer.transforms(features), [IDENTITY] * 3)


@settings(max_examples=30, deadline=None)
@given(COEFFICIENTS)
def test_images_are_sampled_as_scipy_does(change):
    transform = np.array(IDENTITY) + np.reshape(change, (2, 3))
    features = images()
    expected = [by_scipy(image.astype(np.float64), transform) for image in features]
    np.testing.assert_allclose(transformer(transform)(features), expected, atol=2e-4)


def test_rows_come_before_columns_and_half_an_image_is_1():
    features = images(shape=(4, 6, 1))
    moved = transformer([[1, 0, 0.5], [0, 1, 0]], (4, 6, 1))(features)  # looks a row lower
    np.testing.assert_allclose(moved[:, :3], features[:, 1:], atol=1e-6)
    np.testing.assert_allclose(moved[:, 3], features[:, 3], atol=1e-6)


def test_each_image_has_a_transform_of_its_own():
    layer, features = transformer(), images()
    layer.change.weight.assign(np.random.default_rng(0).normal(size=layer.change.weight.shape))
    transforms, found = np.array(layer.transforms(features)), np.array(layer(features))
    assert len(np.unique(transforms, axis=0)) == len(features)
    for image, own, transformed in zip(features, transforms, found, strict=True):
        np.testing.assert_allclose(transformed, by_scipy(image.astype(np.float64), own), atol=5e-4)


# --- what it learns


def test_every_weight_moves_in_two_steps():
    """In the first step the zeros of the last layer leave the others without a gradient."""
    layer = transformer()
    before = layer.get_weights()
    model = keras.Sequential([keras.Input((12, 16, 2)), layer])
    model.compile("sgd", "mse")
    for seed in (1, 2):
        model.train_on_batch(images(), images(seed=seed))
    for old, new in zip(before, layer.get_weights(), strict=True):
        assert not np.array_equal(old, new)


def test_it_learns_to_centre_what_is_off_centre():
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


def test_gradients_of_images_of_one_colour_are_finite():
    network = ConvNet(5, depths=[[4], [6]], spatial_transformer=True)
    flat = np.zeros((2, 16, 16, 3), np.float32)
    with tf.GradientTape() as tape:
        network(flat[:1])
        fixed(network.transformer, [[1.2, 0.1, 0.3], [0, 0.9, -0.2]])
        loss = network.total_loss(flat, np.array([0, 1]))
    assert all(np.isfinite(gradient).all() for gradient in tape.gradient(loss, network.trainable_variables))


def test_what_is_sampled_at_nan_is_nan():
    """So that a training that diverges ends with its own message."""
    layer = transformer()
    layer.change.bias.assign([np.nan] * 6)
    assert np.isnan(layer(images())).all()


# --- the way back to the image


def test_whole_places_come_back_and_what_was_not_sampled_is_zero():
    places = np.arange(1, 13, dtype=np.float32).reshape(1, 3, 4)
    layer = transformer([[1, 0, 0], [0, 1, 0.5]])  # looks a place to the right
    back = np.array(layer.to_input(images(1), places))
    np.testing.assert_allclose(back[0], [[0, 1, 2, 3], [0, 5, 6, 7], [0, 9, 10, 11]], atol=1e-5)


@pytest.mark.parametrize(
    "transform", [[[0.8, 0.1, 0.1], [-0.1, 0.7, 0.05]], [[0, 1, 0], [-1, 0, 0]], [[1.3, 0, -0.1], [0.2, 1.2, 0]]]
)
def test_the_way_back_undoes_the_transform(transform):
    image = smooth()
    layer = transformer(transform, (32, 32, 1))
    back = np.array(layer.to_input(image[..., np.newaxis], layer(image[..., np.newaxis])[..., 0]))
    seen = back != 0
    assert seen.mean() > 0.4
    np.testing.assert_allclose(back[seen], image[seen], atol=0.06 * np.ptp(image))


def test_a_transform_to_a_single_point_has_no_way_back():
    back = transformer(np.zeros((2, 3))).to_input(images(2), np.ones((2, 3, 3), np.float32))
    assert np.isfinite(back).all()


def test_a_network_maps_its_grid_to_where_it_is_in_the_image():
    """It samples 8 of 32 pixels to the right, so a cell of its grid is a cell further right in the image."""
    network, features = ConvNet(4, depths=[[4], [4], [6]], spatial_transformer=True), images(6, (32, 32, 3))
    network(features)
    fixed(network.transformer, [[1, 0, 0], [0, 1, 0.5]])
    places = np.random.default_rng(0).random((6, 4, 4)).astype(np.float32)
    found = np.array(network.to_image(features, places))
    assert not found[:, :, 0].any()
    np.testing.assert_allclose(found[:, :, 1:], places[:, :, :3], atol=1e-5)
    plain = ConvNet(4, depths=[[4], [4], [6]])
    plain(features)
    np.testing.assert_array_equal(plain.to_image(features, places), places)


# --- as a layer of a network


def test_norms_are_those_of_numpy():
    layer = transformer([[1.2, 0.1, 0], [0, 0.9, -0.2]])
    arrays = [array.ravel() for array in layer.get_weights()]  # weights and bias of each of its layers in turn
    pairs = [np.concatenate(pair) for pair in zip(arrays[::2], arrays[1::2], strict=True)]
    assert len(pairs) == 5
    np.testing.assert_allclose(layer.L1(), sum(np.abs(pair).sum() for pair in pairs), rtol=1e-5)
    np.testing.assert_allclose(layer.L2(), sum(np.linalg.norm(pair) for pair in pairs), rtol=1e-5)


def test_a_network_with_it_is_saved_and_loaded(tmp_path):
    network, features = ConvNet(5, depths=[[2], [3]], spatial_transformer=True), images(shape=(16, 16, 3))
    network(features, training=True)
    fixed(network.transformer, [[0.9, 0, 0.1], [0.1, 0.8, 0]])
    network.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(features), network(features))
    assert loaded.get_config() == network.get_config()
    assert loaded.get_config()["spatial_transformer"] is True

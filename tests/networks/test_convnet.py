import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signs.core import params
from signs.networks import architectures
from signs.networks.backend import keras
from signs.networks.convnet import ConvNet


def images(count=5, shape=(32, 32, 1)):
    return np.random.default_rng(0).uniform(-1, 1, (count, *shape)).astype(np.float32)


@settings(max_examples=5, deadline=None)
@given(st.integers(8, 40), st.integers(8, 40), st.integers(1, 4), st.integers(1, 50))
def test_image_size_and_channels_come_from_the_data(height, width, channels, classes):
    network = ConvNet(classes, depths=[[2], [3, 4], [5]])
    features = images(3, (height, width, channels))
    assert network(features).shape == (3, classes)
    assert network.feature_maps(features).shape == (3, height // 8, width // 8, 5)


def test_brightness_and_contrast_do_not_matter_where_images_are_standardized():
    network, features = ConvNet(5, depths=[[4], [6]]), images(4, (16, 16, 3))
    plain = np.array(network(features))
    np.testing.assert_allclose(network(features * 0.5 + 0.2), plain, atol=0.1 * np.ptp(plain))
    other = ConvNet(5, depths=[[4], [6]], standardize=False, neighbourhood=None)
    plain = np.array(other(features))
    assert np.abs(np.array(other(features * 0.5 + 0.2)) - plain).max() > 0.1 * np.ptp(plain)


def test_a_neighbourhood_adds_a_channel_that_a_shadow_does_not_change():
    """With depths of one channel after another, the first kernel tells how many channels it sees."""
    network, plain = ConvNet(5, depths=[[4]], neighbourhood=5), ConvNet(5, depths=[[4]], neighbourhood=None)
    features = images(3, (16, 20, 3))
    for each, channels in ((network, 4), (plain, 3)):
        each(features)
        assert each.groups[0][0].weight.shape == (3, 3, channels, 4)
    brightness = np.random.default_rng(0).normal(size=(2, 16, 20, 1)).astype(np.float32)
    shadowed = brightness.copy()
    shadowed[:, :, 10:] = shadowed[:, :, 10:] * 4 - 6
    found, again = (np.array(network._locally_standardized(values)) for values in (brightness, shadowed))
    window = brightness[0, 3:8, 6:11, 0].astype(np.float64)
    np.testing.assert_allclose(found[0, 5, 8, 0], (window[2, 2] - window.mean()) / (window.std() + 0.2), rtol=1e-4)
    corner = brightness[1, :3, :3, 0].astype(np.float64)
    np.testing.assert_allclose(found[1, 0, 0, 0], (corner[0, 0] - corner.mean()) / (corner.std() + 0.2), rtol=1e-4)
    np.testing.assert_allclose(again[:, :, :8], found[:, :, :8], atol=1e-5)  # far from the shadow
    assert np.corrcoef(again[:, :, 13:].ravel(), found[:, :, 13:].ravel())[0, 1] > 0.99


def test_images_of_one_colour_give_finite_logits():
    assert np.isfinite(ConvNet(5, depths=[[4], [6]])(np.zeros((2, 16, 16, 3), np.float32))).all()


def test_a_network_is_saved_and_loaded(tmp_path):
    network = ConvNet(5, depths=[[2], [3, 4]], dropout_keep_prob=0.7, standardize=False)
    features = images(shape=(16, 16, 1))
    network(features, training=True)  # moves the running means
    network.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(features), network(features))
    assert loaded.get_config() == network.get_config()


def test_images_too_small_for_the_groups_are_refused():
    with pytest.raises(ValueError, match="images are 7x32 pixels; these groups need at least 8x8"):
        ConvNet(3)(images(shape=(7, 32, 1)))


def test_convnet_takes_its_settings_from_params():
    choice = {"name": "convnet", **params.load("networks")["convnet"]}
    network = architectures.build(choice | {"spatial_transformer": True}, 48)
    network(images(shape=(32, 32, 3)))
    assert sum(np.prod(weight.shape) for weight in network.trainable_variables) < 800_000
    with pytest.raises(ValueError, match=r"networks\.convnet\.depths"):
        architectures.build(choice | {"depths": [[]]}, 43)
    with pytest.raises(ValueError, match=r"networks\.convnet\.spatial_transformer is 1; .*boolean"):
        architectures.build(choice | {"spatial_transformer": 1}, 43)

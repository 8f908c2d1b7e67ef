import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signs.core import params
from signs.networks import architectures
from signs.networks.backend import keras
from signs.networks.lenet import LeNet


def built(classes=43, shape=(32, 32, 1), **arguments):
    network = LeNet(classes, **arguments)
    network(np.zeros((1, *shape), dtype=np.float32))
    return network


def images(count=5, shape=(32, 32, 1)):
    return np.random.default_rng(0).uniform(-1, 1, (count, *shape)).astype(np.float32)


def test_lenet_has_as_many_parameters_as_the_article():
    assert sum(np.prod(variable.shape) for variable in built().trainable_variables) == 129_923


@settings(max_examples=10, deadline=None)
@given(st.integers(16, 40), st.integers(16, 40), st.integers(1, 4), st.integers(1, 50))
def test_image_size_and_channels_come_from_the_data(height, width, channels, classes):
    network = LeNet(classes, depths=[2, 3, 5, 4])
    assert network(images(3, (height, width, channels))).shape == (3, classes)


@pytest.mark.parametrize(
    ("shape", "grid"), [((32, 32, 1), (5, 5)), ((32, 32, 3), (5, 5)), ((16, 16, 1), (1, 1)), ((48, 40, 3), (9, 7))]
)
def test_the_head_makes_logits_of_feature_maps_on_a_grid(shape, grid):
    network, features = built(7, shape, depths=[2, 3, 5, 4]), images(4, shape)
    maps = network.feature_maps(features)
    assert maps.shape == (4, *grid, 3)
    assert network.head(maps).shape == (4, 7)
    np.testing.assert_array_equal(network.head(maps), network(features))


def test_a_change_of_a_corner_changes_the_feature_maps_there_alone():
    network, features = built(), images(1)
    changed = features.copy()
    changed[:, :6, :6] = 1
    differs = (np.array(network.feature_maps(features)) != np.array(network.feature_maps(changed))).any(axis=(0, 3))
    assert differs[0, 0]
    assert not differs[2:].any()
    assert not differs[:, 2:].any()


def test_images_without_a_channel_axis_have_one_channel():
    network = built(shape=(32, 32))
    flat = images(shape=(32, 32))
    np.testing.assert_array_equal(network(flat), network(flat[..., np.newaxis]))


def test_uint8_images_are_taken_as_they_are():
    pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 1), dtype=np.uint8)
    network = built()
    np.testing.assert_array_equal(network(pixels), network(pixels.astype(np.float32)))


def test_too_small_images_are_refused():
    with pytest.raises(ValueError, match="images are 15x32 pixels; LeNet needs at least 16x16"):
        LeNet(3)(images(shape=(15, 32, 1)))


def test_a_network_is_saved_loaded_and_cloned(tmp_path):
    network, features = built(5, depths=[2, 3, 5, 4], dropout_keep_prob=0.7), images()

    network.save(tmp_path / "lenet.keras")
    loaded = keras.models.load_model(tmp_path / "lenet.keras")
    network.save_weights(tmp_path / "lenet.weights.h5")
    other = built(5, depths=[2, 3, 5, 4])
    other.load_weights(tmp_path / "lenet.weights.h5")
    clone = keras.models.clone_model(network)

    np.testing.assert_array_equal(loaded(features), network(features))
    np.testing.assert_array_equal(other(features), network(features))
    assert loaded.get_config() == clone.get_config() == network.get_config()


def test_lenet_takes_its_settings_from_params():
    section = params.load("networks")["lenet"]
    network = architectures.build({"name": "lenet", **section}, 43)
    network(images())
    assert network.count_params() == 129_923
    assert network.dropout_keep_prob == 0.3


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"depths": [10, 20, 200]}, r"networks\.lenet\.depths is \[10, 20, 200\]"),
        ({"depths": [10, 20, 200, 0]}, r"networks\.lenet\.depths\.3 is 0; .*greater than or equal to 1"),
        ({"dropout_keep_prob": 0}, r"networks\.lenet\.dropout_keep_prob is 0; .*greater than 0"),
        ({"depth": 3}, r"networks\.lenet\.depth is unknown; networks.lenet takes depths, dropout_keep_prob"),
        ({"name": "lenin"}, r"networks has no 'lenin'; it may be lenet, convnet"),
    ],
)
def test_a_wrong_setting_is_named(changed, message):
    choice = {"name": "lenet", "depths": [10, 20, 200, 100], "dropout_keep_prob": 0.3}
    with pytest.raises(ValueError, match=message):
        architectures.build(choice | changed, 43)

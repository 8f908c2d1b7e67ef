import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signs.core import params
from signs.networks.architectures import Classifier, ConvNet, LeNet, convnet, lenet


def built(classes=43, shape=(32, 32, 1), **settings):
    model = LeNet(classes, **settings)
    model(np.zeros((1, *shape), dtype=np.float32))
    return model


def images(count=5, shape=(32, 32, 1)):
    return np.random.default_rng(0).uniform(-1, 1, (count, *shape)).astype(np.float32)


def test_lenet_has_as_many_parameters_as_the_article():
    assert sum(np.prod(variable.shape) for variable in built().trainable_variables) == 129_923


@settings(max_examples=10, deadline=None)
@given(st.integers(16, 40), st.integers(16, 40), st.integers(1, 4), st.integers(1, 50))
def test_image_size_and_channels_come_from_the_data(height, width, channels, classes):
    model = LeNet(classes, depths=[2, 3, 5, 4])
    assert model(images(3, (height, width, channels))).shape == (3, classes)


@pytest.mark.parametrize(
    ("shape", "places"), [((32, 32, 1), (5, 5)), ((32, 32, 3), (5, 5)), ((16, 16, 1), (1, 1)), ((48, 40, 3), (9, 7))]
)
def test_maps_keep_places_and_the_head_makes_logits_of_them(shape, places):
    model, features = built(7, shape, depths=[2, 3, 5, 4]), images(4, shape)
    maps = model.maps(features)
    assert maps.shape == (4, *places, 3)
    assert model.head(maps).shape == (4, 7)
    np.testing.assert_array_equal(model.head(maps), model(features))


def test_a_change_of_a_corner_changes_the_maps_there_alone():
    model, features = built(), images(1)
    changed = features.copy()
    changed[:, :6, :6] = 1
    differs = (np.array(model.maps(features)) != np.array(model.maps(changed))).any(axis=(0, 3))
    assert differs[0, 0]
    assert not differs[2:].any()
    assert not differs[:, 2:].any()


def test_maps_are_the_same_in_training_and_the_head_drops_out():
    model, features = built(), images()
    maps = model.maps(features)
    np.testing.assert_array_equal(maps, model.maps(features, training=True))
    np.testing.assert_array_equal(model.head(maps), model(features, training=False))
    assert not np.array_equal(model.head(maps), model.head(maps, training=True))


def test_a_classifier_without_maps_and_head_is_none():
    for method in (Classifier().maps, Classifier().head):
        with pytest.raises(NotImplementedError):
            method(images())


def test_images_without_a_channel_axis_are_images_in_one_channel():
    model = built(shape=(32, 32))
    flat = images(shape=(32, 32))
    np.testing.assert_array_equal(model(flat), model(flat[..., np.newaxis]))


def test_images_of_uint8_are_taken_as_they_are():
    pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 1), dtype=np.uint8)
    model = built()
    np.testing.assert_array_equal(model(pixels), model(pixels.astype(np.float32)))


def test_too_small_images_are_refused():
    with pytest.raises(ValueError, match="images are 15x32 pixels; LeNet needs at least 16x16"):
        LeNet(3)(images(shape=(15, 32, 1)))


def test_predictions_accuracy_and_costs_are_those_of_numpy():
    model, features, labels = built(7), images(20), np.arange(20) % 7
    logits = np.array(model(features), dtype=np.float64)
    log_probabilities = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    cross_entropy = -log_probabilities[np.arange(20), labels]

    np.testing.assert_array_equal(model.predictions(features), logits.argmax(axis=1))
    np.testing.assert_allclose(model.accuracy(features, labels), np.mean(logits.argmax(axis=1) == labels))
    np.testing.assert_allclose(model.cross_entropy(features, labels), cross_entropy, rtol=1e-5)
    np.testing.assert_allclose(model.loss(features, labels), cross_entropy.mean(), rtol=1e-5)
    layers = [layer.get_weights() for layer in model.layers if layer.weights]
    weights = [np.concatenate([array.ravel() for array in arrays]) for arrays in layers]
    l1 = sum(np.abs(array).sum() for array in weights)
    l2 = sum(np.sqrt(np.square(array).sum()) for array in weights)
    np.testing.assert_allclose([model.L1(), model.L2()], [l1, l2], rtol=1e-5)
    penalized = model.loss(features, labels, l1=0.1, l2=0.01)
    np.testing.assert_allclose(penalized, cross_entropy.mean() + 0.1 * l1 + 0.01 * l2, rtol=1e-5)


def test_dropout_acts_in_training_only():
    model, features = built(), images()
    np.testing.assert_array_equal(model(features), model(features))
    assert not np.array_equal(model(features, training=True), model(features, training=True))


def test_a_network_is_saved_loaded_and_cloned(tmp_path):
    model, features = built(5, depths=[2, 3, 5, 4], dropout_keep_prob=0.7), images()

    model.save(tmp_path / "lenet.keras")
    loaded = keras.models.load_model(tmp_path / "lenet.keras")
    model.save_weights(tmp_path / "lenet.weights.h5")
    other = built(5, depths=[2, 3, 5, 4])
    other.load_weights(tmp_path / "lenet.weights.h5")
    clone = keras.models.clone_model(model)

    np.testing.assert_array_equal(loaded(features), model(features))
    np.testing.assert_array_equal(other(features), model(features))
    assert loaded.get_config() == clone.get_config() == model.get_config()


def test_the_settings_of_lenet_are_its_section():
    section = params.load("train")["network"]["lenet"]
    assert section.keys() == params.settings(lenet)
    assert lenet(43, **section).dropout_keep_prob == 0.3


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"depths": [10, 20, 200]}, r"train\.network\.lenet\.depths is \[10, 20, 200\]"),
        ({"depths": [10, 20, 200, 0]}, r"train\.network\.lenet\.depths\.3 is 0; .*greater than or equal to 1"),
        ({"dropout_keep_prob": 0}, r"train\.network\.lenet\.dropout_keep_prob is 0; .*greater than 0"),
    ],
)
def test_bad_settings_are_named(changed, message):
    with pytest.raises(ValueError, match=message):
        lenet(43, **({"depths": [10, 20, 200, 100], "dropout_keep_prob": 0.3} | changed))


@settings(max_examples=5, deadline=None)
@given(st.integers(8, 40), st.integers(8, 40), st.integers(1, 4), st.integers(1, 50))
def test_convnet_reads_image_size_and_channels_off_the_data(height, width, channels, classes):
    model = ConvNet(classes, depths=[[2], [3, 4], [5]])
    features = images(3, (height, width, channels))
    assert model(features).shape == (3, classes)
    assert model.maps(features).shape == (3, height // 8, width // 8, 5)


def test_convnet_does_not_see_brightness_and_contrast():
    model, features = ConvNet(5, depths=[[4], [6]]), images(4, (16, 16, 3))
    plain = np.array(model(features))
    np.testing.assert_allclose(model(features * 0.5 + 0.2), plain, atol=0.1 * np.ptp(plain))
    seeing = ConvNet(5, depths=[[4], [6]], standardize=False, neighbourhood=None)
    bright = np.array(seeing(features))
    assert np.abs(np.array(seeing(features * 0.5 + 0.2)) - bright).max() > 0.1 * np.ptp(bright)


def test_a_neighbourhood_adds_a_channel_that_no_shadow_darkens():
    model, plain = ConvNet(5, depths=[[4]], neighbourhood=5), ConvNet(5, depths=[[4]], neighbourhood=None)
    features = images(3, (16, 20, 3))
    for network, channels in ((model, 4), (plain, 3)):
        network(features)
        assert network.groups[0][0].weight.shape == (3, 3, channels, 4)
    brightness = np.random.default_rng(0).normal(size=(2, 16, 20, 1)).astype(np.float32)
    shadowed = brightness.copy()
    shadowed[:, :, 10:] = shadowed[:, :, 10:] * 4 - 6
    found, again = (np.array(model._relative(values)) for values in (brightness, shadowed))
    window = brightness[0, 3:8, 6:11, 0].astype(np.float64)
    np.testing.assert_allclose(found[0, 5, 8, 0], (window[2, 2] - window.mean()) / (window.std() + 0.2), rtol=1e-4)
    corner = brightness[1, :3, :3, 0].astype(np.float64)
    np.testing.assert_allclose(found[1, 0, 0, 0], (corner[0, 0] - corner.mean()) / (corner.std() + 0.2), rtol=1e-4)
    np.testing.assert_allclose(again[:, :, :8], found[:, :, :8], atol=1e-5)  # what the shadow does not come near
    assert np.corrcoef(again[:, :, 13:].ravel(), found[:, :, 13:].ravel())[0, 1] > 0.99


def test_images_of_one_colour_give_numbers():
    model = ConvNet(5, depths=[[4], [6]])
    assert np.isfinite(model(np.zeros((2, 16, 16, 3), np.float32))).all()


def test_convnet_is_saved_and_loaded(tmp_path):
    model, features = (
        ConvNet(5, depths=[[2], [3, 4]], dropout_keep_prob=0.7, standardize=False),
        images(shape=(16, 16, 1)),
    )
    model(features, training=True)  # moves the running means
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(features), model(features))
    assert loaded.get_config() == model.get_config()


def test_too_small_images_for_its_groups_are_refused():
    with pytest.raises(ValueError, match="images are 7x32 pixels; these groups need at least 8x8"):
        ConvNet(3)(images(shape=(7, 32, 1)))


def test_convnet_takes_its_settings_from_params():
    section = params.load("train")["network"]["convnet"]
    model = convnet(48, **section | {"spatial_transformer": True})
    model(images(shape=(32, 32, 3)))
    assert sum(np.prod(weight.shape) for weight in model.trainable_variables) < 800_000
    with pytest.raises(ValueError, match=r"train\.network\.convnet\.depths"):
        convnet(43, **section | {"depths": [[]]})
    with pytest.raises(ValueError, match=r"train\.network\.convnet\.spatial_transformer is 1; .*boolean"):
        convnet(43, **section | {"spatial_transformer": 1})

import numpy as np
import pytest

from signs.evaluation import heatmaps as module
from signs.evaluation.heatmaps import heatmaps, of_mistakes
from signs.networks.backend import keras, ops, tf
from signs.networks.classifier import Classifier
from signs.networks.convnet import ConvNet
from signs.networks.lenet import LeNet


class Linear(Classifier):
    """Its maps are the images; logit k is the sum over all places of the maps times weights k."""

    def __init__(self, weights):
        super().__init__()
        self.weighting = np.array(weights, dtype=np.float32)  # (classes, rows, columns, channels)

    def feature_maps(self, inputs, *_):
        return ops.cast(inputs, "float32")

    def head(self, maps, *_):
        return ops.einsum("nrcd,krcd->nk", maps, self.weighting)


class Squared(Linear):
    """As Linear, of the squares of the maps: the gradient is twice the map."""

    def head(self, maps, *_):
        return super().head(ops.square(maps))


def lenet(classes=6, shape=(32, 32, 1), seed=0):
    keras.utils.set_random_seed(seed)
    network = LeNet(classes, depths=[3, 4, 6, 5])
    network(np.zeros((1, *shape), dtype=np.float32))
    return network


def images(count, shape=(32, 32, 1), seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (count, *shape)).astype(np.float32)


def image_by_image(network, features, indices):
    """The same, one image and one gradient at a time."""
    found = []
    for image, index in zip(features, indices, strict=True):
        maps = tf.Variable(network.feature_maps(image[np.newaxis]))
        with tf.GradientTape() as tape:
            logit = network.head(maps)[0, int(index)]
        product = (maps.numpy() * np.array(tape.gradient(logit, maps)))[0].sum(axis=-1)
        raised = np.maximum(product, 0)
        found.append(raised / raised.max() if raised.max() > 0 else raised)
    return np.stack(found)


# --- by hand


def test_places_are_as_high_as_they_raise_the_logit():
    """Class 0 is raised by 2 * 1 and 4 * 2, lowered by 3 * 5; class 1 by 3 * 2 and 4 * 3 alone."""
    image = np.array([[1, 3], [2, 4]], np.float32).reshape(1, 2, 2, 1)
    weights = np.array([[[0, -5], [1, 2]], [[0, 2], [-1, 3]]]).reshape(2, 2, 2, 1)
    features = np.concatenate([image, image])
    assert heatmaps(Linear(weights), features, np.array([0, 1])).tolist() == [
        [[0, 0], [0.25, 1]],
        [[0, 0.5], [0, 1]],
    ]


def test_channels_add_up_before_what_is_negative_is_cut():
    """Left 5 - 3 = 2, right 1 - 4 = -3, below 4 + 0."""
    image = np.array([[5, 3], [1, 4], [4, 7]], np.float32).reshape(1, 1, 3, 2)
    weights = np.array([[1, -1], [1, -1], [1, 0]]).reshape(1, 1, 3, 2)
    assert heatmaps(Linear(weights), image, np.array([0])).tolist() == [[[0.5, 0, 1]]]


def test_the_gradient_is_that_at_the_image():
    """The product of x and of 2 * x * w is as 1 : 4 : 9, and no weight is the same everywhere."""
    image = np.array([1, -2, 3], np.float32).reshape(1, 1, 3, 1)
    weights = np.ones((1, 1, 3, 1))
    expected = np.array([[[1, 4, 9]]]) / 9
    assert heatmaps(Squared(weights), image, np.array([0])) == pytest.approx(expected)


def test_where_nothing_speaks_for_the_class_all_is_0():
    features = np.ones((2, 3, 3, 1), np.float32)
    weights = np.stack([-np.ones((3, 3, 1)), np.zeros((3, 3, 1))])
    assert heatmaps(Linear(weights), features, np.array([0, 1])).tolist() == np.zeros((2, 3, 3)).tolist()


def test_the_scale_of_the_logits_does_not_matter():
    features = images(4, (5, 4, 2))
    weights = np.random.default_rng(1).normal(size=(3, 5, 4, 2))
    indices = np.array([0, 1, 2, 1])
    small, large = (heatmaps(Linear(factor * weights), features, indices) for factor in (1e-3, 1e4))
    np.testing.assert_allclose(small, large, rtol=1e-4, atol=1e-6)


# --- LeNet


def test_it_is_as_large_as_the_maps_and_from_0_to_1():
    network, features = lenet(), images(40)
    found = heatmaps(network, features, np.arange(40) % 6)
    assert (found.shape, found.dtype) == ((40, 5, 5), np.float32)
    assert found.min() >= 0
    highest = found.max(axis=(1, 2))
    assert ((highest == 1) | (highest == 0)).all()
    assert (highest == 1).any()


@pytest.mark.parametrize("shape", [(32, 32, 1), (24, 40, 3)])
def test_it_is_that_of_one_image_at_a_time(shape):
    network, features = lenet(shape=shape), images(10, shape)
    indices = np.random.default_rng(2).integers(0, 6, 10)
    np.testing.assert_allclose(
        heatmaps(network, features, indices), image_by_image(network, features, indices), rtol=1e-4, atol=1e-5
    )


def test_images_with_batches_between_them_are_as_images_alone(monkeypatch):
    network, features = lenet(), images(11)
    indices = np.arange(11) % 6
    whole = heatmaps(network, features, indices)
    monkeypatch.setattr(module, "BATCH_SIZE", 4)
    np.testing.assert_allclose(heatmaps(network, features, indices), whole, rtol=1e-4, atol=1e-6)


def test_another_class_looks_elsewhere():
    network, features = lenet(), images(5)
    first, second = (heatmaps(network, features, np.full(5, index)) for index in (0, 1))
    assert not np.allclose(first, second)


def test_no_image_gives_none():
    assert len(heatmaps(lenet(), images(0), np.zeros(0, np.int64))) == 0


def test_neither_network_nor_images_are_altered():
    network, features = lenet(), images(5)
    before = features.copy(), [weights.copy() for weights in network.get_weights()]
    heatmaps(network, features, np.zeros(5, np.int64))
    assert np.array_equal(features, before[0])
    assert all(np.array_equal(*pair) for pair in zip(network.get_weights(), before[1], strict=True))


def test_of_mistakes_only_what_the_network_took_them_for_is_asked_about():
    network, features = lenet(), images(6)
    said = np.array([0, 1, 2, 3, 4, 5])
    rows, places = of_mistakes(network, features, np.eye(6)[said], np.array([0, 2, 2, 0, 4, 1]))
    assert rows.tolist() == [1, 3, 5]
    np.testing.assert_allclose(places, heatmaps(network, features[rows], said[rows]), rtol=1e-5, atol=1e-6)


def test_without_a_mistake_there_is_nowhere_to_look():
    rows, places = of_mistakes(lenet(), images(2), np.eye(6)[[0, 1]], np.array([0, 1]))
    assert (len(rows), len(places)) == (0, 0)


def test_a_heatmap_lies_over_the_image_that_a_spatial_transformer_saw():
    """It samples 8 of 32 pixels to the right, so a cell of its feature maps is a cell further right in the image."""
    features = images(6, (32, 32, 3))
    network, plain = (ConvNet(4, depths=[[4], [4], [6]], spatial_transformer=has) for has in (True, False))
    network(features), plain(features)
    network.transformer.change.bias.assign([0, 0, 0, 0, 0, 0.5])
    others = [layer for layer in network.layers if layer is not network.transformer]
    plain.set_weights([weight for layer in others for weight in layer.get_weights()])
    maps = network.feature_maps(features)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        logits = ops.sum(network.head(maps)[:, 2])
    raised = np.maximum(np.sum(np.array(maps * tape.gradient(logits, maps)), axis=-1), 0)[:, :, :3]
    found = heatmaps(network, features, np.full(6, 2))
    assert not found[:, :, 0].any()
    np.testing.assert_allclose(found[:, :, 1:], raised / raised.max(axis=(1, 2), keepdims=True), atol=1e-4)
    assert np.abs(heatmaps(plain, features, np.full(6, 2)) - found).max() > 0.1

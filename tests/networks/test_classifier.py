import numpy as np
import pytest

from signs.networks.backend import keras
from signs.networks.classifier import Classifier
from signs.networks.lenet import LeNet


@pytest.fixture
def network():
    keras.utils.set_random_seed(1)
    network = LeNet(7)
    network(images())
    return network


def images(count=20):
    return np.random.default_rng(0).uniform(-1, 1, (count, 32, 32, 1)).astype(np.float32)


def test_a_classifier_without_feature_maps_and_head_is_none():
    for method in (Classifier().feature_maps, Classifier().head):
        with pytest.raises(NotImplementedError):
            method(images())


def test_predictions_accuracy_and_losses_are_those_of_numpy(network):
    features, labels = images(), np.arange(20) % 7
    logits = np.array(network(features), dtype=np.float64)
    log_probabilities = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    cross_entropy = -log_probabilities[np.arange(20), labels]

    np.testing.assert_array_equal(network.predictions(features), logits.argmax(axis=1))
    np.testing.assert_allclose(network.accuracy(features, labels), np.mean(logits.argmax(axis=1) == labels))
    np.testing.assert_allclose(network.cross_entropy(features, labels), cross_entropy, rtol=1e-5)
    np.testing.assert_allclose(network.total_loss(features, labels), cross_entropy.mean(), rtol=1e-5)
    layers = [layer.get_weights() for layer in network.layers if layer.weights]
    weights = [np.concatenate([array.ravel() for array in arrays]) for arrays in layers]
    l1 = sum(np.abs(array).sum() for array in weights)
    l2 = sum(np.linalg.norm(array) for array in weights)
    np.testing.assert_allclose([network.L1(), network.L2()], [l1, l2], rtol=1e-5)
    penalized = network.total_loss(features, labels, l1=0.1, l2=0.01)
    np.testing.assert_allclose(penalized, cross_entropy.mean() + 0.1 * l1 + 0.01 * l2, rtol=1e-5)


def test_dropout_acts_in_the_head_and_in_training_only(network):
    features = images()
    maps = network.feature_maps(features)
    np.testing.assert_array_equal(maps, network.feature_maps(features, training=True))
    np.testing.assert_array_equal(network.head(maps), network(features))
    assert not np.array_equal(network.head(maps, training=True), network.head(maps))
    assert not np.array_equal(network(features, training=True), network(features, training=True))

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from signs.data import classes, datasets
from signs.data.splits import Split
from signs.networks.backend import keras, tf
from signs.networks.lenet import LeNet
from signs.training import step
from signs.training.ema import Ema
from signs.training.step import Examples
from tests.stripes import settings

PHOTOGRAPHS = tf.constant([False] * 6)


@hypothesis.given(st.integers(1, 10_000), st.integers(1, 300), st.integers(1, 9))
def test_batches_are_even_and_no_shard_is_empty(images, batch_size, shards):
    batches, shards = step.split_evenly(images, batch_size, shards)
    sizes = np.diff([batch * images // batches for batch in range(batches + 1)])
    assert sizes.sum() == images
    assert batch_size >= sizes.max() >= sizes.min() >= max(shards, sizes.max() - 1)


@pytest.mark.parametrize(("power", "share"), [(0.0, 0.1), (0.5, 0.25), (1.0, 0.5)])
def test_class_balance_evens_out_how_often_classes_are_drawn(power, share):
    indices = np.repeat([0, 1], [9000, 1000])
    order = step.order(indices, power, np.random.default_rng(0))
    assert len(order) == len(indices)
    assert indices[order].mean() == pytest.approx(share, abs=0.02)
    assert (len(np.unique(order)) == len(indices)) == (power == 0)


def test_a_class_is_unseen_if_all_its_images_are_synthetic():
    indices, synthetic = np.array([0, 0, 1, 3]), np.array([True, False, True, False])
    assert step.unseen_classes(Examples(indices, indices, synthetic), 5).tolist() == [False, True, True, False, True]
    assert step.unseen_classes(Examples(indices, indices), 5).tolist() == [False, False, True, False, True]


@pytest.fixture
def network():
    keras.utils.set_random_seed(1)
    network = LeNet(3, depths=(2, 3, 4, 5), dropout_keep_prob=1.0)
    network(np.zeros((1, 16, 16, 1), np.float32))
    return network


def a_batch(count=6):
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (count, 16, 16, 1)).astype(np.float32)
    return tf.constant(images), tf.constant(np.arange(count) % 3), tf.constant(count), tf.constant([1, 2])


def test_the_loss_is_mean_cross_entropy_and_the_weighted_norms(network):
    images, indices, size, seed = a_batch()
    value = step.loss(network, settings(l1=0.01, l2=0.1))(images, indices, PHOTOGRAPHS, size, seed)
    entropy = -np.log(tf.nn.softmax(network(images)).numpy()[np.arange(6), indices.numpy()]).mean()
    flat = np.concatenate([weight.ravel() for weight in network.get_weights()])
    layers = [
        np.concatenate([np.array(w).ravel() for w in layer.weights]) for layer in network.norm_layers if layer.weights
    ]
    expected = entropy + 0.01 * np.abs(flat).sum() + 0.1 * sum(np.linalg.norm(layer) for layer in layers)
    assert float(value) == pytest.approx(expected, rel=1e-5)


def test_the_losses_of_shards_add_up_to_that_of_their_batch(network):
    loss = step.loss(network, settings(l1=0.01, l2=0.1, label_smoothing=0.1))
    images, indices, size, seed = a_batch()
    shards = [loss(images[part], indices[part], PHOTOGRAPHS[part], size, seed) for part in (slice(0, 4), slice(4, 6))]
    assert float(sum(shards)) == pytest.approx(float(loss(images, indices, PHOTOGRAPHS, size, seed)), rel=1e-5)


def test_smoothing_spreads_a_share_of_the_label_over_all_classes(network):
    images, indices, size, seed = a_batch()
    value = step.loss(network, settings(label_smoothing=0.3))(images, indices, PHOTOGRAPHS, size, seed)
    logs = np.log(tf.nn.softmax(network(images)).numpy())
    own = logs[np.arange(6), indices.numpy()]
    assert float(value) == pytest.approx(-(0.7 * own + 0.1 * logs.sum(axis=1)).mean(), rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("margin", [2.0, 100.0])
def test_the_margin_lowers_logits_of_unseen_classes_in_the_loss_of_photographs(network, margin, smoothing):
    images, _, size, seed = a_batch()
    indices = tf.constant([0, 1, 0, 2, 2, 0])  # class 2 is the one with synthetic images only
    synthetic = tf.constant([False, False, True, True, False, False])  # augmentation mirrored the fifth into it
    chosen = settings(label_smoothing=smoothing, unseen_class_margin=margin)
    loss = step.loss(network, chosen, unseen=np.array([False, False, True]))
    losses = []
    is_lowered = [True, True, False, False, False, True]
    for logits, index, lowered in zip(network(images).numpy().astype(float), indices.numpy(), is_lowered, strict=True):
        logits[2] -= margin * lowered
        logs = logits - np.log(np.exp(logits).sum())
        losses.append(-((1 - smoothing) * logs[index] + smoothing * logs[: 2 if lowered else 3].mean()))
    assert float(loss(images, indices, synthetic, size, seed)) == pytest.approx(np.mean(losses), rel=1e-5)


def test_each_shard_of_each_batch_has_a_seed_of_its_own(network):
    seeds = []

    def augment(images, indices, seed):
        tf.py_function(lambda values: seeds.append(tuple(values.numpy().tolist())), [seed], [])
        return images, indices

    chosen = settings(seed=5, batch_size=4, shards=2)
    optimizer = keras.optimizers.Adam()
    optimizer.build(network.trainable_variables)
    images, indices, _, _ = a_batch(12)
    examples, loss = Examples(images.numpy(), indices.numpy()), step.loss(network, chosen, augment=augment)
    run = step.epoch(network, optimizer, loss, examples, chosen, Ema(network.weights, 0.0))
    run(np.arange(12))
    run(np.arange(12))
    assert sorted(seeds) == [(5, number) for number in range(12)]  # two epochs of three batches in two shards


def test_images_of_a_data_set_are_trained_on_without_a_copy(tmp_path):
    pixels = np.random.default_rng(0).random((6, 4, 4, 1), np.float32)
    split = Split(pixels, np.arange(6) % 2)
    named = classes.classes_from_labels(np.arange(2))
    datasets.write(tmp_path / "data", datasets.DataSet(split, split, split, named))
    read = datasets.read(tmp_path / "data").train.features
    tensor = step.tensor(read)
    np.testing.assert_array_equal(tensor.numpy(), pixels)
    read[2] = 7
    np.testing.assert_array_equal(tf.gather(tensor, [1, 2]).numpy(), read[1:3])


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
@pytest.mark.parametrize("place", [slice(1, None), slice(None, None, 2), slice(16, 5000)])
def test_images_in_memory_that_is_not_aligned_are_copied(place, dtype):
    pixels = np.random.default_rng(0).integers(0, 256, 6000).astype(dtype)[place]
    pixels.flags.writeable = False
    np.testing.assert_array_equal(step.tensor(pixels).numpy(), pixels)

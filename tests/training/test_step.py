import hypothesis
import hypothesis.strategies as st
import numpy as np
import pytest

from signs.data import classes, datasets
from signs.networks.architectures import LeNet
from signs.networks.backend import keras, tf
from signs.training import step as descent
from signs.training.averaging import Averages, assign, values


@hypothesis.given(st.integers(1, 10_000), st.integers(1, 300), st.integers(1, 9))
def test_batches_are_even_and_no_part_is_empty(images, batch_size, parts):
    batches, parts = descent.divided(images, batch_size, parts)
    sizes = np.diff([batch * images // batches for batch in range(batches + 1)])
    assert sizes.sum() == images
    assert batch_size >= sizes.max() >= sizes.min() >= max(parts, sizes.max() - 1)


@pytest.mark.parametrize(("balance", "share"), [(0.0, 0.1), (0.5, 0.25), (1.0, 0.5)])
def test_balance_evens_out_how_often_classes_are_drawn(balance, share):
    labels = np.repeat([0, 1], [9000, 1000])
    order = descent.order(labels, balance, np.random.default_rng(0))
    assert len(order) == len(labels)
    assert labels[order].mean() == pytest.approx(share, abs=0.02)
    assert (len(np.unique(order)) == len(labels)) == (balance == 0)


@pytest.fixture
def model():
    keras.utils.set_random_seed(1)
    network = LeNet(3, depths=(2, 3, 4, 5), dropout_keep_prob=1.0)
    network(np.zeros((1, 16, 16, 1), np.float32))
    return network


NONE = tf.constant([False] * 6)  # of a batch is synthetic


def a_batch(count=6):
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (count, 16, 16, 1)).astype(np.float32)
    return tf.constant(images), tf.constant(np.arange(count) % 3), tf.constant(count), tf.constant([1, 2])


def test_cost_is_mean_cross_entropy_and_the_weighted_norms(model):
    images, labels, size, seed = a_batch()
    value = descent.loss(model, l1=0.01, l2=0.1, label_smoothing=0.0, augment=None)(images, labels, NONE, size, seed)
    entropy = -np.log(tf.nn.softmax(model(images)).numpy()[np.arange(6), labels.numpy()]).mean()
    flat = np.concatenate([weight.ravel() for weight in model.get_weights()])
    layers = [
        np.concatenate([np.array(w).ravel() for w in layer.weights]) for layer in model.norm_layers if layer.weights
    ]
    expected = entropy + 0.01 * np.abs(flat).sum() + 0.1 * sum(np.linalg.norm(layer) for layer in layers)
    assert float(value) == pytest.approx(expected, rel=1e-5)


def test_parts_of_a_batch_bear_their_share_of_its_loss(model):
    loss = descent.loss(model, l1=0.01, l2=0.1, label_smoothing=0.1, augment=None)
    images, labels, size, seed = a_batch()
    parts = [loss(images[part], labels[part], NONE[part], size, seed) for part in (slice(0, 4), slice(4, 6))]
    assert float(sum(parts)) == pytest.approx(float(loss(images, labels, NONE, size, seed)), rel=1e-5)


def test_smoothing_spreads_a_share_of_the_label_over_all_classes(model):
    images, labels, size, seed = a_batch()
    value = descent.loss(model, l1=0.0, l2=0.0, label_smoothing=0.3, augment=None)(images, labels, NONE, size, seed)
    logs = np.log(tf.nn.softmax(model(images)).numpy())
    own = logs[np.arange(6), labels.numpy()]
    assert float(value) == pytest.approx(-(0.7 * own + 0.1 * logs.sum(axis=1)).mean(), rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize("margin", [2.0, 100.0])
def test_photographs_are_told_apart_less_from_classes_that_they_do_not_show(model, margin, smoothing):
    images, _, size, seed = a_batch()
    labels = tf.constant([0, 1, 0, 2, 2, 0])  # class 2 is the one that only synthetic images show
    synthetic = tf.constant([False, False, True, True, False, False])  # the fifth is mirrored into it
    unseen = np.array([False, False, True])
    loss = descent.loss(model, l1=0.0, l2=0.0, label_smoothing=smoothing, augment=None, margin=margin, unseen=unseen)
    errors = []
    lowered = [True, True, False, False, False, True]
    for logits, label, lower in zip(model(images).numpy().astype(float), labels.numpy(), lowered, strict=True):
        logits[2] -= margin * lower
        logs = logits - np.log(np.exp(logits).sum())
        errors.append(-((1 - smoothing) * logs[label] + smoothing * logs[: 2 if lower else 3].mean()))
    assert float(loss(images, labels, synthetic, size, seed)) == pytest.approx(np.mean(errors), rel=1e-5)


def test_each_part_of_each_batch_draws_its_own(model):
    seeds = []

    def augment(images, labels, seed):
        tf.py_function(lambda values: seeds.append(tuple(values.numpy().tolist())), [seed], [])
        return images, labels

    loss = descent.loss(model, l1=0.0, l2=0.0, label_smoothing=0.0, augment=augment)
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    images, labels, _, _ = a_batch(12)
    run = descent.epoch(
        model,
        optimizer,
        loss,
        images.numpy(),
        labels.numpy(),
        batch_size=4,
        parts=2,
        seed=5,
        averages=Averages(model.weights, 0.0),
    )
    run(np.arange(12))
    run(np.arange(12))
    assert sorted(seeds) == [(5, number) for number in range(12)]  # two epochs of three batches in two parts


def test_images_of_a_data_set_are_trained_on_where_they_lie(tmp_path):
    pixels = np.random.default_rng(0).random((6, 4, 4, 1), np.float32)
    split = datasets.Split(pixels, np.arange(6) % 2)
    datasets.write(tmp_path / "data", datasets.DataSet(split, split, split, classes.of_labels(np.arange(2))))
    read = datasets.read(tmp_path / "data").train.features
    tensor = descent.tensor(read)
    np.testing.assert_array_equal(tensor.numpy(), pixels)
    read[2] = 7
    np.testing.assert_array_equal(tf.gather(tensor, [1, 2]).numpy(), read[1:3])


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
@pytest.mark.parametrize("place", [slice(1, None), slice(None, None, 2), slice(16, 5000)])
def test_images_that_lie_anyhow_are_copied(place, dtype):
    pixels = np.random.default_rng(0).integers(0, 256, 6000).astype(dtype)[place]
    pixels.flags.writeable = False
    np.testing.assert_array_equal(descent.tensor(pixels).numpy(), pixels)


def test_averages_stand_for_the_weights_only_while_they_are_held():
    variable = tf.Variable([0.0])
    averages = Averages([variable], 0.9)
    for step in (1, 2):
        variable.assign([10.0])
        averages.update(tf.constant(step))
    kept = 10 * (1 - 2 / 11 * 3 / 12)  # shares (1 + step) / (10 + step), as they are below 0.9
    with averages.held():
        assert float(variable[0]) == pytest.approx(kept)
    assert float(variable[0]) == 10
    assert averages.best == averages.variables


def test_without_averages_the_weights_stand_for_themselves():
    variable = tf.Variable([3.0])
    averages = Averages([variable], 0.0)
    averages.update(tf.constant(1))
    with averages.held():
        assert float(variable[0]) == 3
    assert averages.best == [variable]


def test_values_are_copies_and_are_assigned_in_order():
    variables = [tf.Variable([1.0]), tf.Variable([2.0])]
    copies = values(variables)
    assign(variables, copies[::-1])
    assert [float(variable[0]) for variable in variables] == [2, 1]
    assert [float(copy[0]) for copy in copies] == [1, 2]

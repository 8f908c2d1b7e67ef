import numpy as np
import pytest

from signs.core import scores
from signs.core.history import best_epoch
from signs.data.shards import collected
from signs.networks.backend import tf
from signs.training import step
from signs.training.loop import train
from signs.training.step import Examples
from tests.stripes import settings, small, stripes


def examples(count=120, seed=0):
    return Examples(*stripes(count, seed))


def noise(count=30):
    """Images that show nothing, on which every epoch is as good as another but for chance."""
    return Examples(np.random.default_rng(0).normal(size=(count, 16, 16)).astype(np.float32), np.arange(count) % 3)


def logits(network, features):
    return np.array(network(features))


def weights_of(network):
    return [np.array(weight) for weight in network.weights]


def all_equal(weights, others):
    return all(map(np.array_equal, weights, others))


def trained(changed, validation=None, count=120):
    """A network without dropout, trained; its history; and its weights after each epoch."""
    network, weights = small(dropout_keep_prob=1.0), []

    def report(_):
        weights.append(weights_of(network))

    history = train(network, examples(count), validation, settings(**changed), report=report)
    return network, history, weights


def test_a_network_learns_from_plain_arrays():
    network = small()
    history = train(network, examples(300), None, settings(seed=1, epochs=12, learning_rate=0.01))
    assert history[-1]["train_accuracy"] > 0.9 > history[0]["train_accuracy"]
    assert [row["epoch"] for row in history] == list(range(13))


def test_the_history_has_the_measures_of_training_and_validation():
    network, validation = small(), examples(50, 1)
    history = train(network, examples(), validation, settings())
    measures = [f"{split}_{measure}" for split in ("train", "valid") for measure in ("accuracy", "loss")]
    assert list(history[0]) == ["epoch", *measures, "squared_change"]
    best, found = history[best_epoch(history)], logits(network, validation.features)
    np.testing.assert_allclose(best["valid_accuracy"], scores.accuracy(found, validation.indices))
    np.testing.assert_allclose(best["valid_loss"], scores.cross_entropy(found, validation.indices), rtol=1e-5)


def test_a_class_of_synthetic_images_alone_is_recognized_in_photographs():
    # Photographs have a bright corner, whatever they show; none of class 2 is trained on.
    features, indices = stripes(900, 1)
    features += np.random.default_rng(7).normal(0, 2, features.shape).astype(np.float32)
    photographs = features.copy()
    photographs[:, 10:, 10:] += 4
    seen = indices < 2
    images, classes = np.concatenate([features, photographs[seen]]), np.concatenate([indices, indices[seen]])
    synthetic = np.repeat([True, False], [len(indices), seen.sum()])
    recalls = []
    for margin in (0.0, 3.0, 100.0):
        network = small()
        train(network, Examples(images, classes, synthetic), None, settings(epochs=12, unseen_class_margin=margin))
        recalls.append(np.mean(logits(network, photographs[~seen]).argmax(axis=1) == 2))
    assert recalls[0] < 0.75 < recalls[1] < recalls[2]
    assert recalls[2] > 0.9


def test_a_training_that_diverges_stops_and_says_so():
    with pytest.raises(ValueError, match=r"training diverged: loss is (nan|inf) after epoch 1; lower learning_rate"):
        train(small(), examples(), None, settings(learning_rate=1e6))


@pytest.mark.parametrize("keep", ["best", "last"])
def test_the_network_is_left_with_the_weights_of_the_best_epoch_or_of_the_last(keep):
    network, history, weights = trained({"epochs": 12, "learning_rate": 0.01, "keep": keep}, noise(), count=40)
    assert 0 < best_epoch(history) < 12
    assert all_equal(weights_of(network), weights[best_epoch(history) if keep == "best" else 12])


def test_a_network_that_is_built_starts_from_its_weights():
    _, history, weights = trained({})
    for epoch in (1, 3):
        network = small(dropout_keep_prob=1.0)
        network(stripes()[0][:1])
        network.set_weights(weights[epoch])
        again = train(network, examples(), None, settings(epochs=1))
        assert again[0]["train_loss"] == history[epoch]["train_loss"]


def test_the_squared_change_is_the_squared_distance_between_epochs():
    _, history, weights = trained({})
    flat = [np.concatenate([array.ravel() for array in arrays]).astype(np.float64) for arrays in weights]
    np.testing.assert_allclose(history[3]["squared_change"], np.square(flat[3] - flat[2]).sum(), rtol=1e-6)


def test_the_same_seed_gives_the_same_history_and_another_seed_another():
    histories = [train(small(), examples(), None, settings(seed=seed)) for seed in (3, 3, 4)]
    assert histories[0] == histories[1] != histories[2]


def add_noise(images, indices, seed):
    return images + tf.random.stateless_normal(tf.shape(images), seed), indices


EVERYTHING = {
    "weight_decay": 0.01,
    "label_smoothing": 0.1,
    "ema_decay": 0.9,
    "class_balance_power": 0.5,
    "schedule": {"name": "cosine", "warmup": 0.5, "last": 0.01},
}


@pytest.mark.parametrize(("changed", "augment"), [({}, None), (EVERYTHING, add_noise)])
def test_a_stopped_training_continues_as_if_it_had_not_stopped(tmp_path, changed, augment):
    chosen, validation, rows = settings(**changed), examples(30, 1), []

    def run(report=None, checkpoint=None):
        network = small()
        history = train(network, examples(), validation, chosen, augment=augment, report=report, checkpoint=checkpoint)
        return history, weights_of(network)

    expected, weights = run()
    for stopped_after in (1, 2):  # the second begins from the checkpoint that the first left

        def stop(row, last=stopped_after):
            rows.append(row)
            if row["epoch"] == last:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            run(stop, tmp_path / "state.npz")
    history, again = run(rows.append, tmp_path / "state.npz")

    assert history == expected
    assert [row["epoch"] for row in rows] == [0, 1, 2, 3]
    assert all_equal(weights, again)


@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_a_norm_in_the_loss_keeps_weights_small(norm):
    def norms(**changed):
        network = small()
        train(network, examples(), None, settings(**changed))
        return float(getattr(network, norm.upper())())

    assert norms(**{norm: 0.01}) < 0.9 * norms()


def test_labels_that_are_not_class_indices_are_refused():
    features, indices = stripes()
    for wrong in (indices + 1, indices - 1, indices.astype(float)):
        with pytest.raises(ValueError, match=r"train: labels are not class indices 0\.\.2"):
            train(small(), Examples(features, wrong), None, settings())
    with pytest.raises(ValueError, match="valid: 120 features but 119 labels"):
        train(small(), examples(), Examples(features, indices[1:]), settings())


@pytest.mark.parametrize("batch_size", [7, 1])
def test_a_batch_in_shards_teaches_what_it_does_whole(batch_size):
    changed, validation = {"batch_size": batch_size, "l1": 0.001, "l2": 0.01}, examples(31, 1)
    whole, history, _ = trained(changed, validation)
    divided, other, _ = trained(changed | {"shards": 3}, validation)
    found = [scores.softmax(logits(network, validation.features)) for network in (whole, divided)]
    np.testing.assert_allclose(*found, atol=2e-3)  # as above
    assert [row["epoch"] for row in history] == [row["epoch"] for row in other]


def test_training_is_measured_on_as_many_images_as_validation_has():
    features, indices = stripes()
    ruined = features.copy()
    ruined[np.arange(len(indices)) % 4 > 0] = 0.0  # all but every fourth
    network = small()
    history = train(network, Examples(ruined, indices), examples(30, 1), settings(learning_rate=1e-30))
    expected = scores.cross_entropy(logits(network, features[::4]), indices[::4])
    assert history[-1]["train_loss"] == pytest.approx(expected, rel=1e-5)


def test_the_moving_average_is_what_is_measured_and_left():
    validation = examples(50, 1)
    network, history, weights = trained({"ema_decay": 0.9}, validation, count=96)
    found = scores.cross_entropy(logits(network, validation.features), validation.indices)
    np.testing.assert_allclose(history[best_epoch(history)]["valid_loss"], found, rtol=1e-5)
    assert not any(map(np.allclose, weights_of(network), weights[-1]))


def test_the_moving_average_is_that_of_the_formula():
    decay, changed = 0.5, {"learning_rate": 0.01}
    _, _, weights = trained(changed, count=32)  # one step an epoch
    average = weights[0]
    for steps, now in enumerate(weights[1:], start=1):
        share = min(decay, (1 + steps) / (10 + steps))
        average = [share * old + (1 - share) * new for old, new in zip(average, now, strict=True)]
    network, _, _ = trained(changed | {"ema_decay": decay}, count=32)
    for found, expected in zip(weights_of(network), average, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_training_stops_when_it_has_not_improved_for_long_enough():
    _, history, _ = trained({"epochs": 60, "patience": 2}, noise(), count=40)
    assert len(history) - 1 == best_epoch(history) + 2 < 60


def test_label_smoothing_keeps_a_network_from_being_too_confident():
    confidence = {}
    for smoothing in (0.0, 0.3):
        network, _, _ = trained({"label_smoothing": smoothing, "epochs": 25, "learning_rate": 0.01}, count=300)
        confidence[smoothing] = scores.softmax(logits(network, stripes(300)[0])).max(axis=1).mean()
    assert confidence[0.0] > 0.97
    assert 0.7 < confidence[0.3] < 0.9  # 1 - 0.3 + 0.3 / 3 = 0.8


def test_weight_decay_shrinks_kernels_and_no_biases():
    networks = small(), small()
    for network, decay in zip(networks, (0.0, 5.0), strict=True):
        network(stripes()[0][:1])
        network.set_weights([np.ones(weight.shape) for weight in network.weights])
        train(network, examples(), None, settings(epochs=1, weight_decay=decay))
    for one, other in zip(*(network.weights for network in networks), strict=True):
        shrinkage = np.mean(other) / np.mean(one)
        assert shrinkage < 0.96 if len(one.shape) > 1 else shrinkage > 0.98  # four steps of 5 * 0.003


@pytest.mark.parametrize(("changed", "augment"), [({}, None), (EVERYTHING, add_noise)])
def test_images_on_disk_train_the_very_network_that_images_in_memory_do(monkeypatch, changed, augment):
    """Whether they are read batch by batch, some batches at a time or all at once."""
    chosen, found = settings(**changed), []
    for part, read_bytes in ((None, 1), (17, 1), (17, 40_000), (17, 2**27)):
        monkeypatch.setattr(step, "READ_BYTES", read_bytes)
        network = small()
        history = train(network, stored(examples(), part), stored(examples(31, 1), part), chosen, augment=augment)
        found.append((history, weights_of(network)))
    for history, weights in found[1:]:
        assert history == found[0][0]
        assert all_equal(weights, found[0][1])


def stored(given, part):
    return given._replace(features=collected([given.features], given.features.shape, np.float32, part))

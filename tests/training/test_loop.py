import subprocess
import sys

import numpy as np
import pytest

from signs.core import scores
from signs.networks.architectures import LeNet
from signs.networks.backend import tf
from signs.training import schedules
from signs.training.loop import train

SETTINGS = {"seed": 3, "epochs": 3, "batch_size": 32, "learning_rate": 0.003, "l1": 0.0, "l2": 0.0}


def stripes(count=120, seed=0):
    """Images of 16x16 pixels with stripes across, down or aslant, in noise; a network learns them in seconds."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, count)
    row, column = np.mgrid[:16, :16]
    patterns = np.stack([np.sin(row), np.sin(column), np.sin((row + column) / 1.4)])
    return (patterns[labels] + rng.normal(0, 0.3, (count, 16, 16))).astype(np.float32), labels


def small(**settings):
    return LeNet(3, depths=[4, 6, 20, 10], **{"dropout_keep_prob": 0.8} | settings)


def logits(model, features):
    return np.array(model(features))


def test_a_network_learns_from_plain_arrays():
    model = small()

    history, softmax = train(model, *stripes(300), **SETTINGS | {"seed": 1, "epochs": 12, "learning_rate": 0.01})

    assert history[-1]["train_accuracy"] > 0.9 > history[0]["train_accuracy"]
    assert [row["epoch"] for row in history] == list(range(13))
    assert softmax is None


def test_the_history_holds_what_can_be_measured_of_each_split():
    model, validation, test = small(), stripes(50, 1), stripes(40, 2)

    history, softmax = train(model, *stripes(), validation=validation, test=test, **SETTINGS)

    assert list(history[0]) == [
        "epoch",
        *(f"{split}_{measure}" for split in ("train", "valid", "test") for measure in ("accuracy", "loss")),
        "squared_change",
    ]
    best = max(history, key=lambda row: (row["valid_accuracy"], -row["valid_loss"]))
    for name, (features, labels) in {"valid": validation, "test": test}.items():
        np.testing.assert_allclose(best[f"{name}_accuracy"], scores.accuracy(logits(model, features), labels))
        np.testing.assert_allclose(
            best[f"{name}_loss"], scores.cross_entropy(logits(model, features), labels), rtol=1e-5
        )
    np.testing.assert_allclose(softmax, scores.softmax(logits(model, validation[0])), rtol=1e-4, atol=1e-6)


def test_a_class_of_synthetic_images_alone_is_known_in_photographs():
    # Photographs have a bright corner, whatever they show; none of class 2 is trained on.
    features, labels = stripes(900, 1)
    features += np.random.default_rng(7).normal(0, 2, features.shape).astype(np.float32)
    photographs = features.copy()
    photographs[:, 10:, 10:] += 4
    seen = labels < 2
    images, classes = np.concatenate([features, photographs[seen]]), np.concatenate([labels, labels[seen]])
    synthetic = np.repeat([True, False], [len(labels), seen.sum()])
    recalls = []
    for margin in (0.0, 3.0, 100.0):
        model = small()
        train(model, images, classes, synthetic=synthetic, margin=margin, **SETTINGS | {"epochs": 12})
        recalls.append(np.mean(logits(model, photographs[~seen]).argmax(axis=1) == 2))
    assert recalls[0] < 0.75 < recalls[1] < recalls[2]
    assert recalls[2] > 0.9


def test_a_training_that_diverges_stops_and_says_so(tmp_path):
    with pytest.raises(ValueError, match=r"training diverged: loss is (nan|inf) after epoch 1; lower learning_rate"):
        train(small(), *stripes(), **SETTINGS | {"learning_rate": 1e30})


def test_the_weights_of_the_best_validation_epoch_are_left(tmp_path):
    model, validation = small(), stripes(30, 1)
    # So large a rate that the last epoch is not the best.
    history, _ = train(
        model, *stripes(), validation=validation, save_to=tmp_path, **SETTINGS | {"learning_rate": 0.2, "epochs": 8}
    )
    best = max(history, key=lambda row: (row["valid_accuracy"], -row["valid_loss"], -row["epoch"]))["epoch"]
    assert 0 < best < 8

    saved = small()
    saved(validation[0][:1])
    saved.load_weights(tmp_path / f"epoch_{best:03}.weights.h5")

    np.testing.assert_array_equal(logits(model, validation[0]), logits(saved, validation[0]))
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"epoch_{i:03}.weights.h5" for i in range(1, 9)]


def test_training_starts_from_the_weights_of_any_epoch(tmp_path):
    data = stripes()
    history, _ = train(small(), *data, save_to=tmp_path, **SETTINGS)

    for epoch in (1, 3):
        weights = tmp_path / f"epoch_{epoch:03}.weights.h5"
        continued, _ = train(small(), *data, load_from=weights, **SETTINGS | {"epochs": 1})
        assert continued[0]["train_loss"] == history[epoch]["train_loss"]


def test_the_squared_change_is_the_squared_distance_between_epochs(tmp_path):
    model = small()
    history, _ = train(model, *stripes(), save_to=tmp_path, **SETTINGS)
    weights = []
    for epoch in (2, 3):
        model.load_weights(tmp_path / f"epoch_{epoch:03}.weights.h5")
        weights.append(np.concatenate([array.ravel() for array in model.get_weights()]).astype(np.float64))
    np.testing.assert_allclose(history[3]["squared_change"], np.square(weights[1] - weights[0]).sum(), rtol=1e-6)


def test_the_same_seed_gives_the_same_history_and_another_seed_another():
    histories = [train(small(), *stripes(), **SETTINGS | {"seed": seed})[0] for seed in (3, 3, 4)]
    assert histories[0] == histories[1] != histories[2]


@pytest.mark.parametrize("kept_epochs", [1, 2])
def test_a_stopped_training_goes_on_as_if_it_had_not_stopped(tmp_path, kept_epochs):
    data, validation = stripes(), stripes(30, 1)

    def stop(row):
        if row["epoch"] == kept_epochs:
            raise KeyboardInterrupt

    whole = small()
    expected = train(whole, *data, validation=validation, **SETTINGS)
    with pytest.raises(KeyboardInterrupt):
        train(small(), *data, validation=validation, checkpoint=tmp_path / "s.npz", report=stop, **SETTINGS)
    resumed, rows = small(), []
    history, softmax = train(
        resumed, *data, validation=validation, checkpoint=tmp_path / "s.npz", report=rows.append, **SETTINGS
    )

    assert history == expected.history
    assert [row["epoch"] for row in rows] == list(range(kept_epochs + 1, 4))
    np.testing.assert_array_equal(softmax, expected.softmax)
    for one, other in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("norm", ["l1", "l2"])
def test_a_norm_in_the_cost_keeps_weights_small(norm):
    def norms(**changed):
        model = small()
        train(model, *stripes(), **SETTINGS | changed)
        return float(getattr(model, norm.upper())())

    assert norms(**{norm: 0.01}) < 0.9 * norms()


def test_labels_that_are_no_indices_are_refused():
    features, labels = stripes()
    for wrong in (labels + 1, labels - 1, labels.astype(float)):
        with pytest.raises(ValueError, match=r"train: labels are not class indices 0\.\.2"):
            train(small(), features, wrong, **SETTINGS)
    with pytest.raises(ValueError, match="valid: 120 features but 119 labels"):
        train(small(), features, labels, validation=(features, labels[1:]), **SETTINGS)


REPLICAS = """
import sys
import numpy as np
from signs.backend import reproducible, tf
reproducible(1, 1)
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from signs.training import train
from tests.test_training import SETTINGS, small, stripes
mirrored = sys.argv[1] == "2"
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]) if mirrored else tf.distribute.get_strategy()
assert strategy.num_replicas_in_sync == int(sys.argv[1])
with strategy.scope():
    model = small(dropout_keep_prob=1.0)
    train(model, *stripes(), **SETTINGS | {"batch_size": 50, "l2": 0.01})
np.save(sys.argv[2], np.concatenate([array.ravel() for array in model.get_weights()]))
"""


def test_two_replicas_learn_what_one_does(tmp_path):
    weights = []
    for replicas in ("1", "2"):
        file = tmp_path / f"{replicas}.npy"
        subprocess.run([sys.executable, "-c", REPLICAS, replicas, file], check=True, capture_output=True)
        weights.append(np.load(file))
    # Sums are in another order, and Adam makes much of a gradient near zero.
    assert np.linalg.norm(weights[0] - weights[1]) < 0.002 * np.linalg.norm(weights[0])


def weights_of(model):
    return [np.array(weight) for weight in model.weights]


@pytest.mark.parametrize("batch_size", [50, 7, 1])
def test_a_batch_in_parts_teaches_what_it_does_whole(batch_size):
    whole, divided = small(dropout_keep_prob=1.0), small(dropout_keep_prob=1.0)
    settings = SETTINGS | {"batch_size": batch_size, "l1": 0.001, "l2": 0.01}
    first = train(whole, *stripes(), validation=stripes(31, 1), **settings)
    second = train(divided, *stripes(), validation=stripes(31, 1), parts=3, **settings)
    np.testing.assert_allclose(first.softmax, second.softmax, atol=2e-3)  # Adam makes much of a gradient near zero
    assert [row["epoch"] for row in first.history] == [row["epoch"] for row in second.history]


def test_training_is_measured_on_as_many_images_as_validation_has():
    features, labels = stripes()
    ruined = features.copy()
    ruined[np.arange(len(labels)) % 4 > 0] = 0.0  # all but every fourth
    model = small()
    history, _ = train(model, ruined, labels, validation=stripes(30, 1), **SETTINGS | {"learning_rate": 1e-30})
    expected = scores.cross_entropy(logits(model, features[::4]), labels[::4])
    assert history[-1]["train_loss"] == pytest.approx(expected, rel=1e-5)


def test_settings_that_are_off_change_nothing():
    plain, spelt_out = small(), small()
    first, _ = train(plain, *stripes(), **SETTINGS)
    off = {"weight_decay": 0.0, "label_smoothing": 0.0, "averaging": 0.0, "balance": 0.0, "patience": None, "parts": 1}
    off |= {"keep": "best"}
    second, _ = train(spelt_out, *stripes(), schedule=schedules.constant(), augment=None, **off, **SETTINGS)
    assert first == second


def test_the_average_of_the_weights_is_what_is_measured_and_left(tmp_path):
    model, validation = small(dropout_keep_prob=1.0), stripes(50, 1)
    history, _ = train(model, *stripes(96), validation=validation, save_to=tmp_path, averaging=0.9, **SETTINGS)
    averaged = weights_of(model)
    best = max(history, key=lambda row: (row["valid_accuracy"], -row["valid_loss"]))
    np.testing.assert_allclose(
        best["valid_loss"], scores.cross_entropy(logits(model, validation[0]), validation[1]), rtol=1e-5
    )
    model.load_weights(tmp_path / "epoch_003.weights.h5")
    assert not all(np.allclose(*pair) for pair in zip(averaged, weights_of(model), strict=True))


def test_the_average_is_that_of_the_formula():
    steps, kept = 3, None
    for count in range(steps + 1):  # one batch an epoch: the weights after each step
        model = small(dropout_keep_prob=1.0)
        train(model, *stripes(32), **SETTINGS | {"epochs": count or 1, "learning_rate": 0.01 if count else 1e-30})
        now = weights_of(model)
        share = min(0.5, (1 + count) / (10 + count))
        kept = now if kept is None else [share * old + (1 - share) * new for old, new in zip(kept, now, strict=True)]
    model = small(dropout_keep_prob=1.0)
    train(model, *stripes(32), averaging=0.5, **SETTINGS | {"epochs": steps, "learning_rate": 0.01})
    for found, expected in zip(weights_of(model), kept, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_stopped_training_with_everything_on_goes_on_as_if_it_had_not_stopped(tmp_path):
    everything = {
        "weight_decay": 0.01,
        "label_smoothing": 0.1,
        "averaging": 0.9,
        "balance": 0.5,
        "schedule": schedules.cosine(warmup=0.5, last=0.01),
        "augment": lambda images, labels, seed: (images + tf.random.stateless_normal(tf.shape(images), seed), labels),
    }
    whole = small()
    expected, _ = train(whole, *stripes(), **everything, **SETTINGS)

    def stop(row):
        if row["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(small(), *stripes(), checkpoint=tmp_path / "state.npz", report=stop, **everything, **SETTINGS)
    model = small()
    found, _ = train(model, *stripes(), checkpoint=tmp_path / "state.npz", **everything, **SETTINGS)
    assert found == expected
    assert all(np.array_equal(*pair) for pair in zip(weights_of(model), weights_of(whole), strict=True))


def test_training_stops_when_it_has_not_got_better_for_long_enough():
    features, labels = stripes(40)
    noise = np.random.default_rng(0).normal(size=(30, 16, 16)).astype(np.float32), np.arange(30) % 3
    history, _ = train(small(), features, labels, validation=noise, patience=2, **SETTINGS | {"epochs": 60})
    best = max(range(len(history)), key=lambda i: (history[i]["valid_accuracy"], -history[i]["valid_loss"], -i))
    assert len(history) - 1 == best + 2 < 60


def test_the_weights_of_the_best_epoch_or_of_the_last_are_left(tmp_path):
    noise = np.random.default_rng(0).normal(size=(30, 16, 16)).astype(np.float32), np.arange(30) % 3
    for keep in ("best", "last"):
        model, settings = small(), SETTINGS | {"epochs": 12, "learning_rate": 0.01}
        history, softmax = train(model, *stripes(40), validation=noise, keep=keep, save_to=tmp_path, **settings)
        best = max(history, key=lambda row: (row["valid_accuracy"], -row["valid_loss"]))["epoch"]
        assert 0 < best < 12
        np.testing.assert_allclose(softmax, scores.softmax(logits(model, noise[0])), rtol=1e-5)
        left = weights_of(model)
        model.load_weights(tmp_path / f"epoch_{best if keep == 'best' else 12:03}.weights.h5")
        assert all(np.array_equal(*pair) for pair in zip(left, weights_of(model), strict=True))


def test_smoothed_labels_keep_a_network_from_being_too_sure():
    costs = {}
    for smoothing in (0.0, 0.3):
        model = small(dropout_keep_prob=1.0)
        train(model, *stripes(300), label_smoothing=smoothing, **SETTINGS | {"epochs": 25, "learning_rate": 0.01})
        costs[smoothing] = scores.softmax(logits(model, stripes(300)[0])).max(axis=1).mean()
    assert costs[0.0] > 0.97
    assert 0.7 < costs[0.3] < 0.9  # 1 - 0.3 + 0.3 / 3 = 0.8


def test_weight_decay_shrinks_kernels_and_no_biases():
    plain, shrunk = small(), small()
    train(plain, *stripes(), **SETTINGS | {"epochs": 1})
    train(shrunk, *stripes(), weight_decay=5.0, **SETTINGS | {"epochs": 1})
    for one, other in zip(plain.weights, shrunk.weights, strict=True):
        if len(one.shape) > 1:
            assert np.square(other).sum() < 0.97 * np.square(one).sum()

import hashlib
import json
import zipfile

import keras
import numpy as np
import pytest

from signs.data import classes
from signs.data.classes import Classes, SignClass
from signs.networks import store
from signs.networks.lenet import LeNet
from signs.networks.store import Model

CLASSES = Classes((SignClass(3, "Yield", "photographs"), SignClass(7, "Stop", "photographs")))
METADATA = {
    "preprocess": {"central_fraction": 1.0, "grey": True, "normalize": True, "min_brightness": None},
    "image_shape": [16, 16, 1],
    "data": "0" * 64,
    "images": {"train": 5, "valid": 1, "test": 2},
    "train": {"seed": 1},
    "instructions": "portable",
    "weights": 100,
    "temperature": 1.0,
}


def built(network, shape=(16, 16, 1)):
    network(np.zeros((1, *shape), dtype=np.float32))
    return network


def made(seed=0):
    keras.utils.set_random_seed(seed)
    return Model(built(LeNet(2, depths=[2, 3, 5, 4])), CLASSES, METADATA)


def images():
    return np.random.default_rng(0).uniform(-1, 1, (5, 16, 16, 1)).astype(np.float32)


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_model_comes_back_as_it_was(tmp_path):
    model = made()

    store.write(tmp_path / "model", model)
    read = store.read(tmp_path / "model")

    np.testing.assert_array_equal(read.logits(images()), model.logits(images()))
    assert (read.classes, read.metadata) == (CLASSES, METADATA)


def test_logits_are_divided_by_the_temperature():
    plain, tempered = made(), made()
    tempered = Model(tempered.network, CLASSES, METADATA | {"temperature": 2.0})
    np.testing.assert_allclose(tempered.logits(images()) * 2, plain.logits(images()), rtol=1e-6)


def test_no_images_have_no_logits():
    assert made().logits(images()[:0]).shape == (0, 2)


def test_more_images_than_a_batch_and_uint8_images_have_their_logits(monkeypatch):
    model = made()
    monkeypatch.setattr(store, "BATCH_SIZE", 2)
    numbers = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 1), dtype=np.uint8)
    one_by_one = np.concatenate([model.logits(image[np.newaxis]) for image in numbers])
    np.testing.assert_allclose(model.logits(numbers), one_by_one, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(one_by_one, model.network(numbers.astype(np.float32)), rtol=1e-4, atol=1e-3)


def test_keras_itself_reads_the_network(tmp_path):
    store.write(tmp_path / "model", made())
    network = keras.models.load_model(tmp_path / "model" / "model.keras")
    np.testing.assert_allclose(network(images()), made().logits(images()), rtol=1e-5, atol=1e-6)


def test_the_same_model_gives_the_same_bytes(tmp_path):
    for name in ("one", "two"):
        store.write(tmp_path / name, made())
    for file in ("model.keras", "model.json", classes.FILE_NAME):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_nothing_in_a_model_says_when_or_where_it_was_made(tmp_path):
    store.write(tmp_path / "model", made())
    with zipfile.ZipFile(tmp_path / "model" / "model.keras") as archive:
        assert {member.date_time[0] for member in archive.infolist()} == {1980}
        assert json.loads(archive.read("metadata.json")).keys() == {"keras_version"}
        assert str(tmp_path) not in archive.read("config.json").decode()


def test_images_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"images are \(8, 8, 1\); the model was trained on \(16, 16, 1\)"):
        made().logits(np.zeros((1, 8, 8, 1), dtype=np.float32))


@pytest.mark.parametrize("file", ["model.keras", "model.json", classes.FILE_NAME])
def test_a_missing_or_damaged_file_is_named(tmp_path, file):
    store.write(tmp_path / "model", made())
    (tmp_path / "model" / file).write_bytes(b"\x00\x01 not what it should be")
    with pytest.raises(ValueError, match=file):
        store.read(tmp_path / "model")
    (tmp_path / "model" / file).unlink()
    with pytest.raises(ValueError, match=file):
        store.read(tmp_path / "model")


def test_a_keras_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save(path)
    with pytest.raises(ValueError, match=r"holds a Sequential; expected a network of signs\.networks"):
        store.read_network(path)


def test_a_keras_file_with_code_in_it_is_refused_and_not_run(tmp_path):
    trace = tmp_path / "trace"
    inner = keras.layers.Lambda(lambda tensor, path=str(trace): (open(path, "w").close(), tensor)[1])  # noqa: PTH123
    keras.Sequential([keras.Input((3,)), inner]).save(tmp_path / "model.keras")
    trace.unlink(missing_ok=True)
    with pytest.raises(ValueError, match="is not a readable Keras model"):
        store.read_network(tmp_path / "model.keras")
    assert not trace.exists()


def test_an_earlier_model_of_the_same_classes_gives_its_weights(tmp_path):
    store.write(tmp_path / "model", made())
    path = tmp_path / "model" / "model.keras"
    weights = store.earlier_weights(path, sha256(path).upper(), CLASSES, like=made(seed=5).network)
    assert all(map(np.array_equal, weights, made().network.get_weights()))


@pytest.mark.parametrize("names", [("Stop", "Parking"), ("Yield", "Stop", "Parking")])
def test_an_earlier_model_of_other_classes_gives_its_body_alone(tmp_path, names):
    store.write(tmp_path / "model", made())
    path = tmp_path / "model" / "model.keras"
    other = Classes(tuple(SignClass(id, name, "photographs") for id, name in enumerate(names)))
    like = built(LeNet(len(names), depths=[2, 3, 5, 4]))
    *body, kernel, bias = store.earlier_weights(path, sha256(path), other, like=like)
    assert all(map(np.array_equal, body, made().network.get_weights()[:-2]))
    assert all(map(np.array_equal, (kernel, bias), like.get_weights()[-2:]))


def test_an_earlier_model_is_refused_if_it_is_not_what_it_should_be(tmp_path):
    store.write(tmp_path / "model", made())
    path, network = tmp_path / "model" / "model.keras", made().network
    with pytest.raises(ValueError, match=f"has SHA-256 {sha256(path)}, params.yaml says {'0' * 64}"):
        store.earlier_weights(path, "0" * 64, CLASSES, network)
    with pytest.raises(ValueError, match=r"none\.keras is missing"):
        store.earlier_weights(tmp_path / "none.keras", "0" * 64, CLASSES, network)
    other = built(LeNet(2, depths=[2, 3, 5, 8]))
    with pytest.raises(
        ValueError, match=r"is .*'depths': \(2, 3, 5, 4\).*, train\.network is .*'depths': \(2, 3, 5, 8\)"
    ):
        store.earlier_weights(path, sha256(path), CLASSES, other)
    for shape in ((20, 20, 1), (16, 16, 3)):
        with pytest.raises(ValueError, match="was trained on images of another shape"):
            store.earlier_weights(path, sha256(path), CLASSES, built(LeNet(2, depths=[2, 3, 5, 4]), shape))


@pytest.mark.parametrize("weight", [np.nan, np.inf, -1e30])
def test_weights_that_no_training_gives_are_refused(tmp_path, weight):
    model = made()
    model.network.layer_3.bias.assign(np.full(5, weight, np.float32))
    store.write(tmp_path / "model", model)
    with pytest.raises(ValueError, match=r"model\.keras has weights that are not finite, or beyond 1e\+09; dvc"):
        store.read(tmp_path / "model")


def test_logits_that_are_not_finite_are_refused():
    model = made()
    model.network.layer_4.bias.assign(np.full(4, 1e9, np.float32))
    model.network.layer_5.weight.assign(np.full((4, 2), 1e30, np.float32))
    with pytest.raises(ValueError, match="the model gives logits that are not finite"):
        model.logits(images())


def test_a_network_that_claims_more_weights_than_its_file_holds_is_refused_before_they_are_made(tmp_path):
    store.write(tmp_path / "model", made())
    path = tmp_path / "model" / "model.keras"
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(members["config.json"])
    config["config"]["depths"] = [2, 3, 60_000, 60_000]
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with pytest.raises(ValueError, match=r"it claims 3,60\d,\d{3},\d{3} weights, and holds [0-9,]+ bytes of them"):
        store.read(tmp_path / "model")

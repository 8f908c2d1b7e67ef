"""The stage `export`, run as DVC runs it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from signs.data import datasets
from signs.data.classes import Classes, SignClass
from signs.data.datasets import DataSet
from signs.data.splits import Split
from signs.deployment import model_file
from signs.networks import store
from signs.networks.lenet import LeNet
from signs.networks.store import Model
from signs.preparation.preprocessing import converter

ROOT = Path(__file__).parents[2]
ORIGINAL = Classes((SignClass(3, "Yield", "photographs"), SignClass(7, "Stop", "photographs")))
AUGMENTED = Classes((*ORIGINAL.rows, SignClass(8, "Parking", "synthetic")))
PREPROCESS = {"central_fraction": 0.8, "grey": True, "normalize": True, "min_brightness": None}


def dataset(classes, count):
    rng = np.random.default_rng(len(classes))
    splits = [
        Split(rng.integers(0, 256, (count, 16, 16, 3), dtype=np.uint8), np.resize(classes.ids, count)) for _ in range(3)
    ]
    return DataSet(*splits, classes)


def write_model(folder, classes, test):
    keras.utils.set_random_seed(0)
    network = LeNet(len(classes), (2, 3, 5, 4), 1.0)
    network(np.zeros((1, 16, 16, 1), np.float32))
    shared = {"image_shape": [16, 16, 1], "temperature": 0.5, "data": "0" * 64, "instructions": "portable"}
    counts = {"images": {"train": 12, "valid": 12, "test": 12}, "train": {}, "weights": 5}
    model = Model(network, classes, {"preprocess": PREPROCESS} | shared | counts)
    store.write(folder, model)
    answers = model.logits(converter(PREPROCESS)(test.features)).argmax(axis=1)
    return float(np.mean(classes.ids[answers] == test.labels))


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A folder with data sets, a model of each, and metrics; `accuracy` holds the right figures."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "params.yaml").write_bytes((ROOT / "params.yaml").read_bytes())
    original, synthetic = dataset(ORIGINAL, 12), dataset(Classes(AUGMENTED.rows[2:]), 6)
    datasets.write(folder / "data" / "original", original)
    datasets.write(folder / "data" / "synthetic", synthetic)
    both = Split(
        np.concatenate([original.test.features, synthetic.test.features]),
        np.concatenate([original.test.labels, synthetic.test.labels]),
    )
    accuracy = {
        "original": write_model(folder / "models" / "original", ORIGINAL, original.test),
        "augmented": write_model(folder / "models" / "augmented", AUGMENTED, both),
    }
    split = {"accuracy": 0.5, "loss": 1.0}
    accepted = {"target_accuracy": 0.9, "threshold": 0.75}
    test = split | {"macro_f1": 0.5, "calibration_error": 0.1, "accepted": accepted}
    metrics = {"train": split, "valid": split, "test": test, "images": "photographs"}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "accuracy.json").write_text(json.dumps(accuracy))
    return folder


def export(project, name, added, out):
    paths = ["data/original", f"data/{added}", f"models/{name}", "metrics.json", out, f"{out}.json"]
    command = [sys.executable, "-m", "stages", "export", *paths]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads((project / f"{out}.json").read_text())


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_same_model_gives_the_same_bytes(project):
    compared = [export(project, "original", "original", out) for out in ("one", "two")]
    assert compared[0] == compared[1]
    assert contents(project / "one") == contents(project / "two")
    for content in contents(project / "one").values():
        assert str(project).encode() not in content
    assert compared[0]["keras"]["accuracy"] == json.loads((project / "accuracy.json").read_text())["original"]


def test_a_model_of_added_classes_is_measured_on_their_images_too(project):
    compared = export(project, "augmented", "synthetic", "augmented")
    assert (compared["images"], compared["onnx"]["equal_answers"]) == (18, 1.0)
    assert compared["keras"]["accuracy"] == json.loads((project / "accuracy.json").read_text())["augmented"]
    described = model_file.read(project / "augmented" / "model_int8.tflite", threads=1).description
    assert described.names == ["Yield", "Stop", "Parking"]

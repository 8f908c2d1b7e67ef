import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tests.test_training import stripes

from signs.core import params
from signs.data import datasets
from signs.data.classes import of_labels
from signs.data.datasets import DataSet, Split
from signs.training import checkpoints
from signs.training.fitting import fit

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "stages.train", "data", "models/original", "history.csv"]


@pytest.fixture
def project(tmp_path):
    """A folder with the stages, a data set of ids 2, 4, 6 and params.yaml for a short training."""
    for name in ("signs", "stages", "requirements.lock"):
        (tmp_path / name).symlink_to(ROOT / name)
    splits = []
    for seed, count in enumerate((400, 60, 60)):
        features, labels = stripes(count, seed)
        splits.append(Split(features.clip(-1, 1)[..., np.newaxis], 2 * labels + 2))
    datasets.write(tmp_path / "data", DataSet(*splits, of_labels(splits[0].labels)))
    text = (
        (ROOT / "params.yaml")
        .read_text()
        .replace("epochs: 100", "epochs: 12")
        .replace("batch_size: 1024", "batch_size: 8")
    )
    (tmp_path / "params.yaml").write_text(text)
    return tmp_path


def digests(project):
    files = [project / "history.csv", *sorted((project / "models/original").iterdir())]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def epochs_kept(project):
    states = [checkpoints.read(path) for path in project.glob("logs/original/state-*.npz")]
    return len(states[0].history) - 1 if states and states[0] else -1


def edit(project, old, new):
    text = (project / "params.yaml").read_text()
    assert old in text
    (project / "params.yaml").write_text(text.replace(old, new))


def test_a_killed_run_goes_on_and_ends_in_the_same_bytes(project):
    subprocess.run(COMMAND, cwd=project, check=True, capture_output=True)
    whole = digests(project)
    subprocess.run(["rm", "-r", "models", "history.csv", "logs"], cwd=project, check=True)

    killed = subprocess.Popen(COMMAND, cwd=project, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while epochs_kept(project) < 3:
        assert killed.poll() is None, "it ended before it was killed"
        time.sleep(0.01)
    os.kill(killed.pid, signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    assert not (project / "models/original").exists()
    resumed = subprocess.run(COMMAND, cwd=project, check=True, capture_output=True, text=True)

    assert digests(project) == whole
    assert not list(project.glob("logs/original/*state-*"))
    assert "12/12" in resumed.stderr
    assert " 1/12" not in resumed.stderr


def test_every_setting_but_the_default_trains_in_a_process_of_its_own(project):
    for old, new in {
        "epochs: 12": "epochs: 3",
        "name: lenet": "name: convnet",
        "[[32, 32], [64, 64], [160, 160, 160]]": "[[4], [6, 6]]",
        "spatial_transformer: false": "spatial_transformer: true",
        "name: none": "name: camera",
        "name: constant": "name: cosine",
        "averaging: 0.0": "averaging: 0.9",
        "balance: 0.0": "balance: 0.5",
        "margin: 0.0": "margin: 3.0",
        "weight_decay: 0.0": "weight_decay: 0.01",
        "label_smoothing: 0.0": "label_smoothing: 0.1",
        "keep: best": "keep: last",
    }.items():
        edit(project, old, new)
    subprocess.run(COMMAND, cwd=project, check=True, capture_output=True)
    before = digests(project)
    subprocess.run(["rm", "-r", "models", "history.csv", "logs"], cwd=project, check=True)
    subprocess.run(COMMAND, cwd=project, check=True, capture_output=True)
    assert digests(project) == before


def test_beside_the_model_lies_what_a_prediction_needs(project):
    edit(project, "epochs: 12", "epochs: 1")
    subprocess.run(COMMAND, cwd=project, check=True, capture_output=True)
    model = project / "models/original"
    assert (model / "signnames.csv").read_text().splitlines()[1:] == [f"{id},{id},photographs" for id in (2, 4, 6)]
    card = (model / "model.json").read_text()
    assert '"grey": true' in card
    assert datasets.digest(project / "data") in card
    assert "events.out.tfevents" in " ".join(path.name for path in (project / "logs/original").iterdir())
    header, *rows = (project / "history.csv").read_text().splitlines()
    assert header == "epoch,train_accuracy,train_loss,valid_accuracy,valid_loss,squared_change"
    assert [row.split(",")[0] for row in rows] == ["0", "1"]


def test_training_goes_on_from_an_earlier_model_of_the_same_classes_only(project):
    edit(project, "epochs: 12", "epochs: 2")
    subprocess.run(COMMAND, cwd=project, check=True, capture_output=True)
    last = (project / "history.csv").read_text().splitlines()
    (project / "models/original").rename(project / "earlier")
    sha256 = hashlib.sha256((project / "earlier/model.keras").read_bytes()).hexdigest()
    edit(project, "original: null", f"original: {{path: earlier/model.keras, sha256: {sha256}}}")

    subprocess.run(COMMAND, cwd=project, check=True, capture_output=True)
    first = (project / "history.csv").read_text().splitlines()[1]
    assert first.split(",")[1:5] in [line.split(",")[1:5] for line in last]
    card = json.loads((project / "models/original/model.json").read_text())
    assert card["train"]["load_from"] == sha256

    names = project / "earlier/signnames.csv"
    names.write_text(names.read_text().replace("6,6,", "5,5,"))
    refused = subprocess.run(COMMAND, cwd=project, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "only a model of the same classes can go on" in refused.stderr.splitlines()[-1]
    assert "Traceback" not in refused.stderr


def test_the_settings_of_a_training_are_the_section_train():
    section = params.load("train")
    assert section.keys() == params.settings(fit)
    assert section["load_from"].keys() == {"original", "augmented"}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"epochs": 0}, "train.epochs is 0; Input should be greater than or equal to 1"),
        ({"epochs": "many"}, "train.epochs is 'many'; Input should be a valid integer"),
        ({"epoch": 25}, "train.epoch is unknown; train takes augmentation, averaging, balance"),
        ({"l1": True}, "train.l1 is True; a number is expected, not a bool"),
        ({"l2": -1}, "train.l2 is -1; Input should be greater than or equal to 0"),
        ({"learning_rate": 0}, "train.learning_rate is 0; Input should be greater than 0"),
        ({"load_from": {"path": "model.keras"}}, "train.load_from.sha256 is missing"),
        ({"network": {"name": "lenin"}}, "train.network.name is 'lenin'; it may be lenet"),
        ({"network": {"name": "lenet"}}, "train.network.lenet is missing"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path, changed, message):
    settings = params.load("train") | {"load_from": None} | changed
    features, labels = stripes(10)
    split = Split(features[..., np.newaxis], labels)
    with pytest.raises(ValueError, match=re.escape(message)):
        fit(DataSet(split, split, split, of_labels(labels)), "", {}, tmp_path, **settings)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("epochs: 12", "epochs: 0", "train.epochs is 0"),
        ("    original: null\n    augmented: null", "    earlier", "train.load_from is 'earlier'"),
        ("  load_from:", "  load:", "train.load is unknown"),
    ],
)
def test_a_wrong_setting_stops_the_stage_in_one_line(project, old, new, said):
    edit(project, old, new)
    stopped = subprocess.run(COMMAND, cwd=project, capture_output=True, text=True, check=False)
    assert stopped.returncode == 1
    assert said in stopped.stderr.splitlines()[-1]
    assert "Traceback" not in stopped.stderr

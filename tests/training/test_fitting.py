"""The stage `train` in processes of its own, on a small data set."""

import dataclasses
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from projects import variables

from benchmarks.project import change
from signs.core import processor
from signs.data import classes, datasets
from signs.data.datasets import DataSet
from signs.data.shards import collected
from signs.data.splits import Split, joined
from signs.networks import store
from signs.training import calibration, checkpoints
from tests.stripes import stripes

ROOT = Path(__file__).parents[2]
COMMAND = ["python", "-m", "stages", "train", "data", "models/original", "history.csv"]
EPOCHS = 12


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A project with a data set of ids 2, 4, 6, after a short training."""
    project = tmp_path_factory.mktemp("project")
    for name in ("signs", "stages"):
        shutil.copytree(ROOT / name, project / name)
    for name in ("params.yaml", "requirements.lock"):
        shutil.copy(ROOT / name, project)
    splits = []
    for seed, count in enumerate((400, 60, 60)):
        features, indices = stripes(count, seed)
        splits.append(Split(features.clip(-1, 1)[..., np.newaxis], 2 * indices + 2))
    datasets.write(project / "data", DataSet(*splits, classes.classes_from_labels(splits[0].labels)))
    change(project, "train", epochs=EPOCHS, batch_size=8)
    train(project)
    return project


@pytest.fixture
def project(trained, tmp_path):
    """The same project before its training."""
    outputs = shutil.ignore_patterns("models", "logs", "history.csv")
    return shutil.copytree(trained, tmp_path / "project", ignore=outputs)


def train(project, code=0):
    done = subprocess.run(COMMAND, cwd=project, env=variables(), capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def digests(project):
    files = [project / "history.csv", *sorted((project / "models/original").iterdir())]
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def metadata(project):
    return json.loads((project / "models/original/model.json").read_text())


def states(project):
    return list(project.glob("logs/original/state-*"))


def started(project, epochs):
    """A training of its own, once its checkpoint holds as many epochs."""
    running = subprocess.Popen(
        COMMAND, cwd=project, env=variables(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    while not any((state := checkpoints.read(path)) and len(state.history) > epochs for path in states(project)):
        assert running.poll() is None, "it ended too early"
        time.sleep(0.01)
    return running


def ended(running):
    """Exit code and last line of a training."""
    _, errors = running.communicate(timeout=120)
    return running.returncode, errors.splitlines()[-1]


def kill_after(project, epochs):
    with started(project, epochs) as running:
        os.kill(running.pid, signal.SIGKILL)
    assert running.wait() == -signal.SIGKILL


def edit(file):
    file.write_text(file.read_text() + "# edited\n")


def test_a_killed_run_continues_unless_code_that_it_depends_on_was_edited(trained, project):
    kill_after(project, 3)
    assert not (project / "models/original").exists()
    shutil.copytree(project / "logs", project / "kept")

    edit(project / "signs/report/page.py")
    progress = train(project)
    assert f"{EPOCHS}/{EPOCHS}" in progress
    assert f" 1/{EPOCHS}" not in progress
    assert digests(project) == digests(trained)
    assert not states(project)

    shutil.copytree(project / "kept", project / "logs", dirs_exist_ok=True)
    edit(project / "signs/training/loop.py")
    assert f" 1/{EPOCHS}" in train(project)
    assert digests(project) == digests(trained)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("params.yaml", "seed: 1\n  shards", "seed: 2\n  shards", "changed while this ran: train.seed was 1 and is 2"),
        ("signs/training/loop.py", "import numpy as np", "import cmath, numpy as np", "changed while this ran; dvc"),
    ],
)
def test_a_training_fails_once_its_settings_or_code_change_and_continues_once_they_are_back(
    trained, project, file, old, new, said
):
    before = (project / file).read_text()
    running = started(project, 2)
    (project / file).write_text(before.replace(old, new))
    assert (project / file).read_text() != before
    number, line = ended(running)
    assert number == 1
    assert line.startswith(f"train: {file} {said}")
    assert not (project / "models").exists()

    (project / file).write_text(before)
    assert f" 1/{EPOCHS}" not in train(project)
    assert digests(project) == digests(trained)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_training_and_imports_in_one_line(project, number):
    said = (1, "train: stopped; dvc repro starts it again")
    with subprocess.Popen([sys.executable, *COMMAND[1:]], cwd=project, stderr=subprocess.PIPE, text=True) as importing:
        while "tensorflow" not in Path(f"/proc/{importing.pid}/maps").read_text():
            time.sleep(0.01)
        importing.send_signal(number)
        assert ended(importing) == said
    with started(project, 1) as running:
        running.send_signal(number)
        assert ended(running) == said


def test_a_checkpoint_without_a_history_and_logs_that_cannot_be_written_end_in_one_line(project):
    with started(project, 1) as running:
        running.kill()
    (path,) = states(project)
    checkpoints.write(path, dataclasses.replace(checkpoints.read(path), history=[]))
    *_, line = train(project, code=1).splitlines()
    assert line.startswith(f"train: {path.relative_to(project)} holds no state of a training; delete it")
    shutil.rmtree(project / "logs")
    (project / "logs").touch()
    *_, line = train(project, code=1).splitlines()
    assert line.startswith("train: logs/original cannot be written: Not a directory")


def test_every_setting_that_is_off_by_default_trains_to_the_same_bytes_each_time(project):
    change(
        project,
        "train",
        epochs=2,
        batch_size=64,
        network="convnet",
        augmentation="camera",
        schedule="cosine",
        ema_decay=0.9,
        class_balance_power=0.5,
        unseen_class_margin=3.0,
        weight_decay=0.01,
        label_smoothing=0.1,
        l1=1e-4,
        l2=1e-4,
        patience=2,
        keep="last",
    )
    change(project, "networks.convnet", depths=[[4], [6, 6]], spatial_transformer=True)
    train(project)
    before = digests(project)
    shutil.rmtree(project / "models")
    train(project)
    assert digests(project) == before


def test_beside_the_model_is_what_a_prediction_needs(trained):
    names = (trained / "models/original/signnames.csv").read_text().splitlines()
    assert [line.split(",")[:3] for line in names[1:]] == [[id, id, "photographs"] for id in "246"]
    found = metadata(trained)
    assert found["preprocess"]["grey"] is True
    assert found["data"] == datasets.digest(trained / "data")
    assert found["train"]["network"] == {"name": "lenet", "depths": [10, 20, 200, 100], "dropout_keep_prob": 0.3}
    assert found["instructions"] == processor.instructions()
    assert found["images"] == {"train": 400, "valid": 60, "test": 60}
    assert found["image_shape"] == [16, 16, 1]
    header, *rows = (trained / "history.csv").read_text().splitlines()
    assert header == "epoch,train_accuracy,train_loss,valid_accuracy,valid_loss,squared_change"
    assert [int(row.split(",")[0]) for row in rows] == list(range(EPOCHS + 1))
    assert list(trained.glob("logs/original/events.out.tfevents*"))


def test_a_data_set_in_shards_gives_the_same_network(trained, project):
    whole = datasets.read(project / "data")
    shutil.rmtree(project / "data")
    parts = whole.map(lambda part: part._replace(features=collected([part.images], part.images.shape, np.float32, 70)))
    datasets.write(project / "data", parts)
    assert len(list((project / "data/train").iterdir())) == 6
    train(project)
    network, history = (digests(trained)[name] for name in ("model.keras", "history.csv"))
    assert (digests(project)["model.keras"], digests(project)["history.csv"]) == (network, history)
    assert metadata(project) == metadata(trained) | {"data": datasets.digest(project / "data")}


def test_a_refit_learns_what_a_training_on_all_images_learns_and_takes_its_calibration_over(project):
    change(project, "train", epochs=2, keep="last")
    change(project, "train.refit.original", temperature=0.8, threshold=0.3)
    train(project)
    network, found = digests(project)["model.keras"], metadata(project)
    assert found["temperature"] == 0.8
    assert found["images"] == {"train": 460, "valid": 0, "test": 60}
    header, *_ = (project / "history.csv").read_text().splitlines()
    assert header == "epoch,train_accuracy,train_loss,squared_change"

    held = datasets.read(project / "data")
    datasets.write(project / "data", dataclasses.replace(held, train=joined([held.train, held.valid])))
    change(project, "train.refit.original", temperature=None, threshold=None)
    shutil.rmtree(project / "models")
    train(project)
    assert digests(project)["model.keras"] == network


def test_training_continues_from_an_earlier_model_and_keeps_its_body_for_other_classes(trained, project):
    earlier = shutil.copytree(trained / "models/original", project / "earlier")
    sha256 = hashlib.sha256((earlier / "model.keras").read_bytes()).hexdigest()
    change(project, "train", epochs=1)
    change(project, "load_from", original={"path": "earlier/model.keras", "sha256": sha256, "body_rate": 0.0})
    train(project)
    first = (project / "history.csv").read_text().splitlines()[1]
    assert first.split(",")[1:5] in [row.split(",")[1:5] for row in (trained / "history.csv").read_text().splitlines()]
    assert metadata(project)["train"]["load_from"] == {"sha256": sha256, "body_rate": 0.0}

    names = earlier / "signnames.csv"
    names.write_text(names.read_text().replace("6,6,", "5,5,"))
    assert "other classes; the last layer starts anew" in train(project)
    before, after = (store.read(folder / "models/original").network for folder in (trained, project))
    assert np.array_equal(before.layer_1.weight, after.layer_1.weight)  # body_rate is 0
    assert not np.allclose(before.layer_5.weight, after.layer_5.weight, atol=0.05)


@pytest.mark.skipif(not processor.computes_in_bfloat16(), reason="this processor does not compute in bfloat16")
def test_a_model_trained_in_bfloat16_is_calibrated_in_float32_as_it_is_read(project):
    change(project, "train", epochs=3, dtype="bfloat16")
    settings = project / "params.yaml"
    settings.write_text(settings.read_text().replace("native: false", "native: true"))
    train(project)
    assert metadata(project)["instructions"] == "native"
    model, valid = store.read(project / "models/original"), datasets.read(project / "data").valid
    assert model.network.compute_dtype == "float32"
    temperature = metadata(project)["temperature"]
    logits = model.logits(valid.features) * temperature
    found = calibration.temperature(logits, classes.indices(valid.labels, model.classes.ids))
    assert found == pytest.approx(temperature, rel=1e-3)


def test_a_network_that_does_not_fit_in_memory_is_refused_before_it_is_made(project):
    change(project, "train", network="convnet")
    change(project, "networks.convnet", depths=[[60_000, 60_000]])
    (line,) = [line for line in train(project, code=1).splitlines() if line.startswith("train: ")]
    assert "training convnet with 32," in line
    assert "lower networks.convnet.depths or train.batch_size" in line


def test_a_setting_that_does_not_fit_the_data_stops_the_stage_in_one_line(project):
    grey = datasets.read(project / "data").map(lambda split: split._replace(features=split.features.astype(np.uint8)))
    datasets.write(project / "data", grey)
    change(project, "train", augmentation="camera")
    *_, line = train(project, code=1).splitlines()
    assert line.startswith("train: train.augmentation needs images in [-1, 1]; set preprocess.normalize to true")

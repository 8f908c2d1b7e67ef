"""The whole pipeline, run by DVC itself on a tiny data set."""

import hashlib
import json
import shutil
from collections import Counter

import numpy as np
import pytest
from projects import change, commit, metrics, run, stages_run

from signs.evaluation.corruption import CORRUPTIONS

MODELS = ("original", "augmented")
SHORTER = ("-n", "short", "-S", "train.epochs=1", "-S", "train.seed=2")


@pytest.fixture(scope="module")
def experiment(finished, tmp_path_factory):
    """A copy of the finished project after an experiment with fewer epochs and another seed, and what DVC printed."""
    project = shutil.copytree(finished, tmp_path_factory.mktemp("experiment") / "project", symlinks=True)
    return project, run(project, "dvc", "exp", "run", *SHORTER, "card@original", "diagnose@original")


def test_a_second_run_finds_everything_up_to_date(finished):
    output = run(finished, "dvc", "repro")
    assert stages_run(output) == set()
    assert "up to date" in output
    assert run(finished, "git", "status", "--porcelain") == ""


def test_the_metrics_have_their_form(finished):
    for name in ("original", "augmented"):
        found = metrics(finished, name)
        assert found.keys() == {"train", "valid", "test", "images", "calibration"}
        assert found["calibration"]["temperature"] > 0
        assert found["calibration"].get("threshold") == found["test"]["accepted"].get("threshold")
        for split in ("train", "valid", "test"):
            assert 0 <= found[split]["accuracy"] <= 1
            assert found[split]["loss"] > 0
        assert {"macro_f1", "calibration_error", "accepted"} <= found["test"].keys()
        stress = json.loads((finished / "metrics" / name / "stress.json").read_text())
        shares = [*stress["corrupted"].values(), *stress.get("turned_away", {}).values()]
        assert len(shares) == len(CORRUPTIONS) + 1 + 3 * ("threshold" in found["test"]["accepted"])
        assert all(0 <= share <= 1 for share in shares)
    assert metrics(finished, "original")["images"] == "rendered"
    parts = metrics(finished, "augmented")["test"]
    assert {"accuracy"} == parts["original"].keys() == parts["synthetic"].keys()


def test_the_probabilities_are_kept_beside_their_labels(finished):
    for name, classes in (("original", 43), ("augmented", 48)):
        with np.load(finished / "predictions" / f"{name}.npz") as file:
            kept = {"ids", "valid_softmax", "valid_labels", "test_softmax", "test_labels", "mistaken", "heatmaps"}
            assert set(file.files) == kept
            is_wrong = file["ids"][file["test_softmax"].argmax(axis=1)] != file["test_labels"]
            assert np.array_equal(file["mistaken"], np.flatnonzero(is_wrong))
            assert len(file["heatmaps"]) == is_wrong.sum()
            assert file["ids"].tolist() == list(range(classes))
            accuracy = np.mean(file["ids"][file["test_softmax"].argmax(axis=1)] == file["test_labels"])
        np.testing.assert_allclose(accuracy, metrics(finished, name)["test"]["accuracy"])


def test_each_model_has_its_card(finished):
    for name, classes in (("original", 43), ("augmented", 48)):
        text = (finished / "models" / f"{name}.md").read_text()
        assert f"into {classes} classes" in " ".join(text.split())
        assert f"| accuracy | {100 * metrics(finished, name)['test']['accuracy']:.2f} |" in text
        assert ("test images of the synthetic classes are synthetic" in text) == (name == "augmented")


def test_two_clones_end_in_the_same_bytes(finished, tmp_path):
    first = run(finished, "git", "rev-list", "--max-parents=0", "HEAD").strip()
    run(tmp_path, "git", "clone", "-q", finished, "clone")
    run(tmp_path / "clone", "git", "checkout", "-q", first)

    run(tmp_path / "clone", "dvc", "repro", "evaluate@augmented")
    for path in ("metrics/augmented.json", "models/augmented/model.keras", "predictions/augmented.npz"):
        assert (tmp_path / "clone" / path).read_bytes() == (finished / path).read_bytes()


def test_other_epochs_only_train_and_evaluate_anew(experiment):
    _, output = experiment
    assert stages_run(output) == {f"{stage}@original" for stage in ("train", "evaluate", "stress", "card", "diagnose")}


def test_another_synthesis_leaves_the_original_alone(project):
    change(project, "synthesize", seed=2)
    shutil.copy(project / "data/new_signs/parking.svg", project / "data/new_signs/parking_area.svg")
    after = {"synthesize", "preprocess@synthetic", "merge", "train@augmented", "evaluate@augmented"}
    assert stages_run(run(project, "dvc", "repro", "evaluate@original", "evaluate@augmented")) == after
    assert "47,Parking area,synthetic" in (project / "models/augmented/signnames.csv").read_text()


def test_the_commands_of_dvc_work(experiment, tmp_path):
    project, _ = experiment
    shown = json.loads(run(project, "dvc", "exp", "show", "--json"))
    assert "short" in json.dumps(shown)
    compared = json.loads(run(project, "dvc", "params", "diff", "--json"))
    assert compared["params.yaml"]["train.epochs"] == {"old": 2, "new": 1, "diff": -1}
    compared = json.loads(run(project, "dvc", "metrics", "diff", "--json"))
    assert compared["metrics/original.json"]["test.loss"].keys() == {"old", "new", "diff"}
    run(project, "dvc", "plots", "diff", "HEAD")
    page = (project / "dvc_plots/index.html").read_text()
    assert "valid_accuracy" in page
    assert "squared_change" in page
    commit(shutil.copytree(project, tmp_path / "project", symlinks=True), "Shorter")
    run(tmp_path, "git", "clone", "-q", tmp_path / "project", "clone")
    plots = json.loads(run(tmp_path / "clone", "dvc", "plots", "diff", "HEAD~1", "--json"))["data"]
    for name in MODELS:
        (confusion,) = plots[f"{name} confusion"]
        points = confusion["content"]["data"]["values"]
        shown = Counter(point["rev"] for point in points)
        assert shown.keys() == {"HEAD~1", "workspace"}
        assert shown["HEAD~1"] == shown["workspace"] > 0


def test_after_an_experiment_repro_brings_back_what_was_there(experiment, finished, tmp_path):
    project = shutil.copytree(experiment[0], tmp_path / "project", symlinks=True)
    run(project, "git", "checkout", "-q", ".")
    # DVC keeps runs only of stages whose outputs are all cached.
    measuring = {f"{stage}@original" for stage in ("evaluate", "stress", "card", "export", "diagnose")}
    assert stages_run(run(project, "dvc", "repro")) <= measuring | {"report"}
    assert "up to date" in run(project, "dvc", "status")
    assert run(project, "git", "status", "--porcelain") == ""
    for name in ("models/original/model.keras", "predictions/augmented.npz", "reports/index.html"):
        assert (project / name).read_bytes() == (finished / name).read_bytes()


def test_metrics_and_plots_compare_in_a_clone_without_the_cache(finished, tmp_path):
    run(tmp_path, "git", "clone", "-q", finished, "clone")
    clone = tmp_path / "clone"
    shown = json.loads(run(clone, "dvc", "metrics", "show", "--json"))
    assert shown[""]["data"]["metrics/original.json"]["data"] == metrics(finished, "original")
    run(clone, "dvc", "plots", "show")
    page = (clone / "dvc_plots/index.html").read_text()
    for words in ("valid_loss", "is taken for", "F1 on test images", "by confidence"):
        assert words in page


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["fetch.source=signs", "fetch.url=broken.zip", "fetch.sha256=DIGEST"], "no whole zip archive"),
        (["fetch.source=signs", "fetch.url=broken.zip", f"fetch.sha256={'0' * 64}"], "expected 000000"),
        (["fetch.sample.train=none"], "params.yaml: fetch.sample.train is 'none'; Input should be a valid integer"),
    ],
)
def test_a_failed_run_says_why_and_what_was_there_comes_back(project, settings, message):
    (project / "broken.zip").write_bytes(b"PK\x03\x04 and then nothing")
    digest = hashlib.sha256((project / "broken.zip").read_bytes()).hexdigest()
    before = (project / "data/original/train.p").read_bytes()
    changes = [part for setting in settings for part in ("-S", setting.replace("DIGEST", digest))]

    output = run(project, "dvc", "exp", "run", *changes, code=255)

    said = [line for line in output.splitlines() if line.startswith("fetch: ")]
    assert len(said) == 1
    assert message in said[0]
    assert "dvc repro brings back" in said[0]
    assert "Traceback" not in output
    run(project, "git", "checkout", "-q", ".")
    assert stages_run(run(project, "dvc", "repro")) == set()
    assert (project / "data/original/train.p").read_bytes() == before

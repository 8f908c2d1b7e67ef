import contextlib
import csv
import json
import shutil
import signal
import subprocess
import sys
import time

import clusters
import psutil
import pytest
from projects import change, commit, run, variables

pytestmark = pytest.mark.cluster

SIGNS = (sys.executable, "-m", "signs")
ORIGINAL = ("--target", "evaluate@original")
SPACE = "train.learning_rate: {log: [1e-3, 1e-2]}\ntrain.batch_size: [32, 64]\n"
TUNE = (*SIGNS, "tune", "tune/tiny.yaml", "--trials", "2", "--together", "2")


@pytest.fixture(scope="module")
def cluster():
    with clusters.of_two_nodes() as made:
        yield made


@pytest.fixture(scope="module")
def base(finished, tmp_path_factory):
    """A finished project with a space."""
    project = shutil.copytree(finished, tmp_path_factory.mktemp("cluster") / "base", symlinks=True)
    (project / "tune").mkdir()
    (project / "tune/tiny.yaml").write_text(SPACE)
    change(project, "train", epochs=1)
    commit(project, "Add a space")
    return project


@pytest.fixture
def project(base, tmp_path):
    return shutil.copytree(base, tmp_path / "project", symlinks=True)


def experiments(project):
    """What each experiment measured, by its name."""
    found = run(project, "git", "for-each-ref", "--format=%(refname)", "refs/exps/*/*/*").split()
    return {name.rsplit("/", 1)[1]: run(project, "git", "show", f"{name}:metrics/original.json") for name in found}


def at_work_in(project):
    """The processes of this folder; others on this machine may use Ray, too."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            found += [process] if process.cwd() == str(project) else []
    return found


def is_tidy(project):
    copies = [path.name for path in (project / ".dvc/tmp/exps/standalone").iterdir()]
    return (run(project, "git", "stash", "list"), copies) == ("", ["run"])


def test_seeds_run_side_by_side_give_what_they_give_here_though_a_node_is_killed(cluster, base, project, tmp_path):
    with clusters.killed_at_work(cluster, "stages train"):
        run(project, *SIGNS, "run", "--seeds", "2", "3", *ORIGINAL, RAY_ADDRESS=cluster.address)
    here = shutil.copytree(base, tmp_path / "here", symlinks=True)
    table = run(here, *SIGNS, "run", "--seeds", "2", *ORIGINAL)
    there = experiments(project)
    assert len(there) == 2
    assert experiments(here).items() < there.items()
    assert is_tidy(project)
    assert "; tail -f " in table


def test_trials_are_chosen_on_validation_kept_as_experiments_and_found_again_on_a_cluster(cluster, project):
    said = run(project, *TUNE)
    assert not psutil.wait_procs(at_work_in(project), timeout=20)[1]
    table = (project / "tune/tiny.csv").read_text()
    rows = list(csv.DictReader(table.splitlines()))
    measured = experiments(project)
    assert [row["trial"] for row in rows] == ["1", "2"]
    for row in rows:
        valid = json.loads(measured[row["experiment"]])["valid"]
        assert float(row["valid.accuracy"]) == pytest.approx(valid["accuracy"], abs=1e-5)
        assert 1e-3 <= float(row["train.learning_rate"]) <= 1e-2
        assert row["train.batch_size"] in ("32", "64")
    assert "test" not in table
    best = max(rows, key=lambda row: (float(row["valid.accuracy"]), -float(row["valid.loss"])))
    assert f"dvc exp apply {best['experiment']} takes the best" in said

    (project / "tune/tiny.csv").unlink()
    logs = {path: path.stat().st_mtime for path in (project / "logs/runs").glob("*.log")}
    run(project, *TUNE, RAY_ADDRESS=cluster.address)
    assert (project / "tune/tiny.csv").read_text() == table
    assert logs == {path: path.stat().st_mtime for path in (project / "logs/runs").glob("*.log")}

    run(project, "dvc", "exp", "apply", best["experiment"])
    assert (project / "metrics/original.json").read_text() == measured[best["experiment"]]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_an_ended_search_leaves_no_training_behind_and_the_workspace_as_it_was(project, number):
    with subprocess.Popen(TUNE, cwd=project, env=variables(), stderr=subprocess.PIPE, text=True) as process:
        while not any("Running stage 'train" in log.read_text() for log in (project / "logs/runs").glob("*.log")):
            assert process.poll() is None, process.communicate()
            time.sleep(0.1)
        started = psutil.Process(process.pid).children(recursive=True)
        work = [
            one for one in started if any(clusters.is_called(one, part) for part in ("dvc", "stages", "Func.train"))
        ]
        process.send_signal(number)
        said = process.communicate()[1]
    assert len(work) >= 3
    assert not psutil.wait_procs(work, timeout=60)[1]
    assert is_tidy(project)
    assert not experiments(project)
    if number == signal.SIGINT:
        assert said.splitlines()[-1].startswith("signs tune: stopped; the trials that are done are kept")


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ("train.learning_rate: [0, 0.1]\ntrain.augmentation: [none, cameras]", "train.augmentation is 'cameras'"),
        ("train.seed: [1, 2]", "train.seed is the seed; give it as --seed"),
        ("train.epochs: {integer: [0, 3]}\ntrain.nothing: [1, 2]", "train.nothing is no setting of params.yaml"),
    ],
)
def test_what_cannot_be_tried_is_said_in_one_line_before_anything_runs(project, space, message):
    (project / "tune/tiny.yaml").write_text(space)
    (said,) = run(project, *TUNE, code=1).splitlines()
    assert said.startswith("signs tune: tune/tiny.yaml: train.")
    assert message in said
    assert "greater than" in said or "seed" in said

import json
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from projects import ENVIRONMENT, change, commit, made, run

KEYS = (("test", "accuracy"), ("test", "calibration_error"), ("train", "loss"), ("valid", "accuracy"))
UPPER = ("--target", "evaluate@original")


def seeds(project, *arguments, code=0):
    """What the command says, without and with the lines that say what runs."""
    output = run(project, sys.executable, "-m", "signs.seeds", *arguments, code=code)
    lines = [line for line in output.splitlines() if line]
    return [line for line in lines if "; tail -f " not in line], [line for line in lines if "; tail -f " in line]


def experiments(project):
    """Experiments by name, and the Git references that they are."""
    references = run(project, "git", "for-each-ref", "--format=%(refname)", "refs/exps").split()
    return {reference.rsplit("/", 1)[1]: reference for reference in references}


def state(project):
    files = [project / name for name in ("dvc.lock", "params.yaml", "metrics/original.json")]
    return run(project, "git", "status", "--porcelain"), [file.read_bytes() for file in files]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A project with one seed run in the workspace and a change that is not committed, after two seeds."""
    project = made(tmp_path_factory.mktemp("finished") / "project")
    change(project, "train", epochs=1)
    run(project, "dvc", "repro", "evaluate@original")
    commit(project, "Run")
    change(project, "explore", max_images=5)
    before = state(project)
    table, runs = seeds(project, "2", *UPPER)
    return project, before, table, runs


@pytest.fixture
def project(finished, tmp_path):
    """A copy of that project."""
    return shutil.copytree(finished[0], tmp_path / "project", symlinks=True)


def test_the_table_holds_the_metrics_of_each_seed_their_mean_and_sample_deviation(finished):
    project, _, table, runs = finished
    names = sorted(experiments(project))
    assert [line.split()[0] for line in runs] == names
    assert [name.rsplit("-", 1)[0] for name in names] == ["seed-1", "seed-2"]
    shown = [run(project, "git", "show", f"{experiments(project)[name]}:metrics/original.json") for name in names]
    found = [json.loads(text) for text in shown]
    assert found[0] != found[1]
    assert table[0].split() == ["metrics/original.json", "seed", "1", "seed", "2", "mean", "standard", "deviation"]
    rows = {line.split()[0]: [float(number) for number in line.split()[1:]] for line in table[1:]}
    for split, key in KEYS:
        values = [metric[split][key] for metric in found]
        wanted = [*values, np.mean(values), np.std(values, ddof=1)]
        np.testing.assert_allclose(rows[f"{split}.{key}"], wanted, rtol=1e-4)
    assert "images" not in rows
    assert len({len(line) for line in table}) == 1


def test_each_seed_is_trained_with_the_changes_that_are_not_committed_and_the_workspace_stays(finished):
    project, before, _, _ = finished
    assert state(project) == before
    assert run(project, "git", "stash", "list") == ""
    for name, reference in experiments(project).items():
        params = run(project, "git", "show", f"{reference}:params.yaml")
        assert "max_images: 5" in params
        assert f"seed: {name.split('-')[1]}\n  threads" in params
    assert [path.name for path in (project / ".dvc/tmp/exps/standalone").iterdir()] == ["run"]


def test_the_experiments_are_listed_and_compare(finished):
    project, *_ = finished
    names = sorted(experiments(project))
    assert run(project, "dvc", "exp", "list", "--name-only").split() == names
    verdict = run(project, sys.executable, "-m", "signs.compare", *names)
    assert [line.split(":")[0] for line in verdict.splitlines()[:2]] == names


def test_a_second_run_trains_nothing_even_after_a_commit_that_changes_no_input(project, finished):
    (project / "NOTES.md").write_text("Nothing that a stage reads.\n")
    commit(project, "Notes")
    assert seeds(project, "2", *UPPER) == (finished[2], [])
    table, runs = seeds(project, "1", "--first", "2", "--markdown", *UPPER)
    assert not runs
    assert [cell.strip() for cell in table[0].split("|")[1:-1]] == ["metrics/original.json", "seed 2", "mean"]


def test_another_setting_runs_again_and_what_was_there_stays(project):
    before = experiments(project)
    _, runs = seeds(project, "1", "-S", "evaluate.calibration_bins=5", *UPPER)
    assert len(runs) == 1
    after = experiments(project)
    assert before.items() < after.items()
    (new,) = after.keys() - before.keys()
    lock = run(project, "git", "show", f"{after[new]}:dvc.lock")
    assert "calibration_bins: 5" in lock
    # An experiment that a change came in between is neither shown nor kept.
    (wrong,) = (reference for name, reference in before.items() if name.startswith("seed-2"))
    run(project, "git", "update-ref", wrong, after[new])
    said, _ = seeds(project, "2", *UPPER, code=1)
    assert said == [
        "seeds: code, data or settings changed before seed 2 ran; the same command starts anew",
    ]
    assert experiments(project).keys() == after.keys() - {wrong.rsplit("/", 1)[1]}


def test_code_that_the_metrics_depend_on_counts_and_no_other(project):
    program = "from signs.seeds import inputs, measured; print(inputs(measured(['evaluate@original'])[1]))"
    before = run(project, sys.executable, "-c", program)
    for name, counts in (("report", False), ("training", True)):
        with (project / "signs" / f"{name}.py").open("a") as file:
            file.write("# Changed.\n")
        assert (run(project, sys.executable, "-c", program) != before) == counts


def test_a_seed_that_fails_is_named_with_the_reason_in_one_line(project):
    kept = experiments(project)
    said, runs = seeds(project, "2", "-S", "preprocess.grey=maybe", *UPPER, code=1)
    assert len(runs) == len(said) == 1
    assert said[0].startswith("seeds: seed-1-")
    assert " failed: preprocess: params.yaml: preprocess.grey is 'maybe'; Input should be a valid boolean" in said[0]
    assert experiments(project) == kept


@pytest.mark.parametrize("words", ["", "Running stage 'train@original'"], ids=["at once", "in training"])
def test_an_interrupt_ends_the_run_and_keeps_the_seeds_that_are_done_and_the_workspace(project, finished, words):
    kept = experiments(project)
    process = subprocess.Popen(
        [sys.executable, "-m", "signs.seeds", "3", *UPPER],
        cwd=project,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    while not any(words in log.read_text() for log in (project / "logs/seeds").glob("seed-3-*.log")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    said = process.communicate()[0].splitlines()
    assert process.returncode == 1
    assert said[1:] == ["seeds: stopped; the seeds that are done are kept"]
    (log,) = (project / "logs/seeds").glob("seed-3-*.log")
    assert "tage '" in log.read_text()  # DVC came as far as a stage, and nothing runs on
    assert "Ran experiment" not in log.read_text()
    assert experiments(project) == kept
    assert state(project) == finished[1]
    assert run(project, "git", "stash", "list") == ""
    assert [path.name for path in (project / ".dvc/tmp/exps/standalone").iterdir()] == ["run"]


@pytest.mark.parametrize("count", ["0", "-1", "two", "1.5", ""])
def test_a_count_that_is_none_ends_in_one_line(tmp_path, count):
    done = subprocess.run(
        [sys.executable, "-m", "signs.seeds", count], env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == f"seeds: {count!r} is no whole number from 1 up\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--target", "nowhere"], "seeds: Stage 'nowhere' not found inside 'dvc.yaml' file"),
        (["--target", "train@original"], "seeds: train@original has no stage that writes metrics"),
        ([*UPPER], "seeds: data/templates/new.svg is not in Git, so no experiment would have it"),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line_before_anything_runs(project, arguments, message):
    (project / "data/templates/new.svg").write_text("<svg/>")
    said, runs = seeds(project, "2", *arguments, code=1)
    assert not runs
    assert len(said) == 1
    assert said[0].startswith(message)

import json
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import yaml
from projects import change, commit, run, variables

from signs.commands import experiments, recipes

KEYS = (("test", "accuracy"), ("test", "calibration_error"), ("train", "loss"), ("valid", "accuracy"))
ORIGINAL = ("--target", "evaluate@original")
SIGNS = ("python", "-m", "signs", "run")
RECIPE = """\
# Two classes from drawings
targets: [evaluate@augmented]
synthesize:
  seed: ${seed}
  also_render: [0, 1]
merge: {hide_photographs_of: [0, 1]}
"""


def signs(project, *arguments, code=0):
    """What `signs run` says, without and with the lines that say what runs."""
    lines = [line for line in run(project, *SIGNS, *arguments, code=code).splitlines() if line]
    return [line for line in lines if "; tail -f " not in line], [line for line in lines if "; tail -f " in line]


def references(project):
    """Experiments by name, and the git references that they are."""
    found = run(project, "git", "for-each-ref", "--format=%(refname)", "refs/exps").split()
    return {reference.rsplit("/", 1)[1]: reference for reference in found}


def shown(project, reference, path):
    return yaml.safe_load(run(project, "git", "show", f"{reference}:{path}"))


def state(project):
    files = [project / name for name in ("dvc.lock", "params.yaml", "metrics/original.json")]
    return run(project, "git", "status", "--porcelain"), [file.read_bytes() for file in files]


def is_tidy(project):
    """Whether DVC left nothing behind: no changes in a stash, no copy of the workspace."""
    copies = [path.name for path in (project / ".dvc/tmp/exps/standalone").iterdir()]
    return (run(project, "git", "stash", "list"), copies) == ("", ["run"])


@pytest.fixture(scope="module")
def after_seeds(finished, tmp_path_factory):
    """A project with one run in the workspace and a change that is not committed, after two seeds."""
    project = shutil.copytree(finished, tmp_path_factory.mktemp("seeds") / "project", symlinks=True)
    (project / "recipes/tiny.yaml").write_text(RECIPE)
    commit(project, "Add a recipe")
    change(project, "explore", max_images=5)
    before = state(project)
    table, runs = signs(project, "--seeds", "1", "2", *ORIGINAL)
    return project, before, table, runs


@pytest.fixture
def project(after_seeds, tmp_path):
    """A copy of that project."""
    return shutil.copytree(after_seeds[0], tmp_path / "project", symlinks=True)


def test_the_table_holds_the_metrics_of_each_seed_their_mean_and_sample_deviation(after_seeds):
    project, _, table, runs = after_seeds
    names = sorted(references(project))
    assert [line.split()[0] for line in runs] == names
    assert [name.rsplit("-", 1)[0] for name in names] == ["seed-1", "seed-2"]
    found = [shown(project, references(project)[name], "metrics/original.json") for name in names]
    assert found[0] != found[1]
    assert table[0].split() == ["metrics/original.json", "seed", "1", "seed", "2", "mean", "standard", "deviation"]
    rows = {line.split()[0]: [float(number) for number in line.split()[1:]] for line in table[1:]}
    for split, key in KEYS:
        values = [metric[split][key] for metric in found]
        wanted = [*values, np.mean(values), np.std(values, ddof=1)]
        np.testing.assert_allclose(rows[f"{split}.{key}"], wanted, rtol=1e-4)
    assert "images" not in rows
    assert len({len(line) for line in table}) == 1


def test_each_seed_is_trained_with_the_changes_that_are_not_committed_and_the_workspace_stays(after_seeds):
    project, before, _, _ = after_seeds
    assert state(project) == before
    assert is_tidy(project)
    for name, reference in references(project).items():
        params = shown(project, reference, "params.yaml")
        assert params["explore"]["max_images"] == 5
        assert params["train"]["seed"] == int(name.split("-")[1])


def test_the_experiments_are_listed_and_compare(after_seeds):
    project, *_ = after_seeds
    names = sorted(references(project))
    assert run(project, "dvc", "exp", "list", "--name-only").split() == names
    verdict = run(project, sys.executable, "-m", "signs", "compare", *names)
    assert [line.split(":")[0] for line in verdict.splitlines()[:2]] == names


def test_a_second_run_trains_nothing_even_after_a_commit_that_changes_no_input(project, after_seeds):
    (project / "NOTES.md").write_text("Nothing that a stage reads.\n")
    commit(project, "Notes")
    assert signs(project, "--seeds", "2", "1", *ORIGINAL) == (after_seeds[2], [])
    table, runs = signs(project, "--seeds", "2", "--markdown", *ORIGINAL)
    assert not runs
    assert [cell.strip() for cell in table[0].split("|")[1:-1]] == ["metrics/original.json", "seed 2", "mean"]


def new_drawing(project):
    shutil.copy(project / "data/templates/14.svg", project / "data/templates/14_1.svg")


def comment(name):
    def append(project):
        with (project / name).open("a") as file:
            file.write("# Changed.\n")

    return append


@pytest.mark.parametrize(
    ("edit", "counts"),
    [
        (comment("signs/training/loop.py"), True),
        (comment("stages/evaluate.py"), True),
        (comment("signs/report/page.py"), False),
        (comment("dvc.yaml"), False),
        (new_drawing, True),
        (lambda project: change(project, "train", epochs=1), True),
        (lambda project: change(project, "networks.convnet", dropout_keep_prob=0.5), False),
    ],
    ids=["code", "a stage", "other code", "a comment", "a drawing", "a setting", "another setting"],
)
def test_what_the_metrics_depend_on_counts_and_nothing_else(project, monkeypatch, edit, counts):
    monkeypatch.chdir(project)
    recipe = recipes.PLAIN.changed(["evaluate@original"], [])
    stages = experiments.needed(recipe.targets)
    assert experiments.find(recipe, 1, stages)
    edit(project)
    assert (experiments.find(recipe, 1, stages) is None) == counts


def test_a_recipe_is_run_with_its_settings_answers_first_what_it_asks_and_is_recorded_once(project):
    before = references(project)
    commit(project, "Explore less")
    said, runs = signs(project, "tiny", "-S", "evaluate.calibration_bins=5", "--seeds", "3", "--record")
    assert [line.split()[0].rsplit("-", 1)[0] for line in runs] == ["tiny-seed-3"]
    assert before.items() < references(project).items()
    (name,) = references(project).keys() - before.keys()
    reference = references(project)[name]
    params = shown(project, reference, "params.yaml")
    assert params["synthesize"]["seed"] == params["train"]["seed"] == 3
    assert params["evaluate"]["calibration_bins"] == 5

    metrics = shown(project, reference, "metrics/augmented.json")
    recall = f"{100 * metrics['test']['hidden']['recall']:.2f}"
    assert said[0] == f"recall of the classes learned from drawings alone: {recall} %"
    assert said[-1] == "results/tiny.json is the record of it; git add it"
    assert recall in run(project, sys.executable, "-m", "signs", "results")
    record = json.loads((project / "results/tiny.json").read_text())
    assert record["description"] == "Two classes from drawings"
    assert record["commit"] == run(project, "git", "rev-parse", "HEAD").strip()
    assert record["settings"] == {
        "synthesize.seed": "${seed}",
        "synthesize.also_render": [0, 1],
        "merge.hide_photographs_of": [0, 1],
        "evaluate.calibration_bins": 5,
    }
    assert record["metrics"] == {"3": {"augmented": metrics}}
    fetched = shown(project, reference, "dvc.lock")["stages"]["fetch"]["outs"][0]
    assert record["data"] == {"source": "sample", "md5": fetched["md5"]}

    said, runs = signs(project, "tiny", "--seeds", "5", "--record", code=1)
    assert not runs
    assert said[0].startswith("signs run: results/tiny.json exists, and a record is never edited")


def test_all_stages_run_where_they_ran_before_and_then_not_again(finished, tmp_path):
    project = shutil.copytree(finished, tmp_path / "project", symlinks=True)
    table, runs = signs(project)
    assert [line.rsplit("-", 1)[0] for line in references(project)] == ["seed-1"]
    assert len(runs) == 1
    assert {line.split()[0] for line in table if line.startswith("metrics/")} >= {
        "metrics/original.json",
        "metrics/augmented.json",
    }
    assert signs(project) == (table, [])


def started(project, *arguments):
    """`signs run` in a process of its own."""
    return subprocess.Popen(
        [*SIGNS, *arguments],
        cwd=project,
        env=variables(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(words, project, logs, process):
    while not any(words in log.read_text() for log in (project / "logs/runs").glob(logs)):
        assert process.poll() is None
        time.sleep(0.05)


def test_code_that_changes_between_seeds_is_noticed(project):
    process = started(project, "--seeds", "3", "4", *ORIGINAL)
    wait_for("Running stage 'train@original'", project, "seed-3-*.log", process)
    comment("stages/evaluate.py")(project)
    said = process.communicate()[0].splitlines()
    assert process.returncode == 1
    assert said[1:] == ["signs run: code, data or settings changed before seed 4 ran; run the same command again"]


@pytest.mark.parametrize("words", ["", "Running stage 'train@original'"], ids=["at once", "in training"])
def test_an_interrupt_ends_the_run_and_keeps_the_seeds_that_are_done_and_the_workspace(project, after_seeds, words):
    kept = references(project)
    process = started(project, "--seeds", "1", "2", "3", *ORIGINAL)
    wait_for(words, project, "seed-3-*.log", process)
    process.send_signal(signal.SIGINT)
    said = process.communicate()[0].splitlines()
    assert process.returncode == 1
    assert said[1:] == ["signs run: stopped; the seeds that are done are kept"]
    (log,) = (project / "logs/runs").glob("seed-3-*.log")
    assert "tage '" in log.read_text()  # DVC came as far as a stage, and nothing runs on
    assert "Ran experiment" not in log.read_text()
    assert references(project) == kept
    assert state(project) == after_seeds[1]
    assert is_tidy(project)


def test_a_seed_that_fails_is_named_with_the_reason_and_had_the_file_that_a_setting_names(project):
    kept = references(project)
    (project / "mine.zip").write_bytes(b"no zip")  # and not in git
    zip = ["-S", "fetch.source=signs", "-S", "fetch.url=mine.zip", "-S", f"fetch.sha256={'0' * 64}"]
    said, runs = signs(project, *zip, *ORIGINAL, code=1)
    assert len(runs) == len(said) == 1
    assert said[0].startswith("signs run: seed-1-")
    assert " failed: fetch: fetch.url: mine.zip: its SHA256 is " in said[0]
    assert references(project) == kept


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--target", "nowhere"], "signs run: 'nowhere' does not exist as an output or a stage name in 'dvc.yaml'"),
        (["--target", "train@original"], "signs run: train@original has no stage that writes metrics"),
        ([*ORIGINAL], "signs run: signs/training/new.py is not in git, so no experiment would have it"),
        (["nothing"], "signs run: recipes/nothing.yaml is missing; there are convnet, convnet-whole,"),
        (["-S", "train.epochs"], "signs run: -S train.epochs has no value; write -S KEY=VALUE"),
        (["-S", "train.seed=4"], "signs run: -S train.seed=4 would be overruled; give seeds as --seeds 1 2 3"),
        (["--record"], "signs run: --record needs the name of a recipe"),
        (["tiny", "--record"], "signs run: a record names the commit that ran, and params.yaml is not committed"),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line_before_anything_runs(project, arguments, message):
    (project / "signs/training/new.py").write_text("")
    said, runs = signs(project, *arguments, code=1)
    assert not runs
    assert len(said) == 1
    assert said[0].startswith(message)


def test_a_recipe_that_runs_here_leaves_its_settings_and_results_in_the_workspace(project):
    output = run(project, *SIGNS, "--here", "-S", "train.epochs=1", *ORIGINAL)
    assert "train@original" in output
    assert yaml.safe_load((project / "params.yaml").read_text())["train"]["epochs"] == 1
    assert len((project / "metrics/original/history.csv").read_text().splitlines()) == 1 + 2
    refused = run(project, *SIGNS, "--here", "--seeds", "1", "2", *ORIGINAL, code=1)
    assert "--here runs one seed" in refused

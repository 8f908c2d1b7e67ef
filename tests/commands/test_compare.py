import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from projects import commit, run, variables

from signs.evaluation import predictions
from signs.evaluation.predictions import Predictions

ROOT = Path(__file__).parents[2]


def write(path, is_correct, labels=None):
    """Predictions of a model that is correct on the test images at which `is_correct` is true."""
    is_correct = np.asarray(is_correct)
    labels = np.zeros(len(is_correct), int) if labels is None else np.asarray(labels)
    says_first = (labels == 0) == is_correct
    softmax = np.stack([says_first, ~says_first], axis=1).astype(np.float32)
    found = Predictions(
        np.array([0, 1]),
        {"valid": np.ones((1, 2), np.float32) / 2, "test": softmax},
        {"valid": np.zeros(1, int), "test": labels},
    )
    predictions.write(path, found, np.zeros(0, int), np.zeros((0, 1, 1)))


def said(folder, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "signs", "compare", *map(str, arguments)],
        cwd=folder,
        env=variables() | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).splitlines()


def pair(tmp_path, only_first, only_second, both=100):
    write(tmp_path / "a.npz", [True] * both + [True] * only_first + [False] * only_second)
    write(tmp_path / "b.npz", [True] * both + [False] * only_first + [True] * only_second)
    return tmp_path / "a.npz", tmp_path / "b.npz"


@pytest.mark.parametrize(
    ("only_first", "only_second", "words", "code"),
    [
        (0, 6, "better", 0),
        (6, 0, "worse", 1),
        (5, 0, "no significant difference", 0),
        (3, 9, "no significant difference", 0),
    ],
)
def test_the_verdict_is_in_words_and_a_loss_in_the_exit_code(tmp_path, only_first, only_second, words, code):
    returned, lines = said(tmp_path, *pair(tmp_path, only_first, only_second))
    assert returned == code
    assert lines[-1].startswith(f"verdict: {words} (")
    assert f"{only_second} images that only this model gets right" in lines[-2]


def test_other_test_labels_are_an_error_and_no_loss(tmp_path):
    write(tmp_path / "a.npz", [True, True])
    write(tmp_path / "b.npz", [True, True], labels=[0, 1])
    returned, lines = said(tmp_path, tmp_path / "a.npz", tmp_path / "b.npz")
    assert returned == 2
    assert len(lines) == 1
    assert lines[0].startswith("signs compare: the first model was measured on 2 test images")


@pytest.fixture(scope="module", params=[".", "classifiers/signs"], ids=["a repository", "a subfolder of one"])
def project(tmp_path_factory, request):
    """A project of three revisions: without predictions, of a bad model, of a good one."""
    root = tmp_path_factory.mktemp("repository")
    folder = root / request.param
    folder.mkdir(parents=True, exist_ok=True)
    run(root, "git", "init", "-q")
    run(folder, "dvc", "init", "-q", *([] if folder == root else ["--subdir"]))
    commit(folder, "Start")
    (folder / "predictions").mkdir()
    for is_correct in ([False] * 8, [True] * 8):
        write(folder / "predictions/original.npz", is_correct)
        run(folder, "dvc", "add", "-q", "predictions/original.npz")
        commit(folder, "Run")
    return folder


def test_two_revisions_compare(project):
    returned, lines = said(project, "HEAD~1", "HEAD")
    assert (returned, lines[-1]) == (0, "verdict: better (+100.00 points; McNemar's exact test, p = 0.0078)")


@pytest.mark.parametrize(
    ("revision", "message"),
    [
        ("nowhere", "nowhere is neither a file, nor a revision or an experiment of this project"),
        ("HEAD~2", "HEAD~2 has no predictions/original.npz; commit the dvc.lock that dvc repro writes"),
    ],
)
def test_what_a_revision_lacks_is_said_in_one_line(project, revision, message):
    assert said(project, revision, "HEAD") == (2, [f"signs compare: {message}"])


def test_predictions_that_are_in_no_cache_are_said_to_be_in_one_line(project):
    cache = project / ".dvc/cache"
    cache.rename(project / "elsewhere")
    returned, lines = said(project, "HEAD~1", "HEAD")
    (project / "elsewhere").rename(cache)
    assert returned == 2
    assert len(lines) == 1
    assert lines[0].startswith("signs compare: predictions/original.npz of HEAD~1 is not in the cache; git checkout")


def test_outside_of_a_repository_only_files_compare(tmp_path):
    first, second = pair(tmp_path, 0, 6)
    assert said(tmp_path, first.name, second.name)[0] == 0
    assert said(tmp_path, first.name, "HEAD") == (
        2,
        ["signs compare: HEAD is neither a file, nor a revision or an experiment of this project"],
    )

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from projects import ENVIRONMENT, commit, run

from signs.evaluation import predictions

ROOT = Path(__file__).parents[2]


def write(path, right, labels=None):
    """Predictions of a model that is right on the test images at which `right` is true."""
    right = np.asarray(right)
    labels = np.zeros(len(right), int) if labels is None else np.asarray(labels)
    logits = np.where((labels == 0) == right, 1.0, -1.0)[:, np.newaxis] * [1, -1]
    one = {"valid": np.zeros((1, 2))}
    labels = {"valid": np.zeros(1, int), "test": labels}
    not_looked = np.zeros(0, int), np.zeros((0, 1, 1))
    predictions.write(path, one | {"test": logits}, labels, np.array([0, 1]), *not_looked)


def said(folder, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "signs.compare", *map(str, arguments)],
        cwd=folder,
        env=ENVIRONMENT | {"PYTHONPATH": str(ROOT)},
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
    [(0, 6, "real gain", 0), (6, 0, "real loss", 1), (5, 0, "within noise", 0), (3, 9, "within noise", 0)],
)
def test_the_verdict_is_in_words_and_a_loss_in_the_exit_code(tmp_path, only_first, only_second, words, code):
    returned, lines = said(tmp_path, *pair(tmp_path, only_first, only_second))
    assert returned == code
    assert lines[-1].startswith(f"verdict: {words} (")
    assert f"{only_second} images alone" in lines[-2]


def test_other_test_labels_are_an_error(tmp_path):
    write(tmp_path / "a.npz", [True, True])
    write(tmp_path / "b.npz", [True, True], labels=[0, 1])
    returned, lines = said(tmp_path, tmp_path / "a.npz", tmp_path / "b.npz")
    assert returned == 2
    assert len(lines) == 1
    assert lines[0].startswith("compare: the first model was measured on 2 test images")


def test_two_revisions_compare_and_an_unknown_one_is_named(tmp_path):
    run(tmp_path, "git", "init", "-q")
    run(tmp_path, "dvc", "init", "-q")
    (tmp_path / "predictions").mkdir()
    for right in ([False] * 8, [True] * 8):
        write(tmp_path / "predictions/original.npz", right)
        run(tmp_path, "dvc", "add", "-q", "predictions/original.npz")
        commit(tmp_path, "Run")
    returned, lines = said(tmp_path, "HEAD~1", "HEAD")
    assert (returned, lines[-1]) == (0, "verdict: real gain (+100.00%; McNemar's exact test, p = 0.0078)")
    returned, lines = said(tmp_path, "nowhere", "HEAD")
    assert returned == 2
    assert lines == [line for line in lines if line.startswith("compare: nowhere is no file, and no revision with")]

"""Sharing by a DVC remote: what one person ran, others get without running it."""

import shutil

import pytest
from projects import ROOT, commit, run

PHOTO = ROOT / "docs/pictures/road-work.jpg"


@pytest.fixture(scope="module")
def url(finished, tmp_path_factory):
    """The address of a bare repository whose outputs lie in a remote, a folder, and nowhere else."""
    folder = tmp_path_factory.mktemp("shared")
    project = shutil.copytree(finished, folder / "project", symlinks=True)
    run(project, "dvc", "remote", "add", "-d", "storage", folder / "storage")
    run(project, "dvc", "push")
    commit(project, "Add a remote")
    run(project, "gto", "register", "augmented")
    run(folder, "git", "clone", "-q", "--bare", project, "origin.git")
    shutil.rmtree(project)
    return f"file://{folder}/origin.git"


def test_a_clone_pulls_models_and_report_and_need_not_run_anything(finished, url, tmp_path):
    run(tmp_path, "git", "clone", "-q", url, "clone")
    run(tmp_path / "clone", "dvc", "pull")
    for name in ("models/augmented/model.keras", "models/exported/augmented/model.onnx", "reports/index.html"):
        assert (tmp_path / "clone" / name).read_bytes() == (finished / name).read_bytes()
    assert "up to date" in run(tmp_path / "clone", "dvc", "status")
    assert run(tmp_path / "clone", "git", "status", "--porcelain") == ""


@pytest.mark.parametrize("command", ["dvc artifacts get URL augmented", "dvc get URL models/exported/augmented"])
def test_an_exported_model_comes_without_the_project_and_predicts(url, tmp_path, command):
    run(tmp_path, *command.replace("URL", url).split())
    printed = run(tmp_path, "signs", "predict", PHOTO, "--model", "augmented")
    assert "model: augmented (48 classes)" in printed
    assert f"{PHOTO}: " in printed

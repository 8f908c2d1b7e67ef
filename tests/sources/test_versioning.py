"""Whether experiments in a queue get a folder of images."""

import subprocess

import pytest

from signs.sources.versioning import advice


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a file in a new git repository, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    (tmp_path / "data/images").mkdir(parents=True)
    (tmp_path / "data/images/1.png").touch()
    return tmp_path / "data/images"


def test_an_untracked_folder_gets_the_command_that_tracks_it(folder):
    assert advice(folder) == (
        f"{folder} is tracked by neither git nor DVC, so experiments with --queue or --temp would not find it: run dvc "
        f"add {folder}, then git add {folder}.dvc"
    )


def test_a_folder_that_git_tracks_needs_nothing(folder):
    subprocess.run(["git", "add", folder], check=True)
    assert advice(folder) is None


@pytest.mark.parametrize("name", ["data/images.dvc", "data.dvc"])
def test_a_folder_that_dvc_tracks_needs_nothing(folder, name):
    (folder.parents[1] / name).touch()
    assert advice(folder) is None


def test_a_folder_elsewhere_needs_nothing(folder, tmp_path_factory):
    assert advice(tmp_path_factory.mktemp("elsewhere")) is None


def test_without_git_nothing_is_said(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "images").mkdir()
    assert advice(tmp_path / "images") is None

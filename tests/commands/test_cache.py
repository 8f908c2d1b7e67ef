"""`signs check --cache` in a small project of DVC."""

from pathlib import Path

import pytest

from signs import cli
from tests.projects import commit, run

STAGE = """
stages:
  make:
    cmd: mkdir -p out && echo good > out/a && echo other > out/b && echo 1 > measured
    outs: [out, measured: {cache: false}]
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """One stage with a folder, and a file of `dvc add` in a folder."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "dvc.yaml").write_text(STAGE)
    (folder / "data").mkdir()
    (folder / "data/photo").write_text("a photo\n")
    run(folder, "git", "init", "-q")
    run(folder, "dvc", "init", "-q")
    run(folder, "dvc", "add", "-q", "data/photo")
    run(folder, "dvc", "repro", "-q")
    commit(folder, "Run")
    return folder


@pytest.fixture
def checked(project, monkeypatch, capsys):
    """A function that runs the command in the project, and gives its exit code and the lines that it prints."""
    monkeypatch.chdir(project)
    return lambda: (cli.main(["check", "--cache"]), capsys.readouterr().out.splitlines())


def stored(project, start):
    files = filter(Path.is_file, Path(project, ".dvc/cache/files").rglob("*"))
    (found,) = (file for file in files if file.read_bytes().startswith(start))
    return found


def damage(file):
    """Changes one byte, and neither size nor mode."""
    content = file.read_bytes()
    file.chmod(0o644)
    file.write_bytes(b"X" + content[1:])
    file.chmod(0o444)


def test_damaged_files_are_named_until_they_are_deleted(project, checked):
    assert checked() == (0, ["verdict: 0 of 4 files in the cache are damaged"])
    files = {"out/a": stored(project, b"good"), "data/photo": stored(project, b"a photo")}
    for file in files.values():
        damage(file)
    code, lines = checked()
    assert (code, lines.pop()) == (1, "verdict: 2 of 4 files in the cache are damaged")
    remedy = "is damaged; delete it, then dvc repro (or dvc pull)"
    assert lines == [f"{path}: {file} {remedy}" for path, file in files.items()]
    for file in files.values():
        file.unlink()
    damage(listed := stored(project, b"["))
    assert checked() == (1, [f"out: {listed} {remedy}", "verdict: 1 of 1 files in the cache are damaged"])
    listed.unlink()
    assert checked()[0] == 0

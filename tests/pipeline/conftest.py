"""One run of the whole pipeline on a tiny data set, for all tests of this folder."""

import fcntl
import shutil
from pathlib import Path

import pytest
from projects import commit, made, run

AUDIT = {"PYTHONPATH": str(Path(__file__).parent / "audit"), "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_id):
    """A project that has been run to the end and committed; not to be changed.

    All workers of pytest share it. Beside it, `opened` holds what the stages opened; see test_dependencies.py.
    """
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "finished"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            project = made(folder / "project")
            run(project, "dvc", "repro", **AUDIT, AUDIT_LOG=str(folder / "opened"))
            commit(project, "Run")
            (folder / "done").touch()
    return folder / "project"


@pytest.fixture
def project(finished, tmp_path):
    """A copy of the finished project, cache and outputs included."""
    return shutil.copytree(finished, tmp_path / "project", symlinks=True)

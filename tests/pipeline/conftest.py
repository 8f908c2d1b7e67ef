"""A project of its own for each test of this folder."""

import shutil

import pytest


@pytest.fixture
def project(finished, tmp_path):
    """A copy of the finished project, cache and outputs included."""
    return shutil.copytree(finished, tmp_path / "project", symlinks=True)

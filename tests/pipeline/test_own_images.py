"""Own images by the commands of docs/own-images.md, under real DVC: tracked, read, and found again elsewhere."""

import shutil

import numpy as np
import pytest
from projects import ROOT, change, commit, made, run, stages_run

from signs.data import datasets

DOCUMENT = (ROOT / "docs" / "own-images.md").read_text(encoding="utf-8")
NAMES = ("stop", "logs", "Fußgänger")  # Python writes logs, too, and .gitignore names them; macOS writes ß and ä in two
ADD = "dvc add data/images"
COMMIT = 'git add data/images.dvc && git commit -m "Add my images"'
READ = "signs run own --here --target preprocess@original"
TRACK = """dvc exp run -S 'fetch.folders.track="^([0-9]+)_"' preprocess@original"""


@pytest.fixture
def project(tmp_path):
    """A project with two frames of each of ten signs in three classes below data/images, which nothing tracks yet."""
    project = made(tmp_path / "project")
    for level, name in enumerate(NAMES):
        for sign in range(10):
            for frame in range(2):
                path = project / "data" / "images" / name / f"{sign:02}_{frame}.ppm"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"P6 1 1 255\n" + bytes([80 * level, 20 * sign, frame]))
    return project


def follow(project, command, code=0):
    """Runs a command of the document as a shell does."""
    assert command in DOCUMENT
    return run(project, "bash", "-c", command, code=code)


def test_images_that_dvc_tracks_reach_every_experiment_and_remote(project, tmp_path):
    follow(project, ADD)
    assert run(project, "git", "status", "--short") == "?? data/images.dvc\n"
    follow(project, COMMIT)
    follow(project, READ)
    read = datasets.read(project / "data" / "preprocessed" / "original")
    assert sum(len(split.filenames) for split in read.splits.values()) == 60
    commit(project, "Read my images")
    elsewhere = run(project, "dvc", "exp", "run", "--temp", "-S", "fetch.folders.seed=2", "fetch")
    assert "Read 60 images of 3 classes from data/images: one folder a class." in elsewhere
    assert "tracked by neither" not in elsewhere
    assert run(project, "git", "status", "--short") == ""
    run(project, "dvc", "remote", "add", "-d", "store", str(tmp_path / "store"))
    run(project, "dvc", "push", "data/images.dvc")
    shutil.rmtree(project / "data" / "images")
    shutil.rmtree(project / ".dvc" / "cache")
    run(project, "dvc", "pull", "data/images.dvc")
    before = (project / "dvc.lock").read_bytes()
    run(project, "dvc", "repro", "fetch")
    assert (project / "dvc.lock").read_bytes() == before


def test_images_that_nothing_tracks_are_read_with_advice_and_a_change_of_one_is_seen(project):
    change(project, "fetch", source="folders", path="data/images")
    said = follow(project, TRACK)
    assert "data/images is tracked by neither git nor DVC, so experiments with --queue or --temp would not" in said
    assert "run dvc add data/images, then git add data/images.dvc" in said
    assert "data/images" not in run(project, "git", "status", "--short")
    (project / "data" / "images" / "logs" / "10_0.ppm").write_bytes(b"P6 1 1 255\n" + bytes([1, 10, 0]))
    assert stages_run(follow(project, TRACK)) == {"fetch", "preprocess@original"}
    dataset = datasets.read(project / "data" / "original")
    signs = {name: np.unique([file[:-6] for file in split.filenames]) for name, split in dataset.splits.items()}
    assert sum(map(len, signs.values())) == 31  # each lies in one split, with its frames
    found = datasets.read(project / "data" / "preprocessed" / "original").test.filenames
    assert found.tolist() == dataset.test.filenames.tolist()
    wrong = ("-S", """fetch.folders.track='^([a-z]+)_'""")
    said = run(project, "dvc", "exp", "run", *wrong, "fetch", code=255)
    assert "'^([a-z]+)_' matches no file name" in said
    assert TRACK.removeprefix("dvc exp run ").removesuffix(" preprocess@original") in said

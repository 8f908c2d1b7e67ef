"""The pipeline on images of one's own, without new signs: one model, trained once."""

import cv2
import numpy as np
import pytest
from projects import change, commit, made, metrics, run, stages_run

SHAPES = {"Diamond": cv2.MARKER_DIAMOND, "Star": cv2.MARKER_STAR, "Triangle": cv2.MARKER_TRIANGLE_UP}
RESULTS = ("models/{}/model.keras", "models/{}/model.json", "metrics/{}/history.csv", "metrics/{}.json")


def draw(folder, images=20):
    """Images of three shapes, 24x20 pixels, a folder a class."""
    rng = np.random.default_rng(0)
    for name, shape in SHAPES.items():
        (folder / name).mkdir(parents=True)
        for number in range(images):
            image = rng.integers(0, 90, (24, 20, 3), dtype=np.uint8)
            cv2.drawMarker(image, (10, int(rng.integers(10, 14))), rng.integers(150, 255, 3).tolist(), shape, 14, 2)
            cv2.imwrite(str(folder / name / f"{number}.png"), image)


def same_bytes(project, first, second):
    names = sorted(path.name for path in (project / first).iterdir())
    assert names == sorted(path.name for path in (project / second).iterdir())
    return all((project / first / name).read_bytes() == (project / second / name).read_bytes() for name in names)


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A project that was run on own images with `synthesize.recipe: none`, and what it printed."""
    project = made(tmp_path_factory.mktemp("own") / "project")
    draw(project / "data/images")
    change(project, "fetch", source="folders", path="data/images")
    change(project, "fetch.folders", height=24, width=20)
    change(project, "synthesize", recipe="none")
    commit(project, "Take own images")
    return project, run(project, "dvc", "repro")


def test_nothing_is_added_and_nothing_is_trained_twice(own):
    project, output = own
    assert "synthetic: recipe none makes no class of data/new_signs; this data set is empty\n" in output
    assert same_bytes(project, "data/augmented", "data/preprocessed/original")
    assert "original: 3 classes\n" in output
    assert "augmented: data and settings are those of original, and so is the model: it was copied\n" in output
    for path in RESULTS:
        assert (project / path.format("augmented")).read_bytes() == (project / path.format("original")).read_bytes()


def test_what_is_printed_names_the_classes_that_it_is_about(own):
    project, output = own
    for name in ("original", "augmented"):
        accuracy = metrics(project, name)["test"]["accuracy"]
        assert f"{name}: test accuracy {accuracy:.4f} on 3 classes (images: photographs)\n" in output
        assert f"{name}: int8 accuracy" in output
    warning = (
        "warning: steps an epoch: 1, fewer than 20 (42 images in batches of 64); set train.batch_size to at most 2"
    )
    assert output.count(warning) == 1


def test_what_has_nothing_to_show_says_so(own):
    project, _ = own
    assert (project / "data/synthetic/signnames.csv").read_text() == "ClassId,SignName,Origin,Mirrored\n"
    assert [path.name for path in (project / "reports/preview").iterdir()] == ["none.png"]
    assert {path.name for path in (project / "reports/explore/synthetic").iterdir()} == {"counts.png", "found.json"}


def test_a_training_that_is_forced_trains(own):
    project, _ = own
    output = run(project, "dvc", "repro", "-f", "-s", "train@original")
    assert stages_run(output) == {"train@original"}
    assert "original: 3 classes\n" in output
    assert "up to date" in run(project, "dvc", "status")


def test_photographs_cannot_be_hidden_where_nothing_is_synthesized(own):
    project, _ = own
    change(project, "merge", hide_photographs_of=[1])
    output = run(project, "dvc", "repro", "merge", code=255)
    (line,) = (line for line in output.splitlines() if line.startswith("merge: "))
    assert "merge.hide_photographs_of 1: there are no synthetic images of 'Star'" in line

"""`signs run --folds`: each part of the training images validates once, as a DVC experiment."""

import shutil

import numpy as np
import pytest
from PIL import Image
from projects import change, commit, made, run

from signs.commands import recipes
from signs.core.errors import UserError

COMMAND = ("python", "-m", "signs", "run", "--folds", "2", "--target", "evaluate@original")


@pytest.fixture(scope="module")
def folded(tmp_path_factory):
    """A project with images of 12 signs in each of three classes, and what two folds printed."""
    project = made(tmp_path_factory.mktemp("folds") / "project")
    rng = np.random.default_rng(0)
    for name in ("red", "green", "blue"):
        for sign in range(12):
            path = project / "data/images" / name / f"{sign:02}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)).save(path)
    change(project, "fetch", source="folders", path="data/images")
    change(project, "fetch.folders", height=16, width=16, shares={"train": 0.5, "valid": 0.25, "test": 0.25})
    run(project, "dvc", "add", "-q", "data/images")
    commit(project, "Take own images")
    return project, [line for line in run(project, *COMMAND).splitlines() if line and "; tail -f" not in line]


def experiments(project):
    found = run(project, "git", "for-each-ref", "--format=%(refname)", "refs/exps").split()
    return {name.rsplit("/", 1)[1].rsplit("-", 1)[0]: name for name in found if not name.endswith("EXEC")}


def test_each_fold_is_an_experiment_that_validates_on_its_part(folded):
    project, _ = folded
    names = experiments(project)
    assert names.keys() == {"fold-1", "fold-2"}
    counts = []
    for number in (1, 2):
        assert f"fold: {number}/2\n" in run(project, "git", "show", f"{names[f'fold-{number}']}:params.yaml")
        (log,) = (project / "logs/runs").glob(f"fold-{number}-*.log")
        (line,) = (line for line in log.read_text().splitlines() if line.startswith("all "))
        counts.append(line.split()[1:])
    assert counts == [["12", "15", "9"], ["15", "12", "9"]]  # nine signs a class that are not in test: five and four


def test_the_table_has_a_column_a_fold_and_tells_nothing_of_test(folded):
    _, said = folded
    assert said[0].split() == ["metrics/original.json", "fold", "1", "fold", "2", "mean", "standard", "deviation"]
    measured = {line.split()[0] for line in said[1:]}
    assert measured >= {"train.accuracy", "train.loss", "valid.accuracy", "valid.loss", "calibration.temperature"}
    assert not any("test" in key for key in measured)


def test_folds_that_ran_do_not_run_again(folded):
    project, said = folded
    assert [line for line in run(project, *COMMAND).splitlines() if line] == said


def test_images_that_changed_since_they_were_added_are_refused(folded, tmp_path):
    project = shutil.copytree(folded[0], tmp_path / "project", symlinks=True)
    (project / "data/images/red/99.png").write_bytes((project / "data/images/red/00.png").read_bytes())
    said = "signs run: data/images has changed since it was added, and experiments would run without that; dvc add"
    assert run(project, *COMMAND, code=1).startswith(said)
    run(project, "dvc", "add", "-q", "data/images")
    (project / "data/images.dvc").rename(project / "moved.dvc")  # not as it was committed
    run(project, "git", "rm", "-q", "--cached", "data/images.dvc")
    (project / "moved.dvc").rename(project / "data/images.dvc")
    assert run(project, *COMMAND, code=1).startswith("signs run: data/images.dvc is not in git, so no experiment")


def test_images_that_nothing_tracks_are_refused_before_anything_runs(folded, tmp_path):
    project = shutil.copytree(folded[0], tmp_path / "project", symlinks=True)
    run(project, "git", "rm", "-q", "data/images.dvc")
    commit(project, "Track images no more")
    said = run(project, *COMMAND, code=1).splitlines()
    assert len(said) == 1
    assert said[0].startswith("signs run: data/images is tracked by neither git nor DVC, so nothing would tell whether")
    assert said[0].endswith("run dvc add data/images, then git add data/images.dvc and git commit")


@pytest.mark.parametrize("option", ["--record", "--here"])
def test_folds_record_nothing_and_leave_the_workspace_alone(folded, option):
    project, _ = folded
    assert "folds are runs of their own that choose and record nothing" in run(project, *COMMAND, option, code=1)


def test_a_fold_beside_folds_is_refused(folded):
    said = run(folded[0], *COMMAND, "-S", "fetch.fold=1/3", code=1)
    assert said == "signs run: fetch.fold 1/3 would be overruled by --folds; give one of both\n"


def test_a_source_that_does_not_tell_signs_has_no_folds(folded, monkeypatch):
    monkeypatch.chdir(folded[0])
    with pytest.raises(UserError, match=r"--folds needs fetch\.source to be gtsrb or folders, .*, and it is sample"):
        recipes.PLAIN.changed([], ["fetch.source=sample"]).folded(2)


def test_folds_hold_out_what_a_recipe_learns_after_them(folded):
    project, said = folded
    carried = [f"-Strain.refit.original.{key}=0.5" for key in ("temperature", "threshold")]
    lines = [line for line in run(project, *COMMAND, *carried).splitlines() if line and "; tail -f" not in line]
    assert lines == [*said, "--folds holds out the images that train.refit would learn; it is left out"]

"""What reruns, and what does not, after a change of settings or files."""

import json
import shutil
import sys

import pytest
import yaml
from projects import ROOT, change, commit, run


def stale(project):
    """The stages that `dvc repro` would run."""
    return set(json.loads(run(project, "dvc", "status", "--json")))


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("networks.convnet", {"dropout_keep_prob": 0.5}),
        ("schedules.cosine", {"warmup": 3.0}),
        ("augmentations.camera", {"rotation": 45}),
        ("synthesis_recipes.randomized", {"images": 7}),
    ],
)
def test_an_alternative_that_is_not_chosen_is_no_dependency(project, section, values):
    change(project, section, **values)
    assert stale(project) == set()


@pytest.mark.parametrize(
    ("section", "values", "expected"),
    [
        ("networks.lenet", {"dropout_keep_prob": 0.5}, {"train@original", "train@augmented", "report"}),
        ("train", {"schedule": "cosine"}, {"train@original", "train@augmented", "report"}),
        ("synthesis_recipes.article", {"offset_step": 9}, {"synthesize", "report"}),
    ],
)
def test_the_chosen_alternative_is_a_dependency(project, section, values, expected):
    change(project, section, **values)
    assert stale(project) == expected


def test_own_images_do_not_render_the_sample_again(project):
    folder = project / "data/images/some sign"
    folder.mkdir(parents=True)
    shutil.copy(project / "data/templates/0_0.svg", folder)
    assert stale(project) == set()


def test_what_python_and_editors_leave_beside_the_code_is_no_change(project):
    run(project, sys.executable, "-c", "import stages.preprocess, signs.data.datasets", PYTHONDONTWRITEBYTECODE="")
    assert list(project.glob("signs/data/__pycache__/datasets.*.pyc"))
    (project / "signs/data/.datasets.py.swp").touch()
    (project / "stages/train.py~").touch()
    assert stale(project) == set()


def test_a_file_of_code_is_a_change(project):
    (project / "signs/preparation/added.py").write_text("FACTOR = 2\n")
    assert {"preprocess@original", "merge"} <= stale(project)


@pytest.fixture
def commented(project):
    """A finished project with params.yaml as we write it, comments included, and how to set settings in it."""
    shutil.copy(ROOT / "params.yaml", project)
    commit(project, "Take the settings as they are written")

    def set_all(settings):
        # One stage alone, whatever else the settings would run.
        changes = [f"-S{key}={json.dumps(value)}" for key, value in settings.items()]
        run(project, "dvc", "exp", "run", "--single-item", "card@original", *changes)

    return project, set_all


def changed_lines(project):
    """Lines of params.yaml that differ from the commit: those gone, and those new."""
    lines = run(project, "git", "diff", "-U0", "params.yaml").splitlines()
    return [[line[1:] for line in lines if line[0] == sign and line[1:3] != sign * 2] for sign in "-+"]


def leaves(values):
    """Settings by dotted keys."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from ((f"{key}.{below}", leaf) for below, leaf in leaves(value))
        else:
            yield key, value


def other(value):
    """Another value: of the same type, or a number for none."""
    if isinstance(value, list):
        return [*value, value[-1] if value else 7]
    return not value if isinstance(value, bool) else (value or 0) + 1


def test_an_experiment_changes_only_the_lines_of_params_that_it_must(commented):
    project, set_all = commented
    set_all({"card.weakest": 4})
    assert changed_lines(project) == [
        ["  weakest: 5  # classes and pairs of classes named as weaknesses, at most"],
        ["  weakest: 4  # classes and pairs of classes named as weaknesses, at most"],
    ]
    set_all({"report.max_changed": 150, "networks.convnet.dropout_keep_prob": 0.5, "synthesize.shares.test": 0.2})
    assert list(map(len, changed_lines(project))) == [4, 4]


def test_settings_that_are_set_back_leave_params_as_it_was(commented):
    project, set_all = commented
    written = dict(leaves(yaml.safe_load((project / "params.yaml").read_text())))
    changed = {key: other(value) for key, value in written.items() if not isinstance(value, str)}
    changed["fetch.url"] = ["a.zip", "b.zip"]
    set_all(changed)
    set_all({key: written[key] for key in changed})
    run(project, "git", "diff", "-w", "--ignore-blank-lines", "--exit-code", "params.yaml")

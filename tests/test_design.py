"""The structure: who imports whom, and whether DVC is told of everything that a stage depends on."""

import ast
import functools
import json
import operator
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from signs.core import params

ROOT = Path(__file__).parent.parent
STAGES = (
    "fetch",
    "explore",
    "preprocess",
    "synthesize",
    "preview",
    "merge",
    "train",
    "evaluate",
    "stress",
    "card",
    "diagnose",
    "report",
)
# From what imports nothing of ours to what may import all that stands before it.
ORDER = (
    "signs",
    "signs.params",
    "signs.files",
    "signs.pickles",
    "signs.classes",
    "signs.download",
    "signs.datasets",
    "signs.arrays",
    "signs.tables",
    "signs.images",
    "signs.corruption",
    "signs.draws",
    "signs.scenes",
    "signs.outliers",
    "signs.copies",
    "signs.exploration",
    "signs.check",
    "signs.preprocessing",
    "signs.poses",
    "signs.surfaces",
    "signs.lenses",
    "signs.randomization",
    "signs.templates",
    "signs.sources.folders",
    "signs.sources.official",
    "signs.sources.release",
    "signs.sources.sample",
    "signs.sources",
    "signs.synthesis",
    "signs.add",
    "signs.likeness",
    "signs.preview",
    "signs.merging",
    "signs.scores",
    "signs.rejection",
    "signs.evaluation",
    "signs.calibration",
    "signs.stress",
    "signs.predictions",
    "signs.comparison",
    "signs.compare",
    "signs.seeds",
    "signs.diagnosis",
    "signs.cards",
    "signs.modelcard",
    "signs.history",
    "signs.figures.text",
    "signs.figures",
    "signs.figures.learning",
    "signs.figures.pictures",
    "signs.figures.confidence",
    "signs.figures.confusions",
    "signs.figures.distributions",
    "signs.figures.galleries",
    "signs.figures.mistakes",
    "signs.figures.preprocessing",
    "signs.albums",
    "signs.albums.exploration",
    "signs.albums.diagnosis",
    "signs.sprites",
    "signs.findings",
    "signs.chapters",
    "signs.chapters.data_sets",
    "signs.chapters.new_signs",
    "signs.chapters.models",
    "signs.chapters.comparison",
    "signs.report",
    "signs.checkpoints",
    "signs.backend",
    "signs.layers",
    "signs.blocks",
    "signs.transformers",
    "signs.networks",
    "signs.augmentation",
    "signs.averaging",
    "signs.descent",
    "signs.schedules",
    "signs.training",
    "signs.models",
    "signs.fitting",
    "signs.attention",
)
PACKAGES = ("signs", "signs.sources", "signs.figures", "signs.albums", "signs.chapters")
FIRST_WITH_TENSORFLOW = "signs.backend"


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def path_of(module):
    path = ROOT / module.replace(".", "/")
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def imported(path):
    """The first-party files that a file imports itself, the packages above them included."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    parents = [name.rsplit(".", depth)[0] for name in names for depth in range(1, name.count(".") + 1)]
    return {file for name in [*names, *parents] if (file := path_of(name))} - {path}


def reached(path):
    """All first-party files that a file depends on."""
    found, ahead = {ROOT / "stages" / "__init__.py"}, [path]
    while ahead:
        file = ahead.pop()
        if file not in found:
            found.add(file)
            ahead += imported(file)
    return found


def stage_entries():
    for name, entry in yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"].items():
        yield name, entry.get("do", entry)


@pytest.mark.parametrize(("stage", "entry"), list(stage_entries()))
def test_a_stage_depends_on_exactly_the_code_that_it_imports(stage, entry):
    listed = {name for name in entry["deps"] if name.endswith(".py")}
    needed = {str(path.relative_to(ROOT)) for path in reached(ROOT / "stages" / f"{stage}.py")}
    assert listed == needed


@pytest.mark.parametrize(("stage", "entry"), list(stage_entries()))
def test_a_stage_lists_exactly_the_sections_that_it_loads(stage, entry):
    tree = ast.parse((ROOT / "stages" / f"{stage}.py").read_text())
    loaded = {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "load"
    }
    assert {name.split(".")[0] for name in entry["params"]} == loaded


def test_every_setting_of_training_is_a_param_of_the_stage_train():
    listed = {name for name in dict(stage_entries())["train"]["params"] if name.startswith("train.")}
    settings = {f"train.{key}" for key in params.load("train", ROOT / "params.yaml")}
    assert listed == settings - {"train.load_from"} | {"train.load_from.${key}"}


def test_params_has_a_section_for_each_stage():
    assert (
        set(yaml.safe_load((ROOT / "params.yaml").read_text())) == set(STAGES) == {name for name, _ in stage_entries()}
    )


def test_what_trains_measures_or_draws_depends_on_the_versions_of_libraries():
    entries = dict(stage_entries())
    stages = ("explore", "preview", "train", "evaluate", "stress", "card", "diagnose", "report")
    assert all("requirements.lock" in entries[stage]["deps"] for stage in stages)


def test_imports_point_one_way():
    files = sorted((ROOT / "signs").rglob("*.py"))
    assert {module_name(path) for path in files} == set(ORDER)
    for path in files:
        above = ORDER[: ORDER.index(module_name(path))]
        assert {module_name(file) for file in imported(path)} <= {*above, *PACKAGES}, path


def test_tensorflow_is_named_in_the_last_modules_only():
    for module in ORDER[: ORDER.index(FIRST_WITH_TENSORFLOW)]:
        text = path_of(module).read_text()
        assert "import tensorflow" not in text
        assert "import keras" not in text


@pytest.mark.parametrize("stage", sorted({*STAGES} - {"train", "evaluate", "stress", "card", "diagnose"}))
def test_a_stage_that_needs_no_tensorflow_does_not_load_it(stage):
    program = f"import sys, stages.{stage}; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_keras_starts_without_what_it_would_import_for_nothing_and_leaves_it_to_others():
    program = """
import sys, signs.backend
assert not {"sklearn", "matplotlib"} & set(sys.modules)
import sklearn, matplotlib
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_help_and_is_short(stage):
    done = subprocess.run(
        [sys.executable, "-m", f"stages.{stage}", "--help"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith(f"usage: python -m stages.{stage} ")
    assert len((ROOT / "stages" / f"{stage}.py").read_text().splitlines()) <= 40


@pytest.mark.parametrize(("question", "classes"), [("one-shot", 21), ("drawings", 43)])
def test_a_question_sets_what_params_has(question, classes):
    said = subprocess.run(["make", "-n", question], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    settings = dict(re.findall(r"-S '?([\w.]+)=([^ ']+)", said))
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    for key in settings:
        functools.reduce(operator.getitem, key.split("."), params)
    assert json.loads(settings["synthesize.known"]) == list(range(43))
    assert len(set(json.loads(settings["merge.withhold"]))) == classes
    assert settings["synthesize.recipe.name"] == "randomized"
    mirrored = settings.get("train.augmentation.camera.mirrored")
    withheld = set(json.loads(settings["merge.withhold"]))
    assert all(len(withheld.intersection(pair)) != 1 for pair in json.loads(mirrored or "[]") if pair[0] != pair[1])

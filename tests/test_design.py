"""The structure: whether DVC is told of everything that a stage depends on, and of nothing else."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from projects import run

ROOT = Path(__file__).parent.parent
ENTRIES = {
    name: entry.get("do", entry) for name, entry in yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"].items()
}
EXCEPT_PACKAGES = {"stages", "signs"}  # the runner and the settings of libraries: they decide no result
every_stage = pytest.mark.parametrize("stage", ENTRIES)


def file_of(module):
    path = ROOT / module.replace(".", "/")
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


def imported(path):
    """The first-party files that a file imports, in functions too."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return {file for name in names if (file := file_of(name))} - {path}


def packages(path):
    """The packages that a file depends on, directly or not, as DVC names them."""
    found, ahead = set(), [path]
    while ahead:
        file = ahead.pop()
        if file not in found:
            found.add(file)
            ahead += imported(file)
    return {str(file.parent.relative_to(ROOT)) for file in found} - EXCEPT_PACKAGES


def loaded(stage):
    """The sections of params.yaml that a stage reads, and the alternatives that they name."""
    calls = [node for node in ast.walk(ast.parse((ROOT / "stages" / f"{stage}.py").read_text())) if is_load(node)]
    sections = {call.args[0].value for call in calls}
    chosen = {
        f"{keyword.value.value}.${{{call.args[0].value}.{keyword.arg}}}" for call in calls for keyword in call.keywords
    }
    return sections, chosen


def is_load(node):
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "load"


@every_stage
def test_a_stage_depends_on_its_script_and_exactly_the_packages_that_it_imports(stage):
    code = {name for name in ENTRIES[stage]["deps"] if name.split("/")[0] in ("signs", "stages")}
    assert code == {f"stages/{stage}.py", *packages(ROOT / "stages" / f"{stage}.py")}


@every_stage
def test_a_stage_lists_exactly_the_sections_that_it_loads(stage):
    sections, chosen = loaded(stage)
    listed = {name for name in ENTRIES[stage]["params"] if name != "native"}
    assert {name for name in listed if "${" in name and not name.endswith("${key}")} == chosen
    assert {name.split(".")[0] for name in listed - chosen} == sections


def test_params_has_no_section_that_no_stage_reads():
    read = [loaded(stage) for stage in ENTRIES]
    sections = {name for part, chosen in read for name in (*part, *(key.split(".")[0] for key in chosen))}
    assert set(yaml.safe_load((ROOT / "params.yaml").read_text())) == sections | {"native"}


def test_only_what_runs_a_network_depends_on_the_cap_of_instructions():
    from stages.__main__ import NATIVE

    reporting = {"report"}  # says it
    assert {stage for stage, entry in ENTRIES.items() if "native" in entry["params"]} == {*NATIVE, *reporting}


def test_what_trains_measures_or_draws_depends_on_the_versions_of_libraries():
    stages = ("explore", "preview", "train", "evaluate", "stress", "card", "diagnose", "report")
    assert all("requirements.lock" in ENTRIES[stage]["deps"] for stage in stages)


@pytest.mark.parametrize("stage", sorted({*ENTRIES} - {"train", "evaluate", "stress", "export"}))
def test_a_stage_that_runs_no_network_does_not_load_tensorflow(stage):
    program = f"import sys, signs, stages.{stage}; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_importing_the_library_loads_no_other():
    program = "import sys, signs; sys.exit(bool({'numpy', 'cv2', 'tensorflow', 'pydantic'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


@every_stage
def test_every_stage_has_help_and_is_short(stage):
    assert run(ROOT, "python", "-m", "stages", stage, "--help").startswith(f"usage: python -m stages {stage} ")
    assert len((ROOT / "stages" / f"{stage}.py").read_text().splitlines()) <= 40

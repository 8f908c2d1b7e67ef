import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = str(Path(sys.executable).parent / "signs")


def called(*command, cwd=ROOT):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("command", [[SCRIPT], [sys.executable, "-m", "signs"]], ids=["signs", "python -m signs"])
def test_the_script_and_the_module_are_the_same_command(command):
    assert called(*command, "--version") == (0, f"signs {metadata.version('signs')}\n", "")


def test_help_names_every_verb_and_waits_for_no_library():
    program = "import sys, signs.cli\ntry: signs.cli.main(['--help'])\nfinally: print(*sys.modules, file=sys.stderr)"
    code, said, modules = called(sys.executable, "-c", program)
    assert code == 0
    assert {"check", "add", "compare", "run", "tune", "results"} <= set(said.split())
    assert not {"numpy", "tensorflow", "dvc", "yaml", "pydantic"} & set(modules.split())


@pytest.mark.parametrize(
    "arguments",
    [[], ["fly"], ["check"], ["compare", "a"], ["run", "--seeds", "-1"], ["run", "--seeds", "two"], ["tune"]],
)
def test_wrong_usage_is_exit_code_2(arguments):
    code, said, error = called(SCRIPT, *arguments)
    assert (code, said) == (2, "")
    assert "error: " in error.splitlines()[-1]


@pytest.mark.parametrize(
    "arguments", [["check", "data"], ["add", "a.png", "A"], ["run"], ["tune", "a.yaml"], ["results"]]
)
def test_outside_of_a_project_a_verb_says_so_in_one_line(tmp_path, arguments):
    message = f"signs {arguments[0]}: there is no dvc.yaml here; run it in the folder of the project\n"
    assert called(SCRIPT, *arguments, cwd=tmp_path) == (1, "", message)

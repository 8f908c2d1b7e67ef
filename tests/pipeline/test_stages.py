"""How a stage ends: what a person can mend in one line, a bug with its traceback. Each in a process of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Runs a stage whose main is given in source.
STAGE = """
import sys, types
from stages.__main__ import main
source, stage, *paths = sys.argv[1:]
module = types.ModuleType(stage)
exec("from signs.core.errors import UserError\\n" + source, module.__dict__)
sys.modules["stages." + stage] = module
main(stage, paths)
"""


def run(*command, cwd=ROOT, **environment):
    command = [sys.executable, *map(str, command)]
    variables = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, check=False)


def ended(body):
    """Exit code and lines on standard error of a stage."""
    done = run("-c", STAGE, f"def main():\n {body}", "merge")
    return done.returncode, done.stderr.splitlines()


# --- errors


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (r"raise UserError('the sign\n  is upside down')", "the sign is upside down"),
        ("raise MemoryError", "out of memory"),
        ("import numpy; numpy.empty(2**50)", "Unable to allocate 8.00 PiB for an array"),
        ("raise OSError(28, 'No space left on device', 'train.p')", "[Errno 28] No space left on device: 'train.p'"),
        ("raise PermissionError(13, 'Permission denied', 'data')", "[Errno 13] Permission denied: 'data'"),
        ("open('/proc/self/mem', 'rb').read(1)", "[Errno 5] Input/output error"),
    ],
)
def test_what_a_person_can_mend_ends_in_one_line(body, said):
    code, lines = ended(body)
    assert code == 1
    (line,) = lines
    assert line.startswith(f"merge: {said}")
    assert line.endswith("(dvc repro brings back what is gone)")


@pytest.mark.parametrize(
    ("body", "last"),
    [
        ("raise ValueError('a defect')", "ValueError: a defect"),
        ("{}['a']", "KeyError: 'a'"),
        ("open('no such file')", "FileNotFoundError: [Errno 2] No such file or directory: 'no such file'"),
        ("import numpy; numpy.zeros(2) + numpy.zeros(3)", "ValueError: operands could not be broadcast together"),
    ],
)
def test_a_bug_keeps_its_traceback(body, last):
    code, lines = ended(body)
    assert code == 1
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1].startswith(last)


def test_ctrl_c_ends_in_one_line():
    source = "import time\ndef main(): print('ready', flush=True); time.sleep(60)"
    command = [sys.executable, "-c", STAGE, source, "merge"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert errors == "merge: stopped; dvc repro starts it again\n"


# --- wrong inputs of real stages


@pytest.mark.parametrize(
    ("stage", "paths", "params", "said"),
    [
        (
            "merge",
            ["a", "b", "out"],
            "merge: {hide_photographs_of: []}",
            "a/train.p is missing; a data set is",
        ),
        ("preprocess", ["damaged", "out"], "preprocess: {}", "damaged/train.p cannot be read as a pickle of arrays"),
        ("preprocess", ["damaged", "out"], None, "damaged/train.p cannot be read as a pickle of arrays"),
        ("fetch", ["data", "drawings", "out"], None, "params.yaml is missing"),
        ("fetch", ["data", "drawings", "out"], "fetch: [", "params.yaml is not valid YAML"),
        ("fetch", ["data", "drawings", "out"], "fetch: {}", "params.yaml: fetch."),
        ("train", ["a", "out", "history.csv"], "native: perhaps", "params.yaml: native is 'perhaps'; expected true or"),
    ],
)
def test_a_wrong_input_of_a_stage_ends_in_one_line(tmp_path, stage, paths, params, said):
    (tmp_path / "damaged").mkdir()
    for split in ("train", "valid", "test"):
        (tmp_path / "damaged" / f"{split}.p").write_bytes(b"no pickle")
    if params is not None:
        (tmp_path / "params.yaml").write_text(params)
    done = run("-m", "stages", stage, *paths, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{stage}: {said}")
    assert not (tmp_path / "out").exists()


def test_a_processor_without_avx2_is_told_so_before_anything_loads(tmp_path):
    (tmp_path / "cpuinfo").write_text("vendor_id : GenuineIntel\nflags : fpu avx\n")
    program = (
        "import sys; from pathlib import Path; from signs.core import processor; from stages.__main__ import main\n"
        "processor.CPUINFO = Path(sys.argv[1])\n"
        "main('merge', ['a', 'b', 'out'])"
    )
    done = run("-c", program, tmp_path / "cpuinfo")
    assert done.returncode == 1
    assert done.stderr.startswith("merge: this processor has no AVX2, which TensorFlow and the reproducible results")
    assert len(done.stderr.splitlines()) == 1


# --- the command line


def test_a_stage_is_given_its_paths():
    done = run("-c", STAGE, "def main(original, out): print([original, out])", "merge", "one", "other")
    assert done.stdout == f"{[Path('one'), Path('other')]}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["merge", "data"], "the following arguments are required: synthetic, out"),
        (["merge", "a", "b", "c", "d"], "unrecognized arguments: d"),
        (["melt"], "invalid choice: 'melt'"),
        ([], "the following arguments are required: stage"),
    ],
)
def test_wrong_arguments_are_explained(arguments, said):
    done = run("-m", "stages", *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_help_names_all_stages():
    done = run("-m", "stages", "--help")
    assert done.returncode == 0
    assert "preprocess" in done.stdout


@pytest.mark.parametrize(("native", "expected"), [("true", "native"), ("false", "portable")])
def test_the_setting_native_is_in_force_before_numpy_loads(tmp_path, native, expected):
    (tmp_path / "params.yaml").write_text(f"native: {native}\n")
    source = "import sys\nfrom signs.core import processor\n"
    source += "def main(): print(processor.instructions(), 'numpy' in sys.modules)"
    done = run("-c", STAGE, source, "train", cwd=tmp_path, SIGNS_NATIVE="")
    assert done.stdout == f"{expected} False\n"

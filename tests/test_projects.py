"""The Python that the tests' stages run in: what DVC and a person see of it is what they see of any other."""

import signal
import subprocess
import sys
import time

import pytest
from projects import variables

STAGE = """\
import os, signal, sys, time
print(os.getcwd(), *sys.argv[1:], "tensorflow" in sys.modules)
print(os.environ["COLOUR"], file=sys.stderr)
{}
"""


@pytest.fixture
def ran(tmp_path):
    """Runs a package `stages` that ends in the given lines."""
    (tmp_path / "params.yaml").write_text("native: false\n")
    (tmp_path / "stages").mkdir()
    (tmp_path / "stages/__init__.py").touch()

    def start(lines, *python):
        (tmp_path / "stages/__main__.py").write_text(STAGE.format(lines))
        return subprocess.Popen(
            [*(python or ("python",)), "-m", "stages", "one", "two"],
            cwd=tmp_path,
            env=variables() | {"COLOUR": "red"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.mark.parametrize(
    "lines", ["", "sys.exit(3)", "sys.exit('no')", "1 / 0", "os.kill(os.getpid(), 9)", "os._exit(4)"]
)
def test_a_stage_ends_as_in_a_python_of_its_own(ran, lines):
    seen = []
    for python in ((), (sys.executable,)):
        with ran(lines, *python) as process:
            out, errors = process.communicate()
        seen.append(
            (process.returncode, out.replace(" True", " False"), errors.splitlines()[0], errors.splitlines()[-1])
        )
    assert seen[0] == seen[1]


def test_tensorflow_is_loaded(ran):
    with ran("") as process:
        assert process.communicate()[0].endswith("one two True\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_reaches_the_stage(ran, number):
    with ran(
        f"signal.signal({int(number)}, lambda *_: sys.exit(7)); print('on', flush=True); time.sleep(60)"
    ) as process:
        while process.stdout.readline() != "on\n":
            pass
        process.send_signal(number)
        assert process.wait() == 7


def test_nothing_runs_on_after_a_kill(ran, tmp_path):
    with ran("while True: open('alive', 'a').write('.'); time.sleep(0.01)") as process:
        while not (tmp_path / "alive").exists():
            time.sleep(0.01)
        process.kill()
    time.sleep(0.5)
    size = (tmp_path / "alive").stat().st_size
    time.sleep(0.2)
    assert (tmp_path / "alive").stat().st_size == size

"""Projects like this one on tiny data, for tests that run DVC itself."""

import atexit
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.project import change, copied, environment

ROOT = Path(__file__).parent.parent
WARM = ROOT / "tests/warm"
NAMES = {f"GIT_{who}_{what}": "tests@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


@functools.cache
def warm_python():
    """Variables with which `dvc`, and the stages that it runs, are forked from a process that has the libraries loaded.

    A stage of a tiny project takes most of its time to load them, and the tests run over a hundred. What a process
    prints, writes and ends with stays the same.
    """
    folder = Path(tempfile.mkdtemp())
    client = folder / "bin/python"
    client.parent.mkdir()
    client.write_text(f"#!{sys.executable} -IS\n{(WARM / 'client.py').read_text()}")
    client.chmod(0o755)
    (client.parent / "dvc").symlink_to("python")
    # Makes it a virtual environment like that of the tests, for a Python that runs by its name.
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", folder)
    (folder / "lib").symlink_to(Path(sys.prefix) / "lib")
    server = subprocess.Popen(
        [sys.executable, "-P", WARM / "server.py", folder / "socket"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    atexit.register(shutil.rmtree, folder)
    atexit.register(server.communicate)  # the end of its input
    assert server.stdout.readline() == b"ready\n"
    return {"PATH": f"{client.parent}{os.pathsep}{environment()['PATH']}", "WARM_PYTHON": str(folder / "socket")}


def variables():
    """The environment of a command of a user."""
    return environment() | NAMES | warm_python()


def run(project, *command, code=0, **more):
    done = subprocess.run(command, cwd=project, env=variables() | more, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def stages_run(output):
    return {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}


def commit(project, message):
    run(project, "git", "add", "-A")
    run(project, "git", "commit", "-qm", message)


def made(folder):
    """A project like this one, with few images and short training, committed but not yet run."""
    copied(ROOT, folder)
    change(folder, "fetch.sample", train=6, valid=2, test=2)
    change(folder, "train", epochs=2, batch_size=64)
    change(folder, "synthesis_recipes.article", brightness={"start": 0.6, "stop": 1.2, "step": 0.5}, offset_step=20)
    commit(folder, "Start")
    return folder


def metrics(project, name):
    return json.loads((project / "metrics" / f"{name}.json").read_text())

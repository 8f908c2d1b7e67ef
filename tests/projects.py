"""Projects like this one on tiny data, for tests that run DVC itself."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
PARTS = (".dvcignore", ".gitignore", "data", "dvc.yaml", "params.yaml", "requirements.lock", "signs", "stages")
ENVIRONMENT = os.environ | {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    "DVC_NO_ANALYTICS": "1",
    **{f"GIT_{who}_{what}": "tests@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def run(project, *command, code=0):
    done = subprocess.run(command, cwd=project, env=ENVIRONMENT, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def stages_run(output):
    return {line.split("'")[1] for line in output.splitlines() if line.startswith("Running stage")}


def change(project, section, **values):
    path = project / "params.yaml"
    params = yaml.safe_load(path.read_text())
    place = params
    for key in section.split("."):
        place = place[key]
    place.update(values)
    path.write_text(yaml.safe_dump(params, sort_keys=False))


def commit(project, message):
    run(project, "git", "add", "-A")
    run(project, "git", "commit", "-qm", message)


def made(folder):
    """A project like this one, with few images and short training, committed but not yet run."""
    folder.mkdir()
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *PARTS], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    run(folder, "git", "init", "-q", "-b", "main")
    run(folder, "dvc", "init", "-q")
    change(folder, "fetch.sample", train=6, valid=2, test=2)
    change(folder, "train", epochs=2, batch_size=64)
    change(folder, "synthesize.recipe.article", brightness={"start": 0.6, "stop": 1.2, "step": 0.5}, offset_step=20)
    commit(folder, "Start")
    return folder


def metrics(project, name):
    return json.loads((project / "metrics" / f"{name}.json").read_text())

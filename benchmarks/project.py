"""A copy of this project to run the pipeline in."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import yaml

PARTS = (
    ".dvcignore",
    ".gitignore",
    "data",
    "dvc.yaml",
    "params.yaml",
    "presets",
    "recipes",
    "requirements.lock",
    "signs",
    "stages",
)


def copied(project: Path, folder: Path) -> Path:
    """Copies what the pipeline needs, but no outputs, into a new folder with its own git and DVC."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", *PARTS],
        cwd=project,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(project / name, folder / name)
    for command in (["git", "init", "-q", "-b", "main"], [sys.executable, "-m", "dvc", "init", "-q"]):
        subprocess.run(command, cwd=folder, check=True)
    return folder


def environment() -> dict[str, str]:
    """Environment variables with which DVC runs stages by the Python that runs this."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "DVC_NO_ANALYTICS": "1"}


def change(project: Path, section: str, **values: object) -> None:
    """Changes values of a section of params.yaml, such as `fetch.sample`."""
    path = project / "params.yaml"
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    place = content
    for key in section.split("."):
        place = place[key]
    place.update(values)
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")

"""Whether a stage reads a file that DVC does not know it depends on.

The files are those that Python opens. What a compiled library opens by itself is not seen.
"""

from pathlib import Path

import pytest
import yaml

IGNORED = {".dvc", ".git", "logs", "params.yaml"}  # DVC knows settings by their names
# Of all stages; decides no result.
RUNNER = {"signs/__init__.py", "signs/registration.py", "stages/__init__.py", "stages/__main__.py"}


@pytest.fixture(scope="module")
def stages(finished):
    """Entries of dvc.lock by stage."""
    return yaml.safe_load((finished / "dvc.lock").read_text())["stages"]


@pytest.fixture(scope="module")
def read(finished):
    """Files of the project that were read, by the command of the stage."""
    found = {}
    for line in (finished.parent / "opened").read_text().splitlines():
        stage, how, path = line.split("\t")
        if how == "read" and Path(path).is_relative_to(finished) and Path(path).is_file():  # else it was temporary
            found.setdefault(stage, set()).add(str(Path(path).relative_to(finished)))
    return found


def unknown(entry, read):
    """The files among `read` that a stage neither depends on nor writes."""
    known = [file["path"] for file in (*entry["deps"], *entry["outs"])]
    return {
        path
        for path in read[entry["cmd"]]
        if path.split("/")[0] not in IGNORED
        and path not in RUNNER
        and not any(path == one or path.startswith(f"{one}/") for one in known)
    }


def test_a_stage_reads_no_file_that_dvc_does_not_know(stages, read):
    assert read.keys() == {entry["cmd"] for entry in stages.values()}
    assert {name: unknown(entry, read) for name, entry in stages.items()} == {name: set() for name in stages}


@pytest.mark.parametrize(
    ("stage", "dependency"),
    [
        ("fetch", "presets/cameras/sample.yaml"),
        ("fetch", "data/templates"),
        ("synthesize", "data/new_signs"),
        ("preview", "signs/figures"),
        ("train@augmented", "signs/training"),
        ("train@augmented", "data/augmented"),
        ("evaluate@original", "models/original"),
        ("stress@original", "presets/corruptions.yaml"),
        ("report", "metrics"),
    ],
)
def test_a_dependency_that_dvc_is_not_told_of_is_found(stages, read, stage, dependency):
    entry = stages[stage]
    others = [file for file in entry["deps"] if file["path"] != dependency]
    found = unknown(entry | {"deps": others}, read)
    assert found
    assert all(path == dependency or path.startswith(f"{dependency}/") for path in found)

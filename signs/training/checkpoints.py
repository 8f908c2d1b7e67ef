"""Checkpoints: the state of a training in one file, from which a killed run continues."""

import hashlib
import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from signs.core import processor
from signs.core.files import replaced
from signs.core.history import Row
from signs.training.settings import Settings

ROOT = Path(__file__).parents[2]
# All code that a training depends on; an edit anywhere else leaves its checkpoint valid.
CODE = ("signs/core", "signs/data", "signs/networks", "signs/training", "stages/train.py")
LOCK = "requirements.lock"


@dataclass(frozen=True)
class State:
    """All that the next epoch depends on, and the result so far.

    `variables`: of network, optimizer and moving averages, in their order. `kept`: the weights of the epoch that the
    model would get if training ended here. `history`: a row for each epoch so far.
    """

    variables: list[np.ndarray]
    kept: list[np.ndarray]
    history: list[Row]


def path_for(folder: Path, settings: Settings, digest: str) -> Path:
    """The file of a training's state; another training has another file.

    It depends on the settings, the SHA-256 `digest` of the data set, the processor instructions in use, the versions of
    the libraries and the code of training.
    """
    told = [settings.recorded, digest, processor.instructions()]
    total = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    for file in _files():
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return folder / f"state-{total.hexdigest()[:16]}.npz"


def _files() -> list[Path]:
    places = [ROOT / place for place in (*CODE, LOCK)]
    inside = [file for place in places for file in sorted(place.rglob("*.py"))]
    return [*inside, *filter(Path.is_file, places)]


def write(path: Path, state: State) -> None:
    """Writes a state; a kill at any moment leaves the previous file or the new one, whole."""
    arrays = {f"variable_{i}": array for i, array in enumerate(state.variables)}
    arrays |= {f"kept_{i}": array for i, array in enumerate(state.kept)}
    with replaced(path) as partial, partial.open("wb") as file:
        np.savez(file, allow_pickle=False, history=np.array(json.dumps(state.history)), **arrays)
        file.flush()
        os.fsync(file.fileno())


def read(path: Path) -> State | None:
    """Reads a state; None if the file is missing or damaged."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            history = json.loads(str(file["history"]))
            return State(_numbered(file, "variable"), _numbered(file, "kept"), history)
    except (EOFError, OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def remove(folder: Path) -> None:
    """Removes the states of all trainings in a folder."""
    for file in folder.glob("*state-*.npz*"):
        file.unlink()


def _numbered(file: np.lib.npyio.NpzFile, name: str) -> list[np.ndarray]:
    count = sum(key.startswith(f"{name}_") for key in file.files)
    return [file[f"{name}_{i}"] for i in range(count)]

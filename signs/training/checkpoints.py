"""Checkpoints: the state of a training in one file, from which a killed run continues."""

import hashlib
import json
import math
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from signs.core import code, processor
from signs.core.errors import UserError
from signs.core.files import clean, replaced
from signs.core.history import Row
from signs.training.settings import Settings

# All code that a training depends on, and its libraries; an edit anywhere else leaves its checkpoint valid.
PACKAGES = ("signs/core", "signs/data", "signs/networks", "signs/training", "signs/cluster")
PLACES = (*PACKAGES, "stages/train.py", "requirements.lock")


@dataclass(frozen=True)
class State:
    """All that the next epoch depends on, and the result so far.

    `variables`: of network, optimizer and moving averages, in their order. `kept`: the weights of the epoch that the
    model would get if training ended here. `history`: a row for each epoch so far.
    """

    variables: list[np.ndarray]
    kept: list[np.ndarray]
    history: list[Row]


def key(settings: Settings, digest: str) -> str:
    """What the result of a training depends on, as 64 hexadecimal digits; another training has another key.

    It depends on the settings, the SHA-256 `digest` of the data set, the processor instructions in use, the versions of
    the libraries and the code of training.
    """
    told = [settings.recorded, digest, processor.instructions(), code.digests(PLACES)]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def path_for(folder: Path, settings: Settings, digest: str) -> Path:
    """The file of the state of the training with this `key`."""
    return folder / f"state-{key(settings, digest)[:16]}.npz"


def write(path: Path, state: State) -> None:
    """Writes a state; a kill at any moment leaves the previous file or the new one, whole."""
    arrays = {f"variable_{i}": array for i, array in enumerate(state.variables)}
    arrays |= {f"kept_{i}": array for i, array in enumerate(state.kept)}
    with replaced(path) as partial, partial.open("wb") as file:
        np.savez(file, allow_pickle=False, history=np.array(json.dumps(state.history)), **arrays)
        file.flush()
        os.fsync(file.fileno())


def read(path: Path) -> State | None:
    """Reads a state; None if the file is missing or damaged, which a kill does not do.

    Raises:
        UserError: The file is whole, but holds no state that `write` wrote.
    """
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            history = json.loads(str(file["history"]))
            state = State(_numbered(file, "variable"), _numbered(file, "kept"), history)
    except FileNotFoundError:
        return None
    except (EOFError, OSError, ValueError, KeyError, RecursionError, zipfile.BadZipFile):
        print(f"{path} is damaged; training starts with the first epoch")
        return None
    _check(state, path)
    return state


def _check(state: State, path: Path) -> None:
    arrays = [*state.variables, *state.kept]
    is_sound = state.variables and state.kept and all(np.isfinite(array).all() for array in arrays)
    if not is_sound or not _is_history(state.history):
        raise UserError(f"{path} holds no state of a training; delete it, and training starts with the first epoch")


def _is_history(rows: Any) -> bool:
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        return False
    numbers = [number for row in rows for number in row.values()]
    is_finite = all(isinstance(number, int | float) and math.isfinite(number) for number in numbers)
    return is_finite and [row.get("epoch") for row in rows] == list(range(len(rows)))


def remove(folder: Path) -> None:
    """Removes the states of all trainings in a folder, and what a killed one was writing."""
    clean(folder)
    for file in folder.glob("state-*.npz"):
        file.unlink()


def _numbered(file: np.lib.npyio.NpzFile, name: str) -> list[np.ndarray]:
    count = sum(key.startswith(f"{name}_") for key in file.files)
    return [file[f"{name}_{i}"] for i in range(count)]

"""The state of a training in one file, from which a killed run goes on."""

import json
import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from signs.core.files import replaced
from signs.core.history import Row


@dataclass(frozen=True)
class State:
    """What the next epoch depends on, and what has been reached.

    `variables` are the network's and the optimizer's, in their order; `best` are the weights of the
    epoch to keep so far; `history` has a row for each epoch, the first one before training.
    """

    variables: list[np.ndarray]
    best: list[np.ndarray]
    history: list[Row]


def write(path: Path, state: State) -> None:
    """Writes the state; a kill at any moment leaves the former file or the new one, whole."""
    arrays = {f"variable_{i}": array for i, array in enumerate(state.variables)}
    arrays |= {f"best_{i}": array for i, array in enumerate(state.best)}
    with replaced(path) as partial, partial.open("wb") as file:
        np.savez(file, allow_pickle=False, history=np.array(json.dumps(state.history)), **arrays)
        file.flush()
        os.fsync(file.fileno())


def read(path: Path) -> State | None:
    """Reads a state; None where there is none, or none that is whole."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            history = json.loads(str(file["history"]))
            return State(_numbered(file, "variable"), _numbered(file, "best"), history)
    except (EOFError, OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def _numbered(file: np.lib.npyio.NpzFile, name: str) -> list[np.ndarray]:
    count = sum(key.startswith(f"{name}_") for key in file.files)
    return [file[f"{name}_{i}"] for i in range(count)]

"""Named arrays in one `.npz` file."""

from pathlib import Path

import numpy as np

from signs.datasets import replaced


def write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Writes the arrays; the same ones give the same bytes."""
    with replaced(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def read(path: Path, names: list[str]) -> list[np.ndarray]:
    """Reads the arrays of these names, in their order; nothing in the file is run.

    Raises:
        ValueError: The file is missing, damaged or of another kind, or an array is not there.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            return [archive[name] for name in names]
    except Exception as error:  # a damaged archive can raise anything
        raise ValueError(f"{path} holds no arrays {', '.join(names)}: {error}; dvc repro makes them anew") from None

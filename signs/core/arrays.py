"""Named arrays in one `.npz` file."""

import io
import zipfile
from pathlib import Path
from typing import BinaryIO

import numpy as np

from signs.core.errors import UserError
from signs.core.files import replaced


def write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Writes the arrays; the same ones give the same bytes, which `np.savez` gives only within a version of Python."""
    with replaced(path) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, version=(1, 0), allow_pickle=False)
            # A ZipInfo without more than a name is dated 1980.
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue(), zipfile.ZIP_DEFLATED)


def read(path: Path, names: list[str]) -> list[np.ndarray]:
    """Reads the arrays of these names, in their order; nothing in the file is run.

    Raises:
        UserError: The file is missing, damaged or of another kind, or an array is not there.
    """
    try:
        with path.open("rb") as file:
            return parse(file, str(path), names)
    except OSError as error:
        raise UserError(f"{path} holds no arrays {', '.join(names)}: {error}; dvc repro makes them anew") from None


def parse(file: BinaryIO, where: str, names: list[str]) -> list[np.ndarray]:
    """As `read`, from an open file; `where` names it in errors."""
    try:
        with np.load(file, allow_pickle=False) as archive:
            return [archive[name] for name in names]
    except Exception as error:  # a damaged archive can raise anything
        raise UserError(f"{where} holds no arrays {', '.join(names)}: {error}; dvc repro makes them anew") from None

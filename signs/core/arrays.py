"""Named arrays in one `.npz` file."""

import io
import zipfile
from pathlib import Path
from typing import BinaryIO

import numpy as np

from signs.core import zips
from signs.core.errors import UserError
from signs.core.files import replaced


def write(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Writes the arrays. The same arrays give the same bytes; with `np.savez` that depends on the Python version."""
    with replaced(path) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, version=(1, 0), allow_pickle=False)
            # A ZipInfo with a name only is dated 1980.
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content.getvalue(), zipfile.ZIP_DEFLATED)


def read(path: Path, names: list[str]) -> list[np.ndarray]:
    """Reads the arrays with these names, in this order. Runs nothing that is in the file.

    Raises:
        UserError: The file is missing, damaged or no such archive, or lacks an array.
    """
    if not path.is_file():
        raise UserError(f"{path} is missing; dvc repro writes it again")
    with path.open("rb") as file:
        return parse(file, str(path), names)


def parse(file: BinaryIO, where: str, names: list[str]) -> list[np.ndarray]:
    """Does what `read` does with an open file; `where` names it in errors."""
    try:
        with zips.opened(file, where) as archive:
            members = (io.BytesIO(zips.content(archive, f"{name}.npy")) for name in names)
            return [np.lib.format.read_array(member, allow_pickle=False) for member in members]
    except Exception as error:  # a damaged archive can raise anything
        raise UserError(f"{where} holds no arrays {', '.join(names)}: {error}; dvc repro writes them again") from None

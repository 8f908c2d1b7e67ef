"""Tables of numbers, in files that DVC plots."""

import csv
import math
from itertools import chain
from pathlib import Path

from signs.core.errors import UserError
from signs.core.files import replaced

Table = list[dict[str, float]]


def write(path: Path, table: Table) -> None:
    """Writes a CSV with a column for each key of the first row, to six digits."""
    lines = [",".join(table[0]), *(",".join(f"{value:.6g}" for value in row.values()) for row in table)]
    with replaced(path) as partial:
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")


def read(path: Path, column: str, stage: str) -> Table:
    """Reads a CSV that `write` wrote.

    Args:
        path: Of the file.
        column: That it needs to have.
        stage: That made it.

    Raises:
        UserError: The file is missing, holds anything else than finite numbers, or lacks the column.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [{key: float(value) for key, value in row.items()} for row in csv.DictReader(file)]
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise UserError(f"{path} is no table of numbers: {error}; dvc repro {stage} makes it anew") from None
    if not rows or column not in rows[0] or not all(map(math.isfinite, chain(*map(dict.values, rows)))):
        raise UserError(f"{path} is no table of finite numbers by {column}; dvc repro {stage} makes it anew")
    return rows

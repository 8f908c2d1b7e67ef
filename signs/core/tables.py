"""Tables in CSV files, which DVC plots."""

import csv
import math
from collections.abc import Sequence
from itertools import chain
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from signs.core.errors import UserError
from signs.core.files import replaced

Table = list[dict[str, float]]


def write(path: Path, table: list[dict[str, Any]], columns: Sequence[str] | None = None) -> None:
    """Writes a CSV; a float has six digits, None is an empty cell.

    Args:
        path: Of the file.
        table: Rows with the same keys, the columns.
        columns: For a table that may have no rows; default: the keys of the first row.
    """
    with replaced(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns or list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _cell(value) for key, value in row.items()} for row in table)


def read(path: Path, column: str, stage: str) -> Table:
    """Reads a CSV of numbers that `write` wrote.

    Args:
        path: Of the file.
        column: A column that it must have.
        stage: That wrote it, for the error.

    Raises:
        UserError: The file is missing, has no rows, lacks the column, or holds anything but finite numbers.
    """
    try:
        rows = [{key: float(value) for key, value in row.items()} for row in read_text(path, [column], stage)]
    except (ValueError, TypeError) as error:
        raise UserError(f"{path} is no table of numbers: {error}; dvc repro {stage} writes it again") from None
    if not rows or not all(map(math.isfinite, chain(*map(dict.values, rows)))):
        raise UserError(f"{path} is no table of finite numbers by {column}; dvc repro {stage} writes it again")
    return rows


def read_text(path: Path, columns: Sequence[str], stage: str) -> list[dict[str, str]]:
    """Reads a CSV as text.

    Args:
        path: Of the file.
        columns: That it must have.
        stage: That wrote it, for the error.

    Raises:
        UserError: The file is missing, is no CSV, lacks a column, or a row is shorter or longer than the header.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file)
            rows = list(table)
    except (OSError, ValueError, csv.Error) as error:
        raise UserError(f"{path} is no table: {error}; dvc repro {stage} writes it again") from None
    is_whole = all(None not in row and None not in row.values() for row in rows)
    if not is_whole or not set(columns) <= set(table.fieldnames or ()):
        raise UserError(f"{path} is no table of {', '.join(columns)}; dvc repro {stage} writes it again")
    return rows


def _cell(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, Real) and not isinstance(value, Integral) else value

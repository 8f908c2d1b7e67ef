"""Tables in CSV files, which DVC plots."""

import csv
import io
import math
from collections.abc import Collection, Sequence
from itertools import chain
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from signs.core.errors import UserError
from signs.core.files import replaced

Table = list[dict[str, float]]


def write(path: Path, table: list[dict[str, Any]], columns: Sequence[str] | None = None) -> None:
    """Writes a CSV file. Real numbers get six digits, None an empty cell.

    Args:
        path: File to write.
        table: Rows, values by column.
        columns: The header. Default: the keys of the first row, which then must exist.
    """
    with replaced(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns or list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: _cell(value) for key, value in row.items()} for row in table)


def read(path: Path, column: str, stage: str) -> Table:
    """Reads a CSV file of numbers that `write` wrote.

    Args:
        path: File to read.
        column: A column that it must have.
        stage: Stage that writes the file, for the error.

    Raises:
        UserError: The file is missing, has no rows, lacks the column, or holds anything but finite numbers.
    """
    rows = read_text(path, [column], stage)
    try:
        numbers = [{key: float(value) for key, value in row.items()} for row in rows]
    except (ValueError, TypeError) as error:
        raise UserError(f"{path} is no table of numbers: {error}; dvc repro {stage} writes it again") from None
    if not numbers or not all(map(math.isfinite, chain(*map(dict.values, numbers)))):
        raise UserError(f"{path} is no table of finite numbers by {column}; dvc repro {stage} writes it again")
    return numbers


def read_text(path: Path, columns: Collection[str], stage: str) -> list[dict[str, Any]]:
    """Reads a CSV file as text.

    Args:
        path: File to read.
        columns: Columns that it must have.
        stage: Stage that writes the file, for the error.

    Returns:
        See `parse`.

    Raises:
        UserError: The file is missing, or `parse` refuses it.
    """
    try:
        return parse(path.read_bytes(), str(path), columns)
    except OSError as error:
        fault = f"{path} is no table of {', '.join(columns)}: {error.strerror}"
    except UserError as error:
        fault = str(error)
    raise UserError(f"{fault}; dvc repro {stage} writes it again")


def parse(content: bytes, where: str, columns: Collection[str], delimiter: str = ",") -> list[dict[str, Any]]:
    """Parses a CSV file as text.

    Args:
        content: The file, in UTF-8.
        where: Its name, for errors.
        columns: Columns that it must have; others are allowed.
        delimiter: The character between cells.

    Returns:
        Rows, text by column; None where a short row lacks a cell that is not in `columns`.

    Raises:
        UserError: It is not UTF-8, lacks a column, or has a row that is too long or too short.
    """
    try:
        table = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=delimiter)
        rows = list(table)
        _check(rows, table.fieldnames or (), columns)
    except (ValueError, csv.Error) as error:
        raise UserError(f"{where} is no table of {', '.join(columns)}: {error}") from None
    return rows


def _check(rows: list[dict[str, Any]], header: Sequence[str], columns: Collection[str]) -> None:
    if not set(columns) <= set(header):
        raise ValueError(f"it has the columns {', '.join(header)[:80]!r}")
    for number, row in enumerate(rows, start=1):
        if None in row or any(row[column] is None for column in columns):
            raise ValueError(f"row {number} has more or fewer cells than the header")


def _cell(value: object) -> object:
    return f"{value:.6g}" if isinstance(value, Real) and not isinstance(value, Integral) else value

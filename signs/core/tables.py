"""Tables in CSV files, which DVC plots."""

import codecs
import csv
import io
import math
import re
from collections.abc import Collection, Sequence
from itertools import chain
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from signs.core.errors import UserError
from signs.core.files import read_bytes, replaced
from signs.core.text import visible

Table = list[dict[str, float]]

MAX_BYTES = 256 * 2**20
DELIMITERS = ",;\t"
FORMULA = re.compile("'*[=+\\-@\t]")  # how a cell starts that a spreadsheet runs, or that was quoted against that


def write(path: Path, table: list[dict[str, Any]], columns: Sequence[str] | None = None) -> None:
    """Writes a CSV file. Real numbers get six digits, None an empty cell.

    Texts are made `safe`; `parse` takes away the apostrophe.

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
        return parse(read_bytes(path, MAX_BYTES), str(path), columns)
    except OSError as error:
        fault = f"{path} is no table of {', '.join(columns)}: {error.strerror}"
    except UserError as error:
        fault = str(error)
    raise UserError(f"{fault}; dvc repro {stage} writes it again")


def parse(content: bytes, where: str, columns: Collection[str]) -> list[dict[str, Any]]:
    """Parses a CSV file as text.

    Args:
        content: The file, in UTF-8; commas, semicolons or tabs between cells.
        where: Its name, for errors.
        columns: Columns that it must have; others are allowed.

    Returns:
        Rows, text by column; None where a short row lacks a cell that is not in `columns`.

    Raises:
        UserError: It is not UTF-8, lacks a column, or has a row that is too long or too short.
    """
    try:
        table = reader(content)
        rows = [{key: _text(value) for key, value in row.items()} for row in table]
        _check(rows, table.fieldnames or (), columns)
    except (ValueError, csv.Error) as error:
        raise UserError(f"{where} is no table of {', '.join(columns)}: {error}") from None
    return rows


def reader(content: bytes) -> "csv.DictReader[str]":
    """Rows of a CSV file in UTF-8, by column; the header shows what separates cells.

    Raises:
        ValueError: It is in another encoding.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise ValueError("it is in UTF-16; save it as CSV in UTF-8, with commas")
    try:
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{error}; save it as CSV in UTF-8, with commas") from None
    header = decoded.partition("\n")[0]
    return csv.DictReader(io.StringIO(decoded, newline=""), delimiter=max(DELIMITERS, key=header.count))


def _check(rows: list[dict[str, Any]], header: Sequence[str], columns: Collection[str]) -> None:
    if not set(columns) <= set(header):
        raise ValueError(f"it has the columns {', '.join(header)[:80]!r}")
    for number, row in enumerate(rows, start=1):
        if None in row or any(row[column] is None for column in columns):
            raise ValueError(f"row {number} has more or fewer cells than the header; quote a cell that holds a comma")


def safe(text: str) -> str:
    """A text for a cell: an apostrophe in front of what a spreadsheet would run, codes for control characters."""
    shown = visible(text)
    return f"'{shown}" if FORMULA.match(shown) else shown


def _cell(value: object) -> object:
    if isinstance(value, str):
        return safe(value)
    return f"{value:.6g}" if isinstance(value, Real) and not isinstance(value, Integral) else value


def _text(cell: Any) -> Any:
    return cell[1:] if isinstance(cell, str) and cell.startswith("'") and FORMULA.match(cell) else cell

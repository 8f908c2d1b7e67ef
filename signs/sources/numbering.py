"""Ids and names of the classes that folders or tables name."""

import itertools
import re
from pathlib import Path

from signs.core.errors import UserError
from signs.core.text import listed
from signs.data import classes
from signs.data.classes import Classes, SignClass
from signs.sources.listing import refuse

LACKING = "no line for some classes; add them"


def number(names: set[str], table: Path | None, where: Path) -> dict[str, SignClass]:
    """The class of each name. Numbers are ids; else ids count from 0, in order of the names.

    Args:
        names: Of folders, or in a table of images.
        table: A `signnames.csv`, if there is one. It names the ids, or gives ids and mirror images to the names.
        where: The folder, for errors.

    Raises:
        UserError: Two numbers are one id, or the table is unsound or lacks a class.
    """
    are_ids = all(re.fullmatch("[0-9]{1,9}", name) for name in names)
    rows = {name: SignClass(int(name), name, "photographs") for name in names} if are_ids else _counted(names)
    for first, second in itertools.pairwise(sorted(names, key=lambda name: (rows[name].id, name))):
        if rows[first].id == rows[second].id:
            raise UserError(f"{where} has classes {first} and {second}, both of id {rows[first].id}; rename one")
    return _named(rows, classes.read(table), table, are_ids) if table else rows


def _counted(names: set[str]) -> dict[str, SignClass]:
    return {name: SignClass(id, name, "photographs") for id, name in enumerate(sorted(names))}


def _named(rows: dict[str, SignClass], known: Classes, table: Path, are_ids: bool) -> dict[str, SignClass]:
    """The rows of a table for these classes."""
    by_key = {(row.id if are_ids else row.name): row for row in known.rows}
    missing = sorted(name for name, row in rows.items() if (row.id if are_ids else name) not in by_key)
    if missing:
        refuse(table, {LACKING: missing})
    unknown = sorted({row.mirrored for row in known.rows} - {"", *known.names})
    if unknown:
        raise UserError(f"{table}: Mirrored names no class of the table: {listed(unknown)}; quote a name with a comma")
    return {name: by_key[row.id if are_ids else name] for name, row in rows.items()}

"""Records of what recipes measured: one JSON file each in results/, written once and never edited."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from signs.core import documents
from signs.core.errors import UserError

FOLDER = Path("results")


class Record(NamedTuple):
    """What a recipe measured.

    `recipe`: its name. `description`: one line. `commit`: whose code ran. `data`: `source` of the original data set,
    and a digest of it. `processor`: None where it is unknown. `instructions`: see `signs.core.processor`. `settings`:
    those that differ from params.yaml, by dotted keys. `metrics`: by seed and model, as `evaluate` writes them.
    `note`: what else a reader must know.
    """

    recipe: str
    description: str
    commit: str
    data: dict[str, str]
    processor: str | None
    instructions: str
    settings: dict[str, Any]
    metrics: dict[int, dict[str, Any]]
    note: str | None = None


def path(recipe: str) -> Path:
    """Where the record of a recipe is."""
    return FOLDER / f"{recipe}.json"


def check_new(recipe: str) -> None:
    """Refuses to replace a record.

    Raises:
        UserError: The recipe has one.
    """
    if path(recipe).exists():
        raise UserError(f"{path(recipe)} exists, and a record is never edited; delete it first, or copy the recipe")


def write(record: Record) -> None:
    """Writes a new record.

    Raises:
        UserError: There is one already.
    """
    check_new(record.recipe)
    documents.write(path(record.recipe), {key: value for key, value in record._asdict().items() if value is not None})


def read_all() -> list[Record]:
    """All records, by name.

    Raises:
        UserError: A file holds something else.
    """
    return [_read(file) for file in sorted(FOLDER.glob("*.json"), key=lambda file: file.stem)]


def _read(file: Path) -> Record:
    try:
        content = {"processor": None} | json.loads(file.read_text(encoding="utf-8"))
        content["metrics"] = {seed: content["metrics"][str(seed)] for seed in sorted(map(int, content["metrics"]))}
        return Record(**content)
    except (ValueError, TypeError, KeyError) as error:
        raise UserError(f"{file} is no record of a recipe: {error!r}; git checkout {file} restores it") from None

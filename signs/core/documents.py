"""JSON files."""

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from signs.core.errors import UserError
from signs.core.files import read_bytes, replaced

MAX_BYTES = 64 * 2**20


def write(path: Path, content: dict[str, Any]) -> None:
    """Writes an object as JSON with sorted keys, so that the same content gives the same bytes.

    Raises:
        ValueError: A number is not finite; JSON has none of these.
    """
    with replaced(path) as partial:
        partial.write_text(json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")


def read(path: Path, stage: str, kind: type[BaseModel] | None = None) -> dict[str, Any]:
    """Reads a JSON object.

    Args:
        path: File to read.
        stage: Stage that writes the file, for the error.
        kind: Fields that the object must have; it may have more.

    Raises:
        UserError: The file is missing, holds no JSON object, or lacks a field.
    """
    remedy = f"dvc repro {stage} writes it again"
    try:
        content = json.loads(read_bytes(path, MAX_BYTES), parse_constant=_refuse)
    except FileNotFoundError:
        raise UserError(f"{path} is missing; {remedy}") from None
    except UserError as error:
        raise UserError(f"{error}; {remedy}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"{path} is not valid JSON: {error}; {remedy}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path} holds a JSON {type(content).__name__}, expected an object; {remedy}")
    if kind and (fault := _fault(content, kind)):
        raise UserError(f"{path}: {fault}; {remedy}")
    return content


def _fault(content: dict[str, Any], kind: type[BaseModel]) -> str | None:
    try:
        kind.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        return f"{key} is {'missing' if first['type'] == 'missing' else repr(first['input'])[:80]}; {first['msg']}"
    return None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")

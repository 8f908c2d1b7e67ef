"""Finished trainings: where another one would be the same to the byte, its result is copied."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from signs.core.files import replaced
from signs.training import checkpoints
from signs.training.settings import Settings


class Result(NamedTuple):
    """Where a training writes: its logs, the folder of its model, and the table of its history."""

    logs: Path
    model: Path
    table: Path

    def of(self, name: str) -> "Result":
        """The places of another model."""
        table = Path(*(name if part == self.model.name else part for part in self.table.parts))
        return Result(self.logs.with_name(name), self.model.with_name(name), table)

    def digest(self) -> str:
        """SHA-256 of model and history, in hexadecimal."""
        files = [*sorted(self.model.glob("*")), self.table]
        found = [(file.name, hashlib.sha256(file.read_bytes()).hexdigest()) for file in files if file.is_file()]
        return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def key(settings: Settings, digest: str, preprocess: dict[str, Any]) -> str:
    """What all of the result depends on: `checkpoints.key`, and the preprocessing, which the model records."""
    told = json.dumps([checkpoints.key(settings, digest), preprocess], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def note(result: Result, key: str) -> None:
    """Writes beside the logs that the training `key` gave this result."""
    for former in result.logs.glob("finished-*"):
        former.unlink()
    with replaced(result.logs / f"finished-{key}") as partial:
        partial.write_text(result.digest())


def copy(target: Result, key: str) -> str | None:
    """Copies model and history of another model whose training was `key`, if nobody has changed them since.

    A result is copied once: whoever then forces either training again gets it.

    Returns:
        The name of the other model; None if there is none.
    """
    for file in sorted(target.logs.parent.glob(f"*/finished-{key}")):
        source = target.of(file.parent.name)
        if source != target and file.read_bytes() == source.digest().encode():
            with replaced(target.model) as partial:
                shutil.copytree(source.model, partial, copy_function=shutil.copyfile)  # DVC may leave read-only files
            with replaced(target.table) as partial:
                shutil.copyfile(source.table, partial)
            file.unlink()
            return source.model.name
    return None

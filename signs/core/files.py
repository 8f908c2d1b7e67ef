"""Files and folders that are written whole or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replaced(target: Path) -> Iterator[Path]:
    """Gives a path beside `target` to write to, and moves it there when all went well."""
    partial = target.with_name(f".{target.name}.partial")
    _remove(partial)  # what a killed run left
    partial.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield partial
        if target.is_dir():
            _remove(target)
        partial.replace(target)
    finally:
        _remove(partial)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)

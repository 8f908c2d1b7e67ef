"""The code of this project, as files: what DVC and a checkpoint depend on."""

import hashlib
from collections.abc import Callable, Collection
from pathlib import Path

from signs.core.errors import UserError

ROOT = Path(__file__).parents[2]
LEFTOVERS = ("__pycache__", ".")  # of interpreters and editors: how a name starts


def digests(places: Collection[str]) -> dict[str, str]:
    """SHA-256 of each file in packages and of single files, by its path below the project, sorted; absent ones lack.

    Args:
        places: Packages and files, as dvc.yaml names them: `signs/core`, `stages/train.py`.
    """
    found = (file for place in places for file in _files(ROOT / place))
    return {file.relative_to(ROOT).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(found)}


def _files(place: Path) -> list[Path]:
    if not place.is_dir():
        return [place] if place.is_file() else []
    inside = (path for path in place.iterdir() if not path.name.startswith(LEFTOVERS) and not path.name.endswith("~"))
    return [file for path in inside for file in _files(path)]


def guard(places: Collection[str]) -> Callable[[], None]:
    """Takes the digests of code as it is now; the function that it returns compares them with the code on disk then.

    Raises:
        UserError: By that function: a file was changed, added or removed.
    """
    before = digests(places)

    def check() -> None:
        changed = dict(before.items() ^ digests(places).items())
        if changed:
            raise UserError(f"{min(changed)} changed while this ran; dvc.lock would record code that did not run")

    return check

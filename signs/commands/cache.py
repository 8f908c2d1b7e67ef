"""`signs check --cache`: whether the files in DVC's cache are what their names say. DVC itself trusts them."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from signs.commands import dvc, git
from signs.core import yaml_file
from signs.core.errors import UserError
from signs.core.text import visible

LOCK = Path("dvc.lock")
FOLDER = ".dir"  # how the digest of a list of files ends


class Stored(NamedTuple):
    """An object that the workspace refers to: the path of its output, and its MD5, with `.dir` for a folder."""

    path: str
    md5: str


def main(**_: None) -> int:
    """Computes the MD5 of each file in the cache that this workspace refers to; returns 1 if one is damaged."""
    root = Path(dvc.read("cache", "dir").strip()) / "files" / "md5"
    objects = {stored.md5: stored for output in _outputs() for stored in _with_content(output, root)}
    found = [stored for stored in objects.values() if _place(root, stored).is_file()]
    damaged = [stored for stored in tqdm(found, unit=" files", leave=False) if _is_damaged(root, stored)]
    for stored in damaged:
        print(visible(f"{stored.path}: {_place(root, stored)} is damaged; delete it, then dvc repro (or dvc pull)"))
    print(f"verdict: {len(damaged):,} of {len(found):,} files in the cache are damaged")
    return int(bool(damaged))


def _outputs() -> Iterator[Stored]:
    """What dvc.lock and the files of `dvc add` refer to."""
    if not LOCK.is_file():
        raise UserError(f"{LOCK} is missing; dvc repro writes it")
    files = git.git("ls-files", "--cached", "--others", "--exclude-standard", "--", "*.dvc").splitlines()
    entries = [(Path(), entry) for entry in yaml_file.read(LOCK).get("stages", {}).values()]
    entries += [(Path(file).parent, yaml_file.read(Path(file))) for file in files]
    for folder, entry in entries:
        for output in entry.get("outs", []):
            if "md5" in output:
                yield Stored(str(folder / output["path"]), output["md5"])


def _with_content(output: Stored, root: Path) -> Iterator[Stored]:
    """An output, and the files in it if it is a folder whose list is sound."""
    yield output
    place = _place(root, output)
    if output.md5.endswith(FOLDER) and place.is_file() and not _is_damaged(root, output):
        for file in json.loads(place.read_bytes()):
            yield Stored(f"{output.path}/{file['relpath']}", file["md5"])


def _place(root: Path, stored: Stored) -> Path:
    return root / stored.md5[:2] / stored.md5[2:]


def _is_damaged(root: Path, stored: Stored) -> bool:
    with _place(root, stored).open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest() != stored.md5.removesuffix(FOLDER)

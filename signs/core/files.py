"""Files that are read without surprises, and files and folders that are written whole or not at all."""

import fcntl
import glob
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from signs.core.errors import UserError

checks_before_writing: list[Callable[[], None]] = []  # what a stage must be sure of before an output is replaced


def read_bytes(path: Path, max_bytes: int) -> bytes:
    """Reads a regular file: a pipe or a device could go on for ever.

    Raises:
        UserError: It is anything else, or larger than `max_bytes`.
        OSError: It is missing or unreadable.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # else opening a pipe waits for its other end
    try:
        _check_regular(path, os.fstat(descriptor), max_bytes)
    except UserError:
        os.close(descriptor)
        raise
    with os.fdopen(descriptor, "rb") as file:
        return file.read(max_bytes + 1)


def _check_regular(path: Path, found: os.stat_result, max_bytes: int) -> None:
    if stat.S_ISDIR(found.st_mode):
        raise UserError(f"{path} is a folder; expected a file")
    if not stat.S_ISREG(found.st_mode):
        raise UserError(f"{path} is a pipe or a device; expected a regular file")
    if found.st_size > max_bytes:
        raise UserError(f"{path} has {found.st_size:,} bytes; at most {max_bytes:,} are read")


@contextmanager
def replaced(target: Path) -> Iterator[Path]:
    """Gives a path to write a file or folder to, and moves it to `target` if all went well.

    The path lies in a workspace, a hidden folder beside `target`. Each run has its own, so several may write the same
    target. A file is replaced in one step. A folder takes two, since a rename cannot replace a full folder: the former
    one moves to the workspace first. If a run is killed in between, the next one puts it back.

    Args:
        target: File or folder; missing parents are made.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        with _locked(target.parent):
            _clean(target.parent, glob.escape(target.name))
            workspace = target.with_name(f".{target.name}.{secrets.token_hex(4)}.partial")
            workspace.mkdir()
            stack.enter_context(_locked(workspace))
        stack.callback(_close, workspace, target)
        partial = workspace / target.name
        yield partial
        for check in checks_before_writing:
            check()
        with _locked(target.parent):
            if partial.is_dir() or target.is_dir():
                with suppress(FileNotFoundError):
                    target.rename(_former(workspace, target))
            partial.rename(target)


@contextmanager
def _locked(folder: Path, flags: int = 0) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | flags)  # ends with the process, however it ends
        yield
    finally:
        os.close(descriptor)


def clean(folder: Path) -> None:
    """Removes the workspaces of runs that were killed as they wrote into a folder; what they had moved comes back."""
    with _locked(folder):
        _clean(folder, "*")


def _clean(folder: Path, pattern: str) -> None:
    for workspace in folder.glob(f".{pattern}.{'[0-9a-f]' * 8}.partial"):
        target = folder / workspace.name[1 : -len(".01234567.partial")]
        with suppress(BlockingIOError, FileNotFoundError), _locked(workspace, fcntl.LOCK_NB):  # held by living runs
            _close(workspace, target)


def _close(workspace: Path, target: Path) -> None:
    former = _former(workspace, target)
    if former.exists() and not target.exists():
        former.rename(target)
    shutil.rmtree(workspace)


def _former(workspace: Path, target: Path) -> Path:
    return workspace / f"{target.name}.former"

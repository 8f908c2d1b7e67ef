"""Tracks: images of one physical sign, told by the names of their files."""

import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath
from types import FrameType

from signs.core.errors import UserError
from signs.core.text import listed, visible
from signs.sources.layouts import Entry

SETTING = "params.yaml: fetch.folders.track"
MAX_SECONDS = 10  # for all file names; a pattern such as (a+)+$ may take years
EXAMPLE = """-S 'fetch.folders.track="^([0-9]+)_"' takes the number before the first _"""


def keys(files: list[str], pattern: str | None) -> dict[str, str]:
    """What a regular expression finds in the names of files: the first group, or all of the match without one.

    Says which files have no key, if only some have none.

    Args:
        files: Paths.
        pattern: The expression; with None or an empty text nothing is searched for.

    Returns:
        The keys by file, without those where nothing or an empty text was found.

    Raises:
        UserError: It is no regular expression, takes too long, or matches no file.
    """
    if not pattern:
        return {}
    found = _search(files, pattern)
    alone = [file for file in files if file not in found]
    if not found:
        raise UserError(f"{SETTING} {_said(pattern)} matches no file name, such as {listed(files, 3)}; {EXAMPLE}")
    if alone:
        print(
            f"fetch.folders.track {_said(pattern)} does not match {len(alone):,} of {len(files):,} file names "
            f"({listed(alone)}): each is a track of its own. {EXAMPLE}"
        )
    return found


def tracks(entries: list[Entry], found: dict[str, str]) -> list[list[Entry]]:
    """Groups images of a class by the keys of their files, in order of the keys; a file without one is a group."""
    groups: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        key = (found[entry.file], "") if entry.file in found else (PurePosixPath(entry.file).name, entry.file)
        groups.setdefault(key, []).append(entry)
    return [groups[key] for key in sorted(groups)]


def _search(files: list[str], pattern: str) -> dict[str, str]:
    try:
        with _time_limit():
            expression = re.compile(pattern)
            found = {file: expression.search(PurePosixPath(file).name) for file in files}
    except (re.error, OverflowError, RecursionError) as error:
        raise UserError(f"{SETTING} {_said(pattern)} is no regular expression: {error}") from None
    except TimeoutError:
        raise UserError(
            f"{SETTING} {_said(pattern)} takes more than {MAX_SECONDS} seconds; write one without repeats of repeats"
        ) from None
    group = min(expression.groups, 1)
    return {file: match[group] for file, match in found.items() if match and match[group]}


def _said(pattern: str) -> str:
    return f"'{visible(pattern)[:100]}'"


@contextmanager
def _time_limit() -> Iterator[None]:
    """Raises a TimeoutError after MAX_SECONDS; Python's regular expressions look for signals as they run."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError

    former = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, MAX_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)

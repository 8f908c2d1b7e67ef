"""Work that does not fit in memory is refused before it starts: the system would end the process without a word."""

import os
from contextlib import suppress
from pathlib import Path

from signs.core.errors import UserError

LIMIT_OF_CONTAINER = Path("/sys/fs/cgroup/memory.max")


def check(needed: float, work: str, remedy: str) -> None:
    """Refuses work that needs more memory than this machine has.

    Args:
        needed: Bytes that the work takes at least.
        work: What it is, for the error.
        remedy: What to lower, for the error.

    Raises:
        UserError: There is less.
    """
    there_is = total()
    if needed > there_is:
        raise UserError(
            f"{work} takes at least {needed / 1e9:,.0f} GB of memory, and there are {there_is / 1e9:,.0f}; {remedy}"
        )


def total() -> int:
    """The memory of this machine or of this container, in bytes."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):  # no container, or one without a limit
        memory = min(memory, int(LIMIT_OF_CONTAINER.read_text()))
    return memory

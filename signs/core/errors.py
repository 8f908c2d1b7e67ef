"""Errors that a person can mend, as opposed to bugs."""

import errno

# Of the system, not of our code: disk full, over quota, no permission, read-only, no memory, bad disk, overlong name.
OF_THE_SYSTEM = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOMEM,
    errno.EIO,
    errno.ENAMETOOLONG,
}


class UserError(ValueError):
    """An input that a person can mend. The message is one line: what arrived, what was expected, what to do.

    A stage or command prints it and ends with exit code 1. Any other exception is a bug and keeps its traceback.
    """


def one_line(error: BaseException) -> str | None:
    """The message of an error that a person can mend, in one line; None for a bug."""
    is_of_the_system = isinstance(error, OSError) and error.errno in OF_THE_SYSTEM
    if not is_of_the_system and not isinstance(error, UserError | MemoryError):
        return None
    return " ".join(str(error).split()) or "out of memory"

"""Errors that a person can mend, as opposed to bugs."""

import errno

from signs.core import text

# Of the system, not of our code: disk full, over quota, no permission, read-only, no memory, bad disk, overlong name,
# a file where a folder should be.
OF_THE_SYSTEM = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.ENOMEM,
    errno.EIO,
    errno.ENAMETOOLONG,
    errno.ENOTDIR,
}
# TensorFlow's errors for the same, by name: this module must not load TensorFlow.
OF_TENSORFLOW = {"PermissionDeniedError", "ResourceExhaustedError"}
MAX_LENGTH = 1000  # characters of a message


class UserError(ValueError):
    """An input that a person can mend. The message is one line: what arrived, what was expected, what to do.

    A stage or command prints it and ends with exit code 1. Any other exception is a bug and keeps its traceback.
    """


def one_line(error: BaseException) -> str | None:
    """The message of an error that a person can mend, in one line of visible characters; None for a bug."""
    if not _is_mendable(error):
        return None
    return text.visible(" ".join(str(error).split()))[:MAX_LENGTH] or "out of memory"


def _is_mendable(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in OF_THE_SYSTEM
    return isinstance(error, UserError | MemoryError) or type(error).__name__ in OF_TENSORFLOW

import errno
import os

import pytest

from signs.core.errors import MAX_LENGTH, UserError, one_line
from signs.networks.backend import tf


def raised(function):
    with pytest.raises(Exception) as caught:  # noqa: PT011  # each its own
        function()
    return caught.value


def test_tensorflow_without_memory_is_one_line():
    error = raised(lambda: tf.zeros((10**7, 10**7)))
    assert type(error).__name__ == "ResourceExhaustedError"
    assert "\n" not in one_line(error)
    assert "OOM" in one_line(error)


def test_python_without_memory_is_one_line():
    assert one_line(MemoryError()) == "out of memory"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.ENAMETOOLONG])
def test_what_the_system_refuses_is_one_line(number):
    assert os.strerror(number) in one_line(OSError(number, os.strerror(number), "a\nb"))


def test_a_message_is_one_line_of_visible_characters():
    assert one_line(UserError("a\n b\x1b[2J \u202ec")) == "a b\\x1b[2J \\u202ec"
    assert len(one_line(UserError("a" * 10_000))) == MAX_LENGTH


@pytest.mark.parametrize(
    "bug", [ValueError("a"), KeyError("a"), OSError(errno.EBADF, "a"), tf.errors.InternalError(None, None, "a")]
)
def test_a_bug_is_no_line(bug):
    assert one_line(bug) is None

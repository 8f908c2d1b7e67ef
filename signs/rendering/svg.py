"""SVG to pixels, for files from anybody: nothing outside the file is read, and time and memory are bounded."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

import numpy as np

from signs.core.errors import UserError
from signs.core.files import read_bytes
from signs.data.reader import decode_rgba

PROCESS = Path(__file__).with_name("svg_process.py")
PIXELS = 512  # longer side of the picture
MAX_BYTES = 32 * 2**20
MAX_MEMORY = 2**30  # bytes
MAX_SECONDS = 10  # of processor time; a drawing in data/ takes 0.03
MAX_WAIT = 60  # seconds, on a busy machine
# What makes a drawing depend on more than its own text: files, installed fonts, code. A filter can take for ever.
NOT_SELF_CONTAINED = re.compile(
    r"<!ENTITY|<(?:[\w.-]+:)?(?:image|script|foreignObject|text|filter)\b"
    r"|(?:href\s*=|url\()\s*[\"']?\s*[^\s\"'#)]|@import",
    re.IGNORECASE,
)


@contextmanager
def reader() -> Iterator[Callable[[Path], np.ndarray]]:
    """Gives a function that reads an SVG; one process draws all of them, and ends with the context.

    The function takes a path. It returns uint8 RGBA (height, width, 4) with a longer side of `PIXELS`, whatever size
    the SVG claims.

    Raises:
        UserError: By the function: the file is too large, no SVG, refers to anything outside itself, or takes too much
            time or memory to draw.
    """
    with _drawing_process() as connection:
        yield lambda path: decode_rgba(_drawn(connection, _self_contained(path), path), str(path))


@contextmanager
def _drawing_process() -> Iterator[Connection]:
    ours, theirs = Pipe()
    limits = map(str, (theirs.fileno(), PIXELS, MAX_SECONDS, MAX_MEMORY))
    command = [sys.executable, "-P", str(PROCESS), *limits]
    with ours, subprocess.Popen(command, stderr=subprocess.DEVNULL, pass_fds=[theirs.fileno()]) as process:
        try:
            theirs.close()
            yield ours
        finally:
            process.kill()


def _self_contained(path: Path) -> bytes:
    content = read_bytes(path, MAX_BYTES)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{path} is not an SVG in UTF-8") from None
    if NOT_SELF_CONTAINED.search(text):
        raise UserError(
            f"{path} has text, scripts, filters, entities or references to other files; a drawing must be "
            "self-contained, with letters as paths"
        )
    return content


def _drawn(connection: Connection, content: bytes, path: Path) -> bytes:
    """The picture as PNG."""
    try:
        connection.send_bytes(content)
        answer = connection.recv_bytes() if connection.poll(MAX_WAIT) else b""
    except (EOFError, OSError):  # the process ended
        answer = b""
    if not answer:
        raise UserError(
            f"{path} cannot be drawn in {MAX_SECONDS} seconds and {MAX_MEMORY / 2**30:.0f} GiB of memory; simplify it"
        )
    if answer.startswith(b"-"):
        raise UserError(f"{path} cannot be drawn as SVG: {' '.join(answer[1:].decode('utf-8', 'replace').split())}")
    return answer

"""SVG to pixels, for files from anybody: nothing outside the file is read, and drawing it takes bounded time."""

import io
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import resvg_py

from signs.core.errors import UserError
from signs.data.reader import decode_rgba

PIXELS = 512  # longer side of the picture
MAX_BYTES = 32 * 2**20
MAX_DEPTH = 100  # of nested elements; some hundreds crash the process
# What makes a drawing depend on more than its own text: files, installed fonts, code. A filter can take for ever.
NOT_SELF_CONTAINED = re.compile(
    r"<!ENTITY|<(?:[\w.-]+:)?(?:image|script|foreignObject|text|filter)\b"
    r"|(?:href\s*=|url\()\s*[\"']?\s*[^\s\"'#)]|@import",
    re.IGNORECASE,
)


def read(path: Path) -> np.ndarray:
    """Reads an SVG.

    Returns:
        uint8 RGBA (height, width, 4) with a longer side of `PIXELS`, whatever size the SVG claims.

    Raises:
        UserError: It is too large, no SVG, refers to anything outside itself, or is nested too deeply.
    """
    if path.stat().st_size > MAX_BYTES:
        raise UserError(f"{path} has {path.stat().st_size:,} bytes; an SVG may have {MAX_BYTES:,}")
    content = path.read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{path} is not an SVG in UTF-8") from None
    if NOT_SELF_CONTAINED.search(text):
        raise UserError(
            f"{path} has text, scripts, filters, entities or references to other files; a drawing must be "
            "self-contained, with letters as paths"
        )
    _check_depth(content, path)
    try:
        png = resvg_py.svg_to_bytes(svg_string=text, width=PIXELS, height=PIXELS, skip_system_fonts=True)
    except Exception as error:  # resvg raises its own types
        raise _not_drawable(path, error) from None
    return decode_rgba(bytes(png), str(path))


def _check_depth(content: bytes, path: Path) -> None:
    depth = 0
    try:
        for event, _ in ElementTree.iterparse(io.BytesIO(content), ("start", "end")):
            depth += 1 if event == "start" else -1
            if depth > MAX_DEPTH:
                raise UserError(f"{path} has more than {MAX_DEPTH} nested elements; a drawing needs few")
    except ElementTree.ParseError as error:
        raise _not_drawable(path, error) from None


def _not_drawable(path: Path, error: Exception) -> UserError:
    return UserError(f"{path} cannot be drawn as SVG: {' '.join(str(error).split())}")

"""Text in figures: printable characters, widths, line breaks."""

import bisect
import functools
import itertools
import unicodedata
from collections.abc import Callable
from pathlib import Path

import matplotlib
from matplotlib.ft2font import FT2Font, LoadFlags

DPI = 100
TITLE, TEXT, SMALL = 14, 9.5, 8  # font sizes, points


def printable(text: str) -> str:
    """One line of text; an empty box stands for a character that the fonts lack."""
    kept = (_printable(character) for character in str(text)[:1000])
    return " ".join("".join(kept).split())


def text_width(text: str, size: float = SMALL, *, bold: bool = False) -> float:
    """Width of a line of text, pixels."""
    return sum(_advance(character, bold) for character in text) * size


def fitted(text: str, width: float, *, size: float = SMALL, bold: bool = False, lines: int = 1) -> str:
    """Breaks text into at most `lines` lines of `width` pixels; "…" stands for text that does not fit."""
    measure = functools.partial(text_width, size=size, bold=bold)
    done: list[str] = []
    words = printable(text).split()
    while words and len(done) < lines - 1:
        count = len(words)
        while count > 1 and measure(" ".join(words[:count])) > width:
            count -= 1
        if measure(words[0]) > width:
            break
        done.append(" ".join(words[:count]))
        words = words[count:]
    return "\n".join([*done, *_cut(" ".join(words), width, measure)])


def fitted_lines(text: str, width: float, *, lines: int) -> str:
    """Shortens each line of a text to `width` pixels, and keeps the first `lines` lines."""
    return "\n".join(fitted(line, width) for line in str(text).splitlines()[:lines])


def _cut(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    if not text or measure(text) <= width:
        return [text] * bool(text)
    ends = list(itertools.accumulate(map(measure, text), initial=measure("…")))
    length = max(0, bisect.bisect_right(ends, width) - 1)
    return [text[:length].rstrip() + "…"]


@functools.cache
def _printable(character: str) -> str:
    category = unicodedata.category(character)
    if character.isspace() or category == "Cc":
        return " "
    if category == "Cf" and character not in "\u200c\u200d":  # direction marks; Persian and Hindi need the joiners
        return ""
    known = category != "Cs" and all(_font(bold).get_char_index(ord(character)) for bold in (False, True))
    return character if known else "□"


@functools.cache
def _advance(character: str, bold: bool) -> float:
    """Width of a character in pixels per point of font size."""
    return _font(bold).load_char(ord(character), LoadFlags.NO_HINTING).linearHoriAdvance / 2**16 / TITLE


@functools.cache
def _font(bold: bool) -> FT2Font:
    font = FT2Font(font_file(bold))
    font.set_size(TITLE, DPI)
    return font


def font_file(bold: bool) -> str:
    """The font that Matplotlib ships: one of the same name in the system may be another version."""
    return str(Path(matplotlib.get_data_path(), "fonts", "ttf", f"DejaVuSans{'-Bold' * bold}.ttf"))

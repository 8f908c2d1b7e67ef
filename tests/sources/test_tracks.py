"""Tracks by the names of files."""

import re
import signal
import time

import pytest

from signs.core.errors import UserError
from signs.sources import tracks
from signs.sources.layouts import Entry

FILES = ["a/a1_0.png", "a/a1_1.png", "a/a2_0.png", "a/b.png", "a/c.png"]


def grouped(pattern: str | None) -> list[list[str]]:
    groups = tracks.tracks([Entry(file, "a") for file in FILES], tracks.keys(FILES, pattern))
    return [[entry.file for entry in group] for group in groups]


def test_a_track_is_what_a_pattern_finds_in_common():
    alone = [[file] for file in FILES]
    together = [FILES[:2], FILES[2:3], FILES[3:4], FILES[4:]]
    assert grouped(None) == grouped("") == alone
    assert grouped(r"^[a-z]\d") == grouped(r"^([a-z]\d)_") == together
    assert grouped(r"^([a-z])\d?") == [FILES[:3], FILES[3:4], FILES[4:]]


def test_the_folder_is_not_searched():
    assert tracks.keys(["7/a.png", "8/b1.png"], r"\d+") == {"8/b1.png": "1"}


def test_files_of_one_name_in_two_folders_are_two_tracks():
    entries = [Entry("a/1.png", "a"), Entry("a/more/1.png", "a")]
    assert tracks.tracks(entries, {}) == [entries[:1], entries[1:]]


def test_files_that_a_pattern_does_not_match_are_counted(capsys):
    tracks.keys(FILES, r"^([a-z]\d)_")
    assert (
        r"fetch.folders.track '^([a-z]\d)_' does not match 2 of 5 file names (a/b.png, a/c.png): each is a track"
    ) in capsys.readouterr().out
    tracks.keys(FILES, r"^[a-z]")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("pattern", ["nothing", "_(x)?", "x*"])
def test_a_pattern_that_finds_nothing_is_refused_with_an_example(pattern):
    expected = re.escape(f"{pattern!r} matches no file name, such as a/a1_0.png, a/a1_1.png, a/a2_0.png and 2 more; -S")
    with pytest.raises(UserError, match=expected):
        tracks.keys(FILES, pattern)


@pytest.mark.parametrize("pattern", ["(", "a{99999999999}", "(" * 5000 + ")" * 5000])
def test_what_is_no_expression_is_named(pattern):
    with pytest.raises(UserError, match=r"^params\.yaml: fetch\.folders\.track '.* is no regular expression: "):
        tracks.keys(FILES, pattern)


def test_a_pattern_that_would_run_for_years_is_stopped(monkeypatch):
    monkeypatch.setattr(tracks, "MAX_SECONDS", 0.2)
    start = time.monotonic()
    with pytest.raises(UserError, match=r"'\(a\+\)\+\$' takes more than 0\.2 seconds; write one without repeats"):
        tracks.keys(["a" * 60 + "b"], "(a+)+$")
    assert time.monotonic() - start < 5
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)

"""Files and folders are written whole or not at all, even by runs that are killed."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from signs.core.files import replaced

ROOT = Path(__file__).parents[2]
NAMES = {"file": ("",), "folder": ("a", "b")}  # what is written below the target
CHANGES = "os.mkdir os.rename os.remove os.rmdir shutil.rmtree"  # audit events, raised just before
every_kind = pytest.mark.parametrize("kind", NAMES)

# Writes a target, and ends by SIGKILL just before one of the changes that it makes to the file system.
WRITER = """
import os, signal, sys
from pathlib import Path
from signs.core.files import replaced
target, names, text, deadly, changes = Path(sys.argv[1]), sys.argv[2].split(), sys.argv[3], int(sys.argv[4]), 0

def count(event, arguments):
    global changes
    if event in sys.argv[5:]:
        changes += 1
        if changes == deadly:
            os.kill(os.getpid(), signal.SIGKILL)

with replaced(target) as partial:
    if names:
        partial.mkdir()
    for name in names or [""]:
        (partial / name).write_text(text)
    sys.addaudithook(count)
"""


def write(target, kind, text):
    with replaced(target) as partial:
        fill(partial, kind, text)


def fill(partial, kind, text):
    if kind == "folder":
        partial.mkdir()
    for name in NAMES[kind]:
        (partial / name).write_text(text)


def texts(target, kind):
    return {(target / name).read_text() for name in NAMES[kind]}


def run_writer(target, kind, text, deadly=-1, changes=CHANGES):
    """The exit code of a process of its own."""
    command = [sys.executable, "-c", WRITER, target, " ".join(NAMES[kind]), text, str(deadly), *changes.split()]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def fail(target):
    with pytest.raises(RuntimeError), replaced(target):
        raise RuntimeError


@every_kind
def test_a_target_is_replaced_once_it_is_whole(tmp_path, kind):
    target = tmp_path / "new" / "target.txt"
    for text in ("first", "second"):
        with replaced(target) as partial:
            fill(partial, kind, text)
            assert text not in (texts(target, kind) if target.exists() else ())
        assert texts(target, kind) == {text}
    assert list(target.parent.iterdir()) == [target]


@every_kind
def test_an_error_leaves_the_target_alone(tmp_path, kind):
    target = tmp_path / "target"
    write(target, kind, "first")
    with pytest.raises(UnicodeEncodeError):
        write(target, kind, "no text in UTF-8: \ud800")
    assert texts(target, kind) == {"first"}
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize(("former", "new"), [("file", "folder"), ("folder", "file")])
def test_a_file_may_take_the_place_of_a_folder_and_a_folder_that_of_a_file(tmp_path, former, new):
    write(tmp_path / "target", former, "first")
    write(tmp_path / "target", new, "second")
    assert texts(tmp_path / "target", new) == {"second"}
    assert list(tmp_path.iterdir()) == [tmp_path / "target"]


@every_kind
def test_a_kill_at_any_moment_loses_neither_the_former_target_nor_the_new_one(tmp_path, kind):
    found: list[set[str]] = []
    code = -signal.SIGKILL
    while code:
        target = tmp_path / str(len(found)) / "target"
        write(target, kind, "first")
        code = run_writer(target, kind, "second", len(found) + 1)
        assert code in (0, -signal.SIGKILL)
        fail(target)  # writes nothing, but tidies up
        assert list(target.parent.iterdir()) == [target]
        found.append(texts(target, kind))
    assert len(found) > 3
    assert (found[0], found[-1]) == ({"first"}, {"second"})
    assert all(text in ({"first"}, {"second"}) for text in found)


@every_kind
def test_what_a_killed_run_left_is_gone_after_the_next(tmp_path, kind):
    for deadly in range(1, 4):
        assert run_writer(tmp_path / "target", kind, "first", deadly) == -signal.SIGKILL
        write(tmp_path / "target", kind, "second")
        assert texts(tmp_path / "target", kind) == {"second"}
        assert list(tmp_path.iterdir()) == [tmp_path / "target"]


def test_a_folder_moved_aside_by_a_killed_run_is_not_taken_for_another_target(tmp_path):
    folder, other = tmp_path / "original.md", tmp_path / "original"
    write(folder, "folder", "first")
    run_writer(folder, "folder", "second", 2, "os.rename")
    assert not folder.exists()
    fail(other)
    assert not other.exists()
    fail(folder)
    assert texts(folder, "folder") == {"first"}


@every_kind
def test_two_runs_may_write_one_target_at_a_time(tmp_path, kind):
    target = tmp_path / "target"
    with replaced(target) as partial:
        fill(partial, kind, "first")
        assert run_writer(target, kind, "second") == 0
        assert texts(target, kind) == {"second"}
    assert texts(target, kind) == {"first"}
    assert list(tmp_path.iterdir()) == [target]

import subprocess
import sys
from pathlib import Path

import pytest

import stages

ROOT = Path(__file__).parents[2]


def call(monkeypatch, main, *arguments):
    monkeypatch.setattr(sys, "argv", ["stages/merge.py", *arguments])
    stages.run(main)


def test_a_stage_is_given_its_paths(monkeypatch):
    given = []

    def main(original: Path, out: Path) -> None:
        """Takes two paths."""
        given.extend((original, out))

    call(monkeypatch, main, "one", "other")
    assert given == [Path("one"), Path("other")]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("the sign\n  is upside down"), "merge: the sign is upside down (if an output is gone"),
        (FileNotFoundError(2, "No such file", "signs.zip"), "merge: [Errno 2] No such file: 'signs.zip' (if"),
        (MemoryError("Unable to allocate 8 PiB"), "merge: Unable to allocate 8 PiB (if an output is gone"),
        (KeyboardInterrupt(), "merge: stopped; dvc repro starts it again"),
    ],
)
def test_what_a_user_can_mend_ends_in_one_line(monkeypatch, error, said):
    def main() -> None:
        """Fails."""
        raise error

    with pytest.raises(SystemExit) as stopped:
        call(monkeypatch, main)
    assert stopped.value.code.startswith(said)
    assert "\n" not in stopped.value.code


def test_a_defect_of_ours_keeps_its_traceback(monkeypatch):
    def main() -> None:
        """Fails."""
        raise TypeError("a defect")

    with pytest.raises(TypeError, match="a defect"):
        call(monkeypatch, main)


def test_a_missing_path_is_explained():
    done = subprocess.run(
        [sys.executable, "-m", "stages.merge", "data"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "the following arguments are required: synthetic, out" in done.stderr

"""How long each stage of `dvc repro` takes, beside a floor: reading and writing its files.

Not part of `make bench`: it runs the whole pipeline.
"""

import argparse
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from benchmarks.bench_pipeline import idle
from benchmarks.contenders import ROOT
from benchmarks.project import change, copied, environment
from benchmarks.results import arguments, machine, publish, table
from signs.core import processor

RUNNING = re.compile(r"Running stage '(.+)':")
TRAINING = "train@"
START = "before the first stage"


def stage_seconds(lines: Iterable[tuple[float, str]]) -> dict[str, float]:
    """How long each stage ran, from the output of `dvc repro`.

    Args:
        lines: Seconds since the start, and the line printed then; the last is the end.

    Returns:
        Seconds by stage; DVC's own work after a stage counts as part of it.
    """
    found, name, since, now = {}, START, 0.0, 0.0
    for now, line in lines:
        if running := RUNNING.search(line):
            found[name] = now - since
            name, since = running[1], now
    return found | {name: now - since}


def repro(project: Path) -> dict[str, float]:
    """Runs the pipeline; returns the seconds of each stage, or raises a RuntimeError with its last lines."""
    return stage_seconds(_said(project))


def _said(project: Path) -> Iterator[tuple[float, str]]:
    start, words = time.perf_counter(), []
    running = subprocess.Popen(
        [sys.executable, "-u", "-m", "dvc", "repro"],
        cwd=project,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    for line in running.stdout or ():
        words.append(line)
        yield time.perf_counter() - start, line
    if running.wait():
        raise RuntimeError(f"dvc repro failed: {''.join(words[-5:])}")
    yield time.perf_counter() - start, ""


def floor_seconds(project: Path, entry: dict[str, Any], scratch: Path) -> float:
    """Reads all dependencies of a stage once, and writes all its outputs once.

    Args:
        project: Where the pipeline ran.
        entry: Of the stage in `dvc.lock`.
        scratch: File on the same disk to write to.
    """
    outs = [path.read_bytes() for path in _files(project, entry.get("outs", []))]
    start = time.perf_counter()
    for path in _files(project, entry.get("deps", [])):
        path.read_bytes()
    for content in outs:
        scratch.write_bytes(content)
    return time.perf_counter() - start


def _files(project: Path, listed: list[dict[str, Any]]) -> Iterator[Path]:
    for path in (project / one["path"] for one in listed):
        yield from filter(Path.is_file, path.rglob("*")) if path.is_dir() else [path]


def described(seconds: dict[str, float], floors: dict[str, float]) -> str:
    """The table of the stages, and the share of time that is not training."""
    total = sum(seconds.values())
    rest = sum(taken for name, taken in seconds.items() if not name.startswith(TRAINING))
    rows = [(name, taken, f"{taken / total:.1%}", floors.get(name)) for name, taken in seconds.items()]
    cells = [(name, f"{taken:.2f}", share, f"{floor:.2f}" if floor else "") for name, taken, share, floor in rows]
    header = ("stage", "seconds", "share", "floor: reading and writing its files, seconds")
    return f"{table(header, cells)}\n\nNot training: {rest / total:.1%}, {rest:.1f} of {total:.1f} seconds."


def _settings(project: Path, chosen: argparse.Namespace) -> str:
    """Sets the project up as the command line says; returns a sentence about it."""
    said = "The rendered sample"
    if chosen.zip:
        digest = hashlib.sha256(chosen.zip.read_bytes()).hexdigest()
        change(project, "fetch", source="signs", url=str(chosen.zip.resolve()), sha256=digest)
        said = f"The zip with SHA-256 `{digest[:8]}…`"
    if chosen.quick:
        change(project, "fetch.sample", train=6, valid=2, test=2)
    if chosen.epochs:
        change(project, "train", epochs=chosen.epochs)
    epochs = yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))["train"]["epochs"]
    return f"{said}, {epochs} epochs a training."


def main() -> None:
    """Measures, and publishes the table."""
    parser = arguments(__doc__)
    parser.add_argument("--zip", type=Path, default=os.environ.get("SIGNS_ZIP"), help="release zip (else the sample)")
    parser.add_argument("--epochs", type=int, help="instead of those in params.yaml")
    chosen = parser.parse_args()
    chosen.zip = chosen.zip and Path(chosen.zip)
    with tempfile.TemporaryDirectory() as folder:
        project = copied(ROOT, Path(folder) / "project")
        said = _settings(project, chosen)
        seconds = repro(project)
        locked = yaml.safe_load((project / "dvc.lock").read_text(encoding="utf-8"))["stages"]
        floors = {name: floor_seconds(project, entry, Path(folder) / "scratch") for name, entry in locked.items()}
        instructions = processor.instructions()
        about = machine(("tensorflow", "dvc"), instructions)
        parts = [about, said, described(seconds, floors), idle(project, 3)]
    publish(chosen, "The whole pipeline", instructions, "\n\n".join(parts))


if __name__ == "__main__":
    main()

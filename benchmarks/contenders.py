"""Contenders: what is measured, each in a process of its own that works only when it is asked for a round."""

import importlib
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
THREADS = 2
READY = "ready"


@dataclass(frozen=True)
class Contender:
    """Something that can be asked to do its work once, a round.

    `name`: in the table. `make`: `module:function`; called with `settings` it gives a function that does a
    round. `needs`: modules that may not be installed.
    """

    name: str
    make: str
    settings: dict[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()

    @property
    def missing(self) -> list[str]:
        """Those of the needed modules that are not installed."""
        return [module for module in self.needs if importlib.util.find_spec(module) is None]


class Process:
    """A running contender. Thread pools can be set up once a process, and two in one would disturb each other."""

    def __init__(self, contender: Contender) -> None:
        self.contender = contender
        self.errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  # closed with the process
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.contenders", contender.make, json.dumps(contender.settings)],
            cwd=ROOT,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
        )

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()
        self.errors.close()

    def answer(self) -> str:
        """The next line that the contender says; a RuntimeError with its last words where it failed."""
        line = self.process.stdout.readline().strip() if self.process.stdout else ""
        if not line:
            self.errors.seek(0)
            words = self.errors.read().strip().splitlines() or ["no word of why"]
            raise RuntimeError(f"{self.contender.name} failed: {words[-1]}")
        return line

    def round(self) -> float:
        """Has it do its work once; gives the seconds that took."""
        if self.process.stdin:
            print(file=self.process.stdin, flush=True)
        return float(self.answer())


def rounds(contenders: Sequence[Contender], count: int) -> dict[str, list[float]]:
    """Has contenders take turns; each has done one round before, which is not counted.

    Returns:
        The seconds of each round, by the contenders' names.
    """
    times: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    with ExitStack() as stack:
        processes = [stack.enter_context(Process(contender)) for contender in contenders]
        for process in processes:
            process.answer()  # is ready
        for _ in range(count):
            for process in processes:
                times[process.contender.name].append(process.round())
    return times


def _environment() -> dict[str, str]:
    # A kernel of OpenBLAS that somebody chose for old builds would slow down a peer's NumPy.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS_")}
    return kept | {"OMP_NUM_THREADS": str(THREADS)}


def _serve(make: str, settings: str) -> None:
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries print must not get among the answers
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])
    module, name = make.split(":")
    work: Callable[[], object] = getattr(importlib.import_module(module), name)(**json.loads(settings))
    work()  # compiles, and fills caches
    print(READY, file=answers)
    for _ in sys.stdin:
        start = time.perf_counter()
        work()
        print(time.perf_counter() - start, file=answers)


if __name__ == "__main__":
    _serve(*sys.argv[1:])

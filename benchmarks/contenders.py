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

from signs.core import processor

ROOT = Path(__file__).parent.parent
THREADS = 2
READY = "ready"


@dataclass(frozen=True)
class Contender:
    """Work that can be done once a round.

    `name`: in the table. `make`: `module:function`; called with `settings` it returns a function that does a round.
    `needs`: modules that may not be installed. `native`: whether it may use all instructions of the processor or is
    capped at AVX2; as in this process unless given.
    """

    name: str
    make: str
    settings: dict[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    native: bool = field(default_factory=lambda: processor.instructions() == "native")

    @property
    def missing(self) -> list[str]:
        """Those of the needed modules that are not installed."""
        return [module for module in self.needs if importlib.util.find_spec(module) is None]


class Process:
    """A running contender. A process can set up thread pools and instructions only once."""

    def __init__(self, contender: Contender) -> None:
        self.contender = contender
        self.errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115  # closed with the process
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.contenders", contender.make, json.dumps(contender.settings)],
            cwd=ROOT,
            env=_environment(contender.native),
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
        """The next line that the contender prints; a RuntimeError with its last line of errors if it failed."""
        line = self.process.stdout.readline().strip() if self.process.stdout else ""
        if not line:
            self.errors.seek(0)
            words = self.errors.read().strip().splitlines() or ["no message"]
            raise RuntimeError(f"{self.contender.name} failed: {words[-1]}")
        return line

    def round(self) -> float:
        """Has it do its work once; returns the seconds."""
        if self.process.stdin:
            print(file=self.process.stdin, flush=True)
        return float(self.answer())


def rounds(contenders: Sequence[Contender], count: int) -> dict[str, list[float]]:
    """Has contenders take turns, after a first round of each that is not counted.

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


def _environment(native: bool) -> dict[str, str]:
    # `_serve` caps or uncaps NumPy, OpenBLAS and oneDNN. These two cap PyTorch; nothing caps ONNX Runtime.
    caps = {} if native else {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}
    return os.environ | caps | {processor.NATIVE: str(int(native)), "OMP_NUM_THREADS": str(THREADS)}


def _serve(make: str, settings: str) -> None:
    if processor.instructions() == "native":
        processor.native()  # the parent may have left its caps in the environment
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

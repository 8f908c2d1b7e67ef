"""How long the stages take to start, and `dvc repro` to find that there is nothing to do."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contenders import ROOT
from benchmarks.results import arguments, machine, publish, spread, table
from signs.core import processor
from stages.__main__ import STAGES

ROUNDS = 5
FLOORS = {
    "floor: Python alone": [sys.executable, "-c", "pass"],
    "floor: Python that imports TensorFlow": [sys.executable, "-c", "import signs.networks.backend"],
}
IDLE = {
    "`dvc repro` with nothing to do": [sys.executable, "-m", "dvc", "repro"],
    "floor: Python that imports DVC": [sys.executable, "-c", "import dvc.repo"],
}


def seconds(command: Sequence[str], folder: Path = ROOT) -> float:
    """Wall time of a command; a RuntimeError with the end of its errors if it fails."""
    start = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.strip()[-500:]}")
    return time.perf_counter() - start


def turns(commands: dict[str, list[str]], count: int, folder: Path = ROOT) -> str:
    """Runs the commands in turns, `count` rounds; returns the table of their seconds."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(count):
        for name, command in commands.items():
            times[name].append(seconds(command, folder))
    return table(("", "seconds", "lowest to highest"), [(name, *spread(taken)) for name, taken in times.items()])


def is_up_to_date(project: Path) -> bool:
    """Whether `dvc repro` there would run no stage."""
    done = subprocess.run([sys.executable, "-m", "dvc", "status", "-q"], cwd=project, capture_output=True, check=False)
    return done.returncode == 0


def idle(project: Path, count: int) -> str:
    """The table of `dvc repro` with nothing to do, or why there is none."""
    if not is_up_to_date(project):
        return "`dvc repro` with nothing to do was not measured: `dvc status` names something to do."
    return turns(IDLE, count, project)


def main() -> None:
    """Measures, and publishes both tables."""
    chosen = arguments(__doc__).parse_args()
    stages = ["merge"] if chosen.quick else STAGES
    starts = {f"`python -m stages {name} --help`": [sys.executable, "-m", "stages", name, "--help"] for name in stages}
    count = 1 if chosen.quick else ROUNDS
    tables = [turns(starts | ({} if chosen.quick else FLOORS), count)]
    if not chosen.quick:
        tables.append(idle(ROOT, count))
    instructions = processor.instructions()
    parts = [machine(("tensorflow", "dvc"), instructions), *tables, f"Rounds: {count}."]
    publish(chosen, "Starting", instructions, "\n\n".join(parts))


if __name__ == "__main__":
    main()

"""How time and memory of the stages grow with the number of images.

Not part of `make bench`: it takes a quarter of an hour, 9 GB of disk and 12 GB of memory.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import yaml
from scipy.optimize import linprog

from benchmarks.contenders import ROOT
from benchmarks.project import change
from benchmarks.results import arguments, machine, publish, table
from signs.core import processor

SIZES = [10_000, 100_000, 1_000_000]
ROUNDS = 3
QUICK_SIZES = [300, 600]
STEPS = {  # stages of dvc.yaml, and the ${item} and ${key} of their commands
    "preprocess": ("original", ""),
    "merge": ("", ""),
    "train": ("data/augmented", "augmented"),
    "evaluate": ("data/augmented", "augmented"),
}
HEADER = ("step", "images", "seconds", "µs an image", "µs a further image", "peak memory, MB", "peak / largest array")


class Cost(NamedTuple):
    """Of a step: `seconds`, `peak` memory in bytes, and bytes of the `largest` array."""

    seconds: float
    peak: int
    largest: int


def command(step: str) -> list[str]:
    """The command that DVC runs for a step."""
    entry = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"][step]
    item, key = STEPS[step]
    text = entry.get("do", entry)["cmd"].replace("${item}", item).replace("${key}", key)
    return [sys.executable, *shlex.split(text)[1:]]


def touch() -> None:
    """Uses half of the memory for a moment.

    The host of a virtual machine may have taken back unused memory, and returns it at seconds a gigabyte. Without this,
    large processes would pay for it, and small ones would not.
    """
    half = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    subprocess.run([sys.executable, "-c", f"import numpy; numpy.ones({half}, numpy.uint8)"], check=True)


def cost(step: str, project: Path) -> Cost:
    """Runs a step in a process whose peak memory the system reports.

    The figure includes what the parent held at the start, so this process keeps no arrays.
    """
    start = time.perf_counter()
    with (project / "errors").open("w+", encoding="utf-8") as errors:
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(
            command(step), cwd=project, env=environment, stdout=subprocess.DEVNULL, stderr=errors
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(f"{step} failed with {process.returncode}: {errors.read().strip()[-500:]}")
    largest = max(path.stat().st_size for path in (project / "data").rglob("*.p"))
    return Cost(seconds, usage.ru_maxrss * 1024, largest)


def costs(size: int, steps: Sequence[str], quick: bool) -> dict[str, Cost]:
    """The cost of each step on `size` images: the fastest of `ROUNDS` runs; of one if `quick`."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        shutil.copy(ROOT / "params.yaml", project)
        change(project, "train", epochs=1)
        tile = [sys.executable, "-m", "benchmarks.tiling", str(project / "data"), str(size)]
        subprocess.run(tile, cwd=ROOT, check=True)
        measured = {}
        for step in steps:
            rounds = []
            for _ in range(1 if quick else ROUNDS):
                if not quick:
                    touch()
                rounds.append(cost(step, project))
            measured[step] = min(rounds)
        return measured


def further(measured: dict[int, Cost]) -> dict[int, float]:
    """Seconds per further image from one size to the next, so that the start-up cancels out."""
    pairs = pairwise(sorted(measured))
    return {more: (measured[more].seconds - measured[less].seconds) / (more - less) for less, more in pairs}


def bend(measured: dict[int, Cost]) -> float:
    """The largest relative error of the straight line that fits the seconds best."""
    sizes, seconds = np.array(list(measured), float), np.array([taken.seconds for taken in measured.values()])
    line = np.stack([np.ones_like(sizes), sizes / sizes.max()], axis=1) / seconds[:, None]
    # The least e of which -e <= line @ (start, slope) - 1 <= e.
    ends = [np.column_stack([sign * line, -np.ones_like(sizes)]) for sign in (1, -1)]
    bounds = np.repeat([1.0, -1.0], len(sizes))
    return float(linprog([0, 0, 1], A_ub=np.concatenate(ends), b_ub=bounds).fun)


def described(by_size: dict[int, dict[str, Cost]]) -> str:
    """The table, and for three sizes or more how far from a straight line the times are."""
    rows, ratios, bends = [], [], []
    for step in next(iter(by_size.values())):
        measured = {size: found[step] for size, found in by_size.items()}
        each = further(measured)
        rows += [_row(step, size, taken, each.get(size)) for size, taken in measured.items()]
        if len(each) > 1:
            before, last = list(each.values())[-2:]
            ratios.append(f"{step} {last / before:.2f}")
            bends.append(f"{step} {bend(measured):.1%}")
    said = [
        f"At the last size, a further image took this many times as long as at the size before: {', '.join(ratios)}.",
        f"The best straight line misses the seconds by at most: {', '.join(bends)}.",
    ]
    return "\n\n".join([table(HEADER, rows), *(said if ratios else [])])


def _row(step: str, size: int, taken: Cost, each: float | None) -> list[str]:
    return [
        step,
        f"{size:,}",
        f"{taken.seconds:.2f}",
        f"{taken.seconds / size * 1e6:.3g}",
        f"{each * 1e6:.3g}" if each is not None else "",
        f"{taken.peak / 1e6:,.0f}",
        f"{taken.peak / taken.largest:.2f}",
    ]


def main() -> None:
    """Measures, and publishes the table."""
    parser = arguments(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", help=f"images (default: {SIZES})")
    parser.add_argument("--steps", nargs="+", choices=STEPS, default=list(STEPS), help="in this order (default: all)")
    chosen = parser.parse_args()
    sizes = sorted(chosen.sizes or (QUICK_SIZES if chosen.quick else SIZES))
    body = described({size: costs(size, chosen.steps, chosen.quick) for size in sizes})
    instructions = processor.instructions()
    publish(chosen, "Growth", instructions, f"{machine(('numpy', 'tensorflow'), instructions)}\n\n{body}")


if __name__ == "__main__":
    main()

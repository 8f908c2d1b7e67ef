"""How seconds and memory of the stages grow with the number of images.

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

from benchmarks.contenders import ROOT, THREADS
from benchmarks.project import change
from benchmarks.results import arguments, machine, publish, table

SIZES = [10_000, 100_000, 1_000_000]
ROUNDS = 3
QUICK_SIZES = [300, 600]
STEPS = {  # stages of dvc.yaml, and what stands for ${item} and ${key} in their commands
    "preprocess": ("data/original", "original"),
    "merge": ("", ""),
    "train": ("data/augmented", "augmented"),
    "evaluate": ("data/augmented", "augmented"),
}
HEADER = ("step", "images", "seconds", "µs an image", "µs a further image", "peak memory, MB", "peak / largest array")


class Cost(NamedTuple):
    """What a step took: seconds, and bytes of memory at the most; `largest`: bytes of the largest array."""

    seconds: float
    peak: int
    largest: int


def command(step: str) -> list[str]:
    """What DVC would run for a step."""
    entry = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"][step]
    item, key = STEPS[step]
    text = entry.get("do", entry)["cmd"].replace("${item}", item).replace("${key}", key)
    return [sys.executable, *shlex.split(text)[1:]]


def touch() -> None:
    """Uses half of the memory for a moment.

    The host of a virtual machine may have taken back what nobody used, and gives it anew at seconds a gigabyte:
    to a large process, as a small one finds what the one before has left.
    """
    half = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    subprocess.run([sys.executable, "-c", f"import numpy; numpy.ones({half}, numpy.uint8)"], check=True)


def cost(step: str, project: Path) -> Cost:
    """Runs a step, as a process of which the system tells how much memory it held.

    Such a process counts what its parent held as it was started; so this one keeps no arrays.
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
    """What each step takes on so many images, the quickest of `ROUNDS`; if `quick`, of one."""
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
    """Seconds of each image that a size has more than the one before: what it takes to start falls out."""
    pairs = pairwise(sorted(measured))
    return {more: (measured[more].seconds - measured[less].seconds) / (more - less) for less, more in pairs}


def bend(measured: dict[int, Cost]) -> float:
    """Share by which the straight line that fits best misses the seconds, at the size where it misses them most."""
    sizes, seconds = np.array(list(measured), float), np.array([taken.seconds for taken in measured.values()])
    line = np.stack([np.ones_like(sizes), sizes / sizes.max()], axis=1) / seconds[:, None]
    # The least e of which -e <= line @ (start, slope) - 1 <= e.
    ends = [np.column_stack([sign * line, -np.ones_like(sizes)]) for sign in (1, -1)]
    bounds = np.repeat([1.0, -1.0], len(sizes))
    return float(linprog([0, 0, 1], A_ub=np.concatenate(ends), b_ub=bounds).fun)


def described(by_size: dict[int, dict[str, Cost]]) -> str:
    """The table, and for three sizes and more how far from a straight line they are."""
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
    publish(chosen, "Growth", f"{machine(THREADS, ('numpy', 'tensorflow'))}\n\n{body}")


if __name__ == "__main__":
    main()

"""Data larger than memory: all stages on millions of images in shards, each process held to 4 GB.

    python -m benchmarks.scale --sizes 1000000 3000000

Images are 32x32 in colour, tiled from the sample in `data/original` and changed a little, in a release zip of three
pickles. The limit is on the memory of a process itself (RLIMIT_DATA), not on pages of files that the system may drop.
A step starts with its files on disk alone and ends when what it wrote is on disk: otherwise a million images would stay
in the page cache, and three million would not. Not part of `make bench`: 3 million images take a quarter of an hour and
40 GB of disk.
"""

import hashlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import numpy as np

from benchmarks.contenders import ROOT
from benchmarks.growth import Cost, bend, further
from benchmarks.project import change
from benchmarks.results import arguments, machine, publish, table
from signs.core import processor
from signs.data import pickles, split_files

SIZES = [1_000_000, 3_000_000]
QUICK_SIZES = [2_000, 6_000]
SHARD_IMAGES = 50_000
MEMORY = 4 * 10**9  # bytes of a process
BLOCK = 10_000
SHARES = {"train": 0.8, "valid": 0.1, "test": 0.1}
MODEL = "models/original"
STEPS = {
    "fetch": "data data/templates data/original",
    "explore": "data/original reports/explore/original",
    "preprocess": "data/original data/preprocessed/original",
    "merge": "data/preprocessed/original data/preprocessed/synthetic data/augmented",
    "train": f"data/augmented {MODEL} metrics/original/history.csv",
    "evaluate": f"data/augmented {MODEL} metrics/original.json predictions/original.npz metrics/acceptance.csv",
    "stress": f"data/original {MODEL} metrics/original.json metrics/original/stress.json metrics/corruptions.csv",
    "diagnose": f"data/augmented {MODEL} predictions/original.npz metrics/original reports/diagnose",
}


def write_split(path: Path, sample: np.ndarray, labels: np.ndarray, count: int, rng: np.random.Generator) -> None:
    """Pickles `count` images of the sample, each moved by up to two pixels and brighter or darker."""
    with tempfile.NamedTemporaryFile(dir=path.parent) as raw:
        rows = rng.permutation(np.arange(count) % len(sample))
        for start in range(0, count, BLOCK):
            images = np.roll(sample[rows[start : start + BLOCK]], rng.integers(-2, 3, 2), axis=(1, 2)).astype(np.int16)
            images += rng.integers(-20, 21, (len(images), 1, 1, 1), np.int16)
            raw.write(images.clip(0, 255).astype(np.uint8).data)
        raw.flush()
        features = np.asarray(np.memmap(raw.name, np.uint8, "r+", shape=(count, *sample.shape[1:])))
        with path.open("wb") as file:
            pickles.write(file, {"features": features, "labels": labels[rows]})


def make(project: Path, count: int) -> None:
    """A project whose `fetch` reads a zip of `count` images, and a small synthetic data set to merge with."""
    for name in ("params.yaml", "presets", "data/templates", "data/signnames.csv"):
        target = project / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, target)
    shutil.copytree(ROOT / "data/preprocessed/synthetic", project / "data/preprocessed/synthetic")
    sample, rng = split_files.read(ROOT / "data/original", "train"), np.random.default_rng(0)
    with zipfile.ZipFile(project / "signs.zip", "w", zipfile.ZIP_STORED) as archive:
        for name, share in SHARES.items():
            write_split(project / f"{name}.p", sample.images, sample.labels, round(count * share), rng)
            archive.write(project / f"{name}.p", f"{name}.p")
            (project / f"{name}.p").unlink()
        archive.write(project / "data/signnames.csv", "signnames.csv")
    with (project / "signs.zip").open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    url = str(project / "signs.zip")
    change(project, "fetch", source="signs", url=url, sha256=digest, shard_images=SHARD_IMAGES)
    change(project, "train", epochs=1)


def cost(step: str, project: Path) -> Cost:
    """Runs a step in a process that gets no more memory of its own than `MEMORY`."""
    leave_to_disk(project)
    start = time.perf_counter()
    with (project / "errors").open("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "stages", step, *STEPS[step].split()],
            cwd=project,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=errors,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY)),  # noqa: PLW1509
        )
        peak = 0
        while process.poll() is None:
            peak = max(peak, own_memory(process.pid))
            time.sleep(0.05)
        os.sync()
        seconds = time.perf_counter() - start
        if process.returncode:
            errors.seek(0)
            raise RuntimeError(f"{step} failed with {process.returncode}: {errors.read().strip()[-500:]}")
    return Cost(seconds, peak, MEMORY)


def leave_to_disk(folder: Path) -> None:
    """Writes all files of a folder to disk, and drops them from the system's memory."""
    os.sync()
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def own_memory(pid: int) -> int:
    """Memory of a process that is not a file's, in bytes; 0 if it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon")), 0)


def costs(size: int, folder: str | None) -> dict[str, Cost]:
    """The cost of each step on `size` images."""
    with tempfile.TemporaryDirectory(dir=folder) as name:
        project, measured = Path(name), {}
        make(project, size)
        for step in STEPS:
            measured[step] = cost(step, project)
            print(f"{size:,} {step}: {measured[step].seconds:.1f} s, {measured[step].peak / 1e9:.2f} GB", flush=True)
            if step == "fetch":
                (project / "signs.zip").unlink()
        return measured


def epochs(size: int, folder: str | None) -> dict[str, float]:
    """Seconds of an image in the second epoch of LeNet, from one file a split and from shards."""
    seconds = {}
    with tempfile.TemporaryDirectory(dir=folder) as name:
        project = Path(name)
        make(project, size)
        for kind, shard_images in (("in memory", None), ("from shards", SHARD_IMAGES)):
            change(project, "fetch", shard_images=shard_images)
            run("fetch", STEPS["fetch"], project)
            run("preprocess", STEPS["preprocess"], project)
            taken = []
            for count in (1, 3):
                change(project, "train", epochs=count)
                taken.append(run("train", f"data/preprocessed/original {MODEL} history.csv", project))
                shutil.rmtree(project / "models")
            seconds[kind] = (taken[1] - taken[0]) / 2 / size
            shutil.rmtree(project / "data/original")
            shutil.rmtree(project / "data/preprocessed/original")
    return seconds


def run(stage: str, arguments: str, project: Path) -> float:
    """Runs a stage in a project; returns its seconds."""
    command = [sys.executable, "-m", "stages", stage, *arguments.split()]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    start = time.perf_counter()
    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{stage} failed: {done.stderr}")
    return time.perf_counter() - start


def described(by_size: dict[int, dict[str, Cost]]) -> str:
    """The table, and how far from a straight line the times are."""
    rows = []
    for step in STEPS:
        measured = {size: found[step] for size, found in by_size.items()}
        each = further(measured)
        rows += [
            [
                step,
                f"{size:,}",
                f"{taken.seconds:.1f}",
                f"{each[size] * 1e6:.3g}" if size in each else "",
                f"{taken.peak / 1e9:.2f}",
            ]
            for size, taken in measured.items()
        ]
    said = ", ".join(f"{step} {bend({size: found[step] for size, found in by_size.items()}):.1%}" for step in STEPS)
    line = f"\n\nThe best straight line misses the seconds by at most: {said}." if len(by_size) > 2 else ""
    return table(("step", "images", "seconds", "µs a further image", "own memory, GB"), rows) + line


def main() -> None:
    """Measures, and publishes the table."""
    parser = arguments(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", help=f"images (default: {SIZES})")
    parser.add_argument("--folder", help="where the data goes (default: that of temporary files)")
    parser.add_argument("--epochs", type=int, metavar="IMAGES", help="compare epochs on so many images instead")
    chosen = parser.parse_args()
    if chosen.epochs:
        found = epochs(chosen.epochs, chosen.folder)
        ratio = found["from shards"] / found["in memory"]
        print({kind: f"{value * 1e6:.1f} µs an image" for kind, value in found.items()}, f"ratio {ratio:.2f}")
        return
    sizes = sorted(chosen.sizes or (QUICK_SIZES if chosen.quick else SIZES))
    body = described({size: costs(size, chosen.folder) for size in sizes})
    instructions = processor.instructions()
    publish(chosen, "Scale", instructions, f"{machine(('numpy', 'tensorflow'), instructions)}\n\n{body}")


if __name__ == "__main__":
    main()

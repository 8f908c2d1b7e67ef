"""What `signs.load(...).predict` adds to ONNX Runtime's own time, with the shipped weights, in one process."""

import statistics
import time
from collections.abc import Callable

import numpy as np
import onnxruntime

import signs
from benchmarks.results import arguments, machine, publish, table
from signs.core import processor
from signs.deployment.models import SHIPPED

ROUNDS = 15


def seconds(run: Callable[[], object]) -> float:
    """How long a call takes."""
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def ratios(ours: Callable[[], object], theirs: Callable[[], object], rounds: int) -> tuple[list[float], list[float]]:
    """Times both in turns; the order changes from round to round."""
    found: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds + 1):  # the first warms up
        pair = (ours, theirs) if number % 2 else (theirs, ours)
        taken = {run: seconds(run) for run in pair}
        if number:
            found[0].append(taken[ours])
            found[1].append(taken[theirs])
    return found


def main() -> None:
    """Measures, and publishes the table."""
    chosen = arguments(__doc__).parse_args()
    count, rounds = (20, 2) if chosen.quick else (2000, ROUNDS)
    model = signs.load(SHIPPED[0])
    session = onnxruntime.InferenceSession((SHIPPED[0] / "model.onnx").read_bytes())
    images = np.random.default_rng(1).integers(0, 256, (count, *model.size, 3), dtype=np.uint8)
    few = images[:50]
    batches = [images[start : start + 64] for start in range(0, count, 64)]
    tasks = {
        "a single image": (
            lambda: [model.predict(image) for image in few],
            lambda: [session.run(None, {"images": image[np.newaxis]}) for image in few],
            len(few),
        ),
        f"{count:,} images": (
            lambda: model.predict(images),
            lambda: [session.run(None, {"images": batch}) for batch in batches],
            count,
        ),
    }
    rows = []
    for name, (ours, theirs, number) in tasks.items():
        mine, peer = ratios(ours, theirs, rounds)
        ratio = [one / other for one, other in zip(mine, peer, strict=True)]
        times = [f"{1000 * statistics.median(values) / number:.3f}" for values in (mine, peer)]
        rows.append((name, *times, f"{statistics.median(ratio):.2f} ({min(ratio):.2f} to {max(ratio):.2f})"))
    header = ("task", "signs, ms an image", "ONNX Runtime, ms an image", "ratio: median (range)")
    instructions = processor.instructions()
    said = machine(("numpy", "onnxruntime", "pillow"), instructions)
    publish(chosen, "Prediction", instructions, f"{table(header, rows)}\n\n{said}")


if __name__ == "__main__":
    main()

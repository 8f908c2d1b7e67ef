"""A trained model, ready to predict."""

import functools
from pathlib import Path

import numpy as np

from signs.core import workers
from signs.core.params import Threads, validated
from signs.data import shards
from signs.data.shards import Images
from signs.networks import store
from signs.networks.backend import make_deterministic
from signs.networks.store import Model

PART = 16 * store.BATCH_SIZE  # images of a task


@validated("predict")
def read(folder: Path, *, threads: Threads) -> Model:
    """Reads a model and makes its predictions reproducible; comes before any other use of TensorFlow.

    Args:
        folder: That `store.write` wrote.
        threads: Of TensorFlow. The order in which numbers are added depends on it, and so do their last digits.

    Raises:
        UserError: There is no such model, or TensorFlow has started with another number of threads.
    """
    network = folder / store.NETWORK
    return _kept(folder.resolve(), threads, network.stat().st_mtime_ns if network.is_file() else 0)


@functools.lru_cache(maxsize=1)
def _kept(folder: Path, threads: int, _written: int) -> Model:
    """The model, which a process reads once for all its tasks."""
    make_deterministic(intra_op_threads=threads)
    return store.read(folder)


@validated("predict")
def logits(folder: Path, images: Images, *, threads: Threads) -> np.ndarray:
    """Calibrated logits, float32 (n, classes), of preprocessed images; the work of several processes on a cluster.

    Args:
        folder: Of the model.
        images: (n, height, width, channels).
        threads: As in `read`.

    Raises:
        UserError: As in `read`, or the images do not fit the model.
    """
    starts = range(0, max(1, len(images)), PART)
    tasks = ((folder.resolve(), threads, shards.selected(images, slice(start, start + PART))) for start in starts)
    return np.concatenate(workers.run(_logits, tasks, workers=1))


def _logits(folder: Path, threads: int, images: Images) -> np.ndarray:
    return read(folder, threads=threads).logits(images)

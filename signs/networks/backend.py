"""TensorFlow and Keras, set up before they start: quiet, fast, and with the same sums each time."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signs.core.errors import UserError

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # else it speaks of a GPU that is not there; 0 shows all of it
# TensorFlow turns oneDNN on by itself on some processors only; where it does not, an epoch takes three times as long.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


@contextmanager
def _hidden(*modules: str) -> Iterator[None]:
    """Lets imports of these fail for a while, unless they are there already."""
    absent = set(modules) - set(sys.modules)
    for name in absent:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


@contextmanager
def _silenced() -> Iterator[None]:
    """Drops what is written to standard error meanwhile, by native code too; not where all is to be shown."""
    if os.environ["TF_CPP_MIN_LOG_LEVEL"] == "0":
        yield
        return
    shown, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(shown, 2)
        os.close(shown)
        os.close(nowhere)


# TensorFlow 2.21 speaks while it is imported, whatever its level. Keras imports both modules where they are
# installed, for wrappers and pictures that nothing here uses: its start takes 5.8 instead of 4.0 seconds of a core.
# Who does use them imports Keras first.
with _silenced(), _hidden("matplotlib", "sklearn"):
    import keras
    import tensorflow as tf
    from keras import ops

__all__ = ["compute_in", "keras", "ops", "reproducible", "tf"]


BFLOAT16 = {"avx512_bf16", "amx_bf16"}  # what a processor that can calls it


def reproducible(seed: int, threads: int, operations: int = 1) -> None:
    """Makes what follows the same to the bit on every run: seeds, operations, number of threads.

    Args:
        seed: Of Python, NumPy and Keras.
        threads: In which an operation runs. Sums depend on it, so it is set, not taken from the machine.
        operations: That may run side by side.

    Raises:
        UserError: TensorFlow has already started with other numbers of threads.
    """
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(operations)
    except RuntimeError:
        raise UserError(
            f"TensorFlow has started with other threads than {threads}x{operations}; set them before its first use"
        ) from None


def compute_in(dtype: str, cpu: Path = Path("/proc/cpuinfo")) -> None:
    """Has networks that are made from now on compute in a type, and keep their weights in float32.

    Args:
        dtype: `float32` or `bfloat16`.
        cpu: What Linux tells of the processor.

    Raises:
        UserError: The processor does not compute in bfloat16 itself; made up for, it would be slower.
    """
    if dtype == "bfloat16" and not BFLOAT16 & set(cpu.read_text().split() if cpu.is_file() else ()):
        raise UserError("train.dtype is bfloat16, in which this processor does not compute; set it to float32")
    keras.config.set_dtype_policy("mixed_bfloat16" if dtype == "bfloat16" else "float32")

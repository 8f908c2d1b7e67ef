"""TensorFlow and Keras, configured before they load, and the settings that make their results reproducible."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from signs.core.errors import UserError

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # else it reports a missing GPU; 0 shows everything
# TensorFlow enables oneDNN by default on some processors only; without it an epoch takes three times as long.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


@contextmanager
def _without(*modules: str) -> Iterator[None]:
    """Lets imports of these modules fail, unless they are loaded already."""
    absent = set(modules) - set(sys.modules)
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]  # an import of None fails
    try:
        yield
    finally:
        for name in absent:
            del sys.modules[name]


# Keras imports both for wrappers and plots that are not used here. Without them its start takes 4.7 instead of
# 6.1 seconds of CPU time and 569 instead of 652 MiB. Code that needs Keras's wrappers imports Keras first.
with _without("matplotlib", "sklearn"):
    import keras
    import tensorflow as tf
    from keras import ops

__all__ = ["keras", "make_deterministic", "ops", "tf"]


def make_deterministic(*, intra_op_threads: int, inter_op_threads: int = 1) -> None:
    """Makes TensorFlow's results bit-for-bit reproducible; random numbers depend on their seeds alone.

    Args:
        intra_op_threads: Threads that share one operation. Floating-point sums depend on this number, so it is a
            setting and not the number of cores.
        inter_op_threads: Operations that may run at the same time. Results do not depend on it.

    Raises:
        UserError: TensorFlow has already started with other thread counts.
    """
    tf.config.experimental.enable_op_determinism()
    try:
        tf.config.threading.set_intra_op_parallelism_threads(intra_op_threads)
        tf.config.threading.set_inter_op_parallelism_threads(inter_op_threads)
    except RuntimeError:
        raise UserError(
            f"TensorFlow has already started with other thread counts than {intra_op_threads} intra-op and "
            f"{inter_op_threads} inter-op; set them before its first operation"
        ) from None

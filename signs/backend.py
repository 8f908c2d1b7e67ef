"""TensorFlow and Keras, set up before they start: quiet, fast, and with the same sums each time."""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # else each start speaks of a GPU that is not there
# TensorFlow turns oneDNN on by itself on some processors only; where it does not, an epoch takes three times as long.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

import keras
import tensorflow as tf
from keras import ops

__all__ = ["keras", "ops", "reproducible", "tf"]


def reproducible(seed: int, threads: int) -> None:
    """Makes what follows the same to the bit on every run: seeds, operations, number of threads.

    Args:
        seed: Of Python, NumPy and Keras.
        threads: In which an operation runs. Sums depend on it, so it is set, not taken from the machine.

    Raises:
        ValueError: TensorFlow has already started with another number of threads.
    """
    keras.utils.set_random_seed(seed)
    tf.config.experimental.enable_op_determinism()
    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        raise ValueError(
            f"TensorFlow has started with other threads than {threads}; set them before its first use"
        ) from None

"""A trained model, ready to predict."""

from pathlib import Path

from signs.core.params import Threads, validated
from signs.networks import store
from signs.networks.backend import make_deterministic
from signs.networks.store import Model


@validated("predict")
def read(folder: Path, *, threads: Threads) -> Model:
    """Reads a model and makes its predictions reproducible; comes before any other use of TensorFlow.

    Args:
        folder: That `store.write` wrote.
        threads: Of TensorFlow. The order in which numbers are added depends on it, and so do their last digits.

    Raises:
        UserError: There is no such model, or TensorFlow has started with another number of threads.
    """
    make_deterministic(intra_op_threads=threads)
    return store.read(folder)

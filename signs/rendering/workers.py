"""Work shared among processes that end when the one that started them ends, even if that is killed."""

import functools
import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from joblib import Parallel, delayed

SECONDS = 0.5  # between two looks for the parent


def run(function: Callable[..., np.ndarray], tasks: Iterable[tuple[Any, ...]], workers: int) -> list[np.ndarray]:
    """Calls a function with the arguments of each task, and returns what it returns, in order of the tasks."""
    return Parallel(n_jobs=workers)(delayed(_call)(os.getpid(), function, *task) for task in tasks)


def _call(parent: int, function: Callable[..., np.ndarray], *arguments: Any) -> np.ndarray:
    if os.getpid() != parent:
        _end_with(parent)
    return function(*arguments)


@functools.cache
def _end_with(parent: int) -> None:
    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(SECONDS)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()

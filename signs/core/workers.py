"""Work shared among processes: those of the cluster that RAY_ADDRESS names, else processes of this machine.

Processes of this machine end when the one that started them ends, even if that is killed.
"""

import functools
import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

SECONDS = 0.5  # between two looks for the parent


def run(function: Callable[..., Any], tasks: Iterable[tuple[Any, ...]], workers: int) -> list[Any]:
    """Calls a function with the arguments of each task, and returns what it returns, in order of the tasks.

    Args:
        function: Of a module that other processes can import, too.
        tasks: Its arguments.
        workers: Number of processes on this machine; a cluster uses all its cores.

    Raises:
        UserError: The cluster is not fit for the work; see `ray_tasks.run`.
    """
    if os.environ.get("RAY_ADDRESS"):
        from signs.core import ray_tasks  # noqa: PLC0415  # only those wait for it who use a cluster

        return ray_tasks.run(function, tasks)
    if workers == 1:
        return [function(*task) for task in tasks]
    from joblib import Parallel, delayed  # noqa: PLC0415  # takes a tenth of a second, which few stages need

    return Parallel(n_jobs=workers)(delayed(_call)(os.getpid(), function, *task) for task in tasks)


def of_this_machine() -> int:
    """The number of processes that this one may run side by side."""
    return len(os.sched_getaffinity(0))


def _call(parent: int, function: Callable[..., Any], *arguments: Any) -> Any:
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

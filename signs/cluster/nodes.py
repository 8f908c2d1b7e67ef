"""The nodes of a cluster, and groups of their cores."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from signs.core import ray_tasks, workers
from signs.core.errors import UserError

STORE = 100 * 2**20  # bytes of the object store of this machine alone: trials exchange a few numbers


@contextmanager
def connected() -> Iterator[Any]:
    """The module `ray`, connected to the cluster that RAY_ADDRESS names, else to one of this machine's cores alone.

    Raises:
        UserError: The extra is not installed, or the cluster is not fit for the work.
    """
    if not all(map(find_spec, ("ray", "optuna"))):
        raise UserError(f"this needs Ray and Optuna; {ray_tasks.EXTRA}")
    if ray_tasks.is_chosen():
        yield ray_tasks.connect()
        return
    with _of_this_machine() as ray:
        yield ray


@contextmanager
def _of_this_machine() -> Iterator[Any]:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # Ray would report to its makers
    ray = ray_tasks.load()
    is_ours = not ray.is_initialized()
    if is_ours:
        ray.init(
            address="local",
            num_cpus=workers.of_this_machine(),
            object_store_memory=STORE,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
            runtime_env=ray_tasks.environment(),
            _node_ip_address="127.0.0.1",
        )
    try:
        yield ray
    finally:
        if is_ours:
            ray.shutdown()


def largest(ray: Any) -> int:
    """The most cores that one node has.

    Raises:
        UserError: None has any.
    """
    ray_tasks.cpus(ray)
    return max(int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"])


def run(function: Callable[..., Any], tasks: Iterable[tuple[Any, ...]], cores: int) -> list[Any]:
    """Calls a function on the cluster with the arguments of each task, on a group of cores of one node each.

    Returns:
        What it returns, in order of the tasks.

    Raises:
        UserError: See `ray_tasks.run`.
    """
    return ray_tasks.run(function, tasks, min(cores, largest(ray_tasks.connect())))

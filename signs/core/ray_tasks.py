"""Tasks on the Ray cluster that RAY_ADDRESS names. Ray loads only where it is set."""

import functools
import itertools
import os
import pickle
import platform
import re
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from importlib import metadata
from typing import Any

from signs.core import code, processor, ray_address
from signs.core.errors import UserError
from signs.core.ray_address import ADDRESS

EXTRA = "pip install '.[cluster]'"
ATTEMPTS = 5  # at a task whose worker gets lost
PER_CORE = 2  # tasks handed out at a time: one runs, one waits; results of more would fill the object store
# What decides the bytes of a result beside our code.
LIBRARIES = ("keras", "numpy", "opencv-python-headless", "pillow", "resvg-py", "scipy", "tensorflow")


def is_chosen() -> bool:
    """Whether work goes to a cluster."""
    return bool(os.environ.get(ADDRESS))


def run(function: Callable[..., Any], tasks: Iterable[tuple[Any, ...]], cores: int = 1) -> list[Any]:
    """Calls a function on the cluster with the arguments of each task, and returns what it returns, in their order.

    A task whose worker gets lost runs again, on another. A single task runs here.

    Args:
        function: Of a module that workers can import, too.
        tasks: Its arguments.
        cores: Of one node, that each task takes.

    Raises:
        UserError: There is no such cluster, it is not fit for the work, or it lost the same task too often.
    """
    tasks = iter(tasks)
    first = list(itertools.islice(tasks, 2))
    if len(first) < 2:
        return [function(*arguments) for arguments in first]
    return _run(connect(), function, itertools.chain(first, tasks), cores)


def _run(ray: Any, function: Callable[..., Any], tasks: Iterable[tuple[Any, ...]], cores: int) -> list[Any]:
    call = ray.remote(_call).options(num_cpus=cores, max_retries=ATTEMPTS - 1)
    limit = PER_CORE * cpus(ray)
    ours, share = versions(), _sharing(ray.put)
    waiting: deque[Any] = deque()
    results = []
    try:
        for arguments in tasks:
            if len(waiting) >= limit:
                results.append(_result(ray, waiting.popleft()))
            waiting.append(call.remote(*share((ours, function, *arguments))))
        while waiting:
            results.append(_result(ray, waiting.popleft()))
    finally:
        for left in waiting:
            ray.cancel(left, force=True)
    return results


def cpus(ray: Any) -> int:
    """The cores of a cluster.

    Raises:
        UserError: It has none.
    """
    if count := int(ray.cluster_resources().get("CPU", 0)):
        return count
    raise UserError("the Ray cluster has no CPU now; ray start --address=HOST:PORT on another machine adds some")


def connect() -> Any:
    """The module `ray`, connected to the cluster.

    Raises:
        UserError: Ray is not installed, nothing answers at the address, another version of Ray or Python does, or it
            turns this machine away.
    """
    address = os.environ[ADDRESS]
    with _handler_of_sigterm_kept():
        if "ray" not in sys.modules:  # it looks at the mode as it loads
            ray_address.choose_mode(address)
        ray = load()
        if not ray.is_initialized():
            os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")  # the first error says it
            try:
                ray.init(address=address, log_to_driver=False, logging_level="ERROR", runtime_env=environment())
            except ray.exceptions.AuthenticationError:
                raise ray_address.turned_away(address) from None
            except (ConnectionError, ValueError, RuntimeError) as error:
                raise UserError(_why_not_connected(address, str(error.__cause__ or error))) from None
    return ray


def load() -> Any:
    """The module `ray`.

    Raises:
        UserError: It is not installed.
    """
    try:
        import ray  # noqa: PLC0415  # takes a second, which only those wait for who use a cluster
    except ImportError:
        raise UserError(f"Ray is not installed, and {ADDRESS} asks for it; {EXTRA}, or unset {ADDRESS}") from None
    return ray


@functools.cache
def versions() -> dict[str, str]:
    """What decides the bytes of a result: the digest of each file of our code, the version of each library."""
    sources = {name: digest for name, digest in code.digests(["signs"]).items() if name.endswith(".py")}
    return sources | {name: _version(name) for name in LIBRARIES}


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "none"


def environment() -> dict[str, Any]:
    """Workers use the instructions that this process uses, and let what they start clear up as they end."""
    native = {name: value for name, value in os.environ.items() if name == processor.NATIVE}
    return {"env_vars": {"RAY_kill_child_processes_on_worker_exit": "false"} | native}


@contextmanager
def _handler_of_sigterm_kept() -> Iterator[None]:
    """Ray puts its own in place as it loads and as it connects; a stage has one that clears up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    former = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def _why_not_connected(address: str, message: str) -> str:
    if "Version mismatch" in message:
        found = re.findall(r"(Ray|Python): (\S+)", message)
        theirs, ours = (" and ".join(map(" ".join, pair)) for pair in (found[:2], found[2:4]))
        return f"the cluster at {ADDRESS}={address} runs {theirs}, this machine {ours}; install the same on both"
    if "No node info found" in message:
        return f"this machine is no node of {ADDRESS}={address}; ray start --address={address} makes it one"
    return (
        f"no Ray cluster at {ADDRESS}={address}: {message.strip() or 'no reason given'}; {ray_address.remedy(address)}"
    )


def _sharing(put: Callable[[Any], Any]) -> Callable[[tuple[Any, ...]], list[Any]]:
    """A function that stores an argument once where one task after the other has the very same object in its place."""
    before: list[tuple[Any, Any]] = []  # by place, the argument of the last task, and where it is stored, if it is

    def share(arguments: tuple[Any, ...]) -> list[Any]:
        for place, argument in enumerate(arguments):
            if place == len(before) or before[place][0] is not argument:
                before[place : place + 1] = [(argument, None)]
            elif before[place][1] is None:
                before[place] = argument, put(argument)
        return [argument if stored is None else stored for argument, stored in before[: len(arguments)]]

    return share


def _call(theirs: dict[str, str], function: Callable[..., Any], *arguments: Any) -> bytes:
    """Runs a task, on a worker. The result is pickled here, as Ray would return arrays that fill its store."""
    prepare_worker(theirs)
    return pickle.dumps(function(*arguments), protocol=5)


def prepare_worker(theirs: dict[str, str]) -> None:
    """Makes a worker's process one like that which shares out the work.

    Args:
        theirs: The `versions` of that one.

    Raises:
        UserError: Code or libraries differ, or the processor is too old.
    """
    os.environ.pop(ADDRESS, None)  # what the task shares out in turn stays here
    os.environ.pop("OMP_NUM_THREADS", None)  # Ray's; settings say how many threads a stage has
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # what a task starts must hear it, and end
    processor.check()
    if differing := dict(theirs.items() ^ versions().items()):
        what = min(differing)
        raise UserError(
            f"{what} on the worker {platform.node()} is another than on the machine that shares out the work; "
            "install the same commit and requirements.lock there"
        )


def _result(ray: Any, reference: Any) -> Any:
    try:
        return pickle.loads(ray.get(reference))
    except ray.exceptions.RayError as error:
        raise reason(ray, error) from None


def reason(ray: Any, error: Any) -> BaseException:
    """Why a task failed: what it raised, or in one line that the cluster lost it or that a worker lacks a package."""
    of = ray.exceptions
    cause = error.cause if isinstance(error, of.RayTaskError) else error
    if isinstance(cause, UserError):
        return cause
    if missing := re.search(r"No module named '(\w+)", str(error)):
        return UserError(f"a worker of the cluster lacks the package {missing[1]}; {EXTRA} there, from the same commit")
    first = str(cause).strip().partition("\n")[0]
    if isinstance(cause, of.ObjectLostError):
        return UserError(f"the cluster lost what the work needs: {first}")
    if isinstance(cause, (of.WorkerCrashedError, of.RayActorError, of.NodeDiedError, of.OutOfMemoryError)):
        return UserError(f"the cluster lost the same work {ATTEMPTS} times; the last time: {first}")
    return next((each for each in (cause, error) if isinstance(each, BaseException)), RuntimeError(str(error)))

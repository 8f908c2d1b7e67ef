"""The connection with a Ray cluster, which the environment variable RAY_ADDRESS names."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from signs.core.errors import UserError

ADDRESS = "RAY_ADDRESS"
SECONDS = 10  # for an answer


@contextmanager
def connected() -> Iterator[None]:
    """Connects this process with the cluster for the duration of a `with` block.

    Raises:
        UserError: Ray is not installed, or there is no cluster at the address.
    """
    address = os.environ[ADDRESS]
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray  # noqa: PLC0415  # only a cluster needs it
    except ImportError:
        raise UserError(f"{ADDRESS} is set, but Ray is not installed; unset it, or pip install '.[cluster]'") from None
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        _check_reachable(address)
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", configure_logging=False)
    except Exception as error:  # Ray raises many types
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{ADDRESS}={address}: cannot connect with this Ray cluster: {reason}") from None
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    try:
        yield
    finally:
        ray.shutdown()


def _check_reachable(address: str) -> None:
    """Fails at once where nothing answers; Ray would try for minutes."""
    host, separator, port = address.rpartition(":")
    if separator and "/" not in host and port.isdecimal():
        with socket.create_connection((host, int(port)), SECONDS):
            pass

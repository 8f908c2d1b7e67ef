"""Where the Ray cluster of RAY_ADDRESS is, and whether it lets this machine in."""

import os
import re
import socket
from pathlib import Path

from signs.core.errors import UserError

ADDRESS, MODE = "RAY_ADDRESS", "RAY_AUTH_MODE"
SECONDS = 3  # that a cluster has to answer
CLIENT = "ray://"  # of the server for clients from outside of the cluster
# The first question of Ray's own tools to a cluster, and that of its clients to the server for them.
ALIVE, PING = ("/ray.rpc.NodeInfoGcsService/CheckAlive", b""), ("/ray.rpc.RayletDriver/ClusterInfo", b"\x08\x06")
FOUND = Path("/tmp/ray/ray_current_cluster")  # where `ray start` leaves the address that `auto` stands for


def choose_mode(address: str) -> None:
    """Lets Ray use the token of this machine where the cluster asks for one, and only there.

    Ray by itself would use none; with one, it would turn away the workers of a cluster that has none.

    Raises:
        UserError: Nothing answers, or what does is no Ray, or it would turn this machine away.
    """
    if address == "auto" and FOUND.is_file():
        address = FOUND.read_text().strip()
    if address in ("auto", "local"):
        return  # Ray looks for one on this machine, or starts one
    host, port = _reached(address)
    if os.environ.get("RAY_USE_TLS", "").lower() in ("1", "true"):
        if _token():
            os.environ.setdefault(MODE, "token")
        return
    needed = "disabled" if _lets_in(address, host, port, None) else "token"
    mode = os.environ[MODE] = os.environ.get(MODE) or needed
    if (mode.lower() == "token") != (needed == "token"):
        raise UserError(f"the cluster at {ADDRESS}={address} runs with {MODE}={needed}, not {mode}; set the same here")
    if needed == "token" and not ((token := _token()) and _lets_in(address, host, port, token)):
        raise turned_away(address)


def _reached(address: str) -> tuple[str, int]:
    """Host and port, once they took a connection: what stops that is clearer from a socket than from gRPC.

    Ray itself would try for many minutes.
    """
    match = re.fullmatch(rf"(?:{CLIENT})?(\[[^\]\s]+\]|[^:\s\[\]]+):(\d+)", address)
    if not match:
        raise _no_cluster(address, "an address is HOST:PORT")
    host, port = match[1].strip("[]"), int(match[2])
    try:
        socket.create_connection((host, port), SECONDS).close()
    except (OSError, OverflowError, UnicodeError) as error:
        raise _no_cluster(address, getattr(error, "strerror", None) or str(error)) from None
    return host, port


def _lets_in(address: str, host: str, port: int, token: str | None) -> bool:
    """Whether the cluster accepts this token, or a machine without one."""
    import grpc  # noqa: PLC0415  # TensorFlow's, and of no use without a cluster

    metadata = [("authorization", f"Bearer {token}")] if token else []
    method, question = PING if address.startswith(CLIENT) else ALIVE
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    try:
        with grpc.insecure_channel(target, [("grpc.enable_http_proxy", 0)]) as channel:
            channel.unary_unary(method)(question, timeout=SECONDS, metadata=metadata)
    except grpc.RpcError as error:
        if error.code() == grpc.StatusCode.UNAUTHENTICATED:
            return False
        is_late = error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        what = f"no answer within {SECONDS} seconds" if is_late else "what answers there is no Ray"
        raise _no_cluster(address, what) from None
    except ValueError:  # a token that cannot be sent, as one with a line break
        return False
    return True


def _token() -> str | None:
    """The token of this machine, where Ray looks for it."""
    if token := os.environ.get("RAY_AUTH_TOKEN"):
        return token.strip()
    try:
        path = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray/auth_token")
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError, RuntimeError):  # the last where there is no home
        return None


def turned_away(address: str) -> UserError:
    """The error where the token of this machine is wrong or missing."""
    return UserError(
        f"the cluster at {ADDRESS}={address} turned this machine away; copy ~/.ray/auth_token from the machine "
        "where it was started"
    )


def _no_cluster(address: str, reason: str) -> UserError:
    return UserError(f"no Ray cluster answers at {ADDRESS}={address}: {reason}; {remedy(address)}")


def remedy(address: str) -> str:
    """What to do where no cluster answers."""
    return f"ray status --address={address} shows one that runs; without {ADDRESS} all work stays on this machine"

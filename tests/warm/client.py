"""Stands for `python` where DVC runs a stage, and for `dvc`: has the server run it, and behaves as that process does.

It runs without the site packages, so that it starts at once. `tests/projects.py` says what this is for.
"""

import json
import os
import signal
import socket
import sys
from pathlib import Path

# What decides how a library loads needs a Python of its own.
LOADS_OTHERWISE = ("PYTHONPATH", "SIGNS_NATIVE")


def is_plain(module: str) -> bool:
    """Whether the server can run it: a stage or DVC, with the libraries loaded as usual."""
    loads_otherwise = any(name in os.environ for name in LOADS_OTHERWISE)
    if module == "dvc":
        return not loads_otherwise
    is_native = "native: true" in Path("params.yaml").read_text(encoding="utf-8").splitlines()
    return module == "stages" and not is_native and (not loads_otherwise or "AUDIT_LOG" in os.environ)


def main() -> None:
    """Passes on arguments, folder, environment, streams and signals, and ends as the process does."""
    is_dvc = Path(sys.argv[0]).name == "dvc"
    arguments = ["-m", "dvc", *sys.argv[1:]] if is_dvc else sys.argv[1:]
    match arguments:
        # `python -m dvc` is a process as usual: `signs run` signals all processes that it starts, as a terminal does.
        case ["-m", module, *rest] if is_dvc == (module == "dvc") and is_plain(module):
            told = {"folder": str(Path.cwd()), "environment": dict(os.environ), "module": module, "arguments": rest}
            sys.exit(warm(json.dumps(told).encode()))
        case _:
            # By its own name: what that process then starts as `sys.executable` is this program again.
            os.execv(sys.executable, [str(Path(sys.argv[0]).with_name("python")), *arguments])


def warm(told: bytes) -> int:
    """Has the server run what it is told, and returns the exit code; dies by the signal that it died by."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(os.environ["WARM_PYTHON"])
    socket.send_fds(connection, [len(told).to_bytes(4, "big")], [0, 1, 2])
    connection.sendall(told)
    running = int(connection.recv(64))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: os.kill(running, number))
    code = int(connection.recv(64) or 1)
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    return code


if __name__ == "__main__":
    main()

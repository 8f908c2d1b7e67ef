"""Stands for `python` where DVC runs a stage: has the server run it, and behaves as that process does.

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


def is_plain() -> bool:
    """Whether the server can run it: a stage, with the libraries loaded as usual."""
    is_native = "native: true" in Path("params.yaml").read_text(encoding="utf-8").splitlines()
    loads_otherwise = any(name in os.environ for name in LOADS_OTHERWISE) and "AUDIT_LOG" not in os.environ
    return not is_native and not loads_otherwise


def main() -> None:
    """Passes on arguments, folder, environment, streams and signals, and ends as the stage does."""
    if sys.argv[1:3] != ["-m", "stages"] or not is_plain():
        os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(os.environ["WARM_PYTHON"])
    told = json.dumps({"folder": str(Path.cwd()), "environment": dict(os.environ), "arguments": sys.argv[3:]}).encode()
    socket.send_fds(connection, [len(told).to_bytes(4, "big")], [0, 1, 2])
    connection.sendall(told)
    stage = int(connection.recv(64))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: os.kill(stage, number))
    code = int(connection.recv(64) or 1)
    if code < 0:
        if -code != signal.SIGKILL:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    main()

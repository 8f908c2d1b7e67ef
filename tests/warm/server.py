"""Forks stages and DVC from a process with the libraries loaded: `python server.py SOCKET`, until its input ends."""

import contextlib
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import traceback
from typing import Any

# What stages and DVC import late, most of it slowly.
LIBRARIES = (
    "signs.networks.backend",  # first: it keeps Keras from loading the others
    "ai_edge_quantizer",
    "dvc.cli.parser",
    "dvc.repo.fetch",
    "dvc.repo.plots",
    "dvc.repo.experiments.queue.celery",
    "dvc.repo.experiments.executor.local",
    "matplotlib.backends.backend_agg",
    "matplotlib.figure",
    "onnxruntime",
    "sklearn.metrics",
)


def load() -> None:
    """Loads what takes long, and forgets the library: a stage loads that of its own project."""
    for name in LIBRARIES:
        importlib.import_module(name)
    for name in [name for name in sys.modules if name.partition(".")[0] == "signs"]:
        del sys.modules[name]


def run(told: dict[str, Any], streams: list[int]) -> None:
    """Becomes the process."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.chdir(told["folder"])
    os.environ.clear()
    os.environ.update(told["environment"])
    sys.dont_write_bytecode = bool(os.environ.get("PYTHONDONTWRITEBYTECODE"))
    sys.path.insert(0, told["folder"])
    sys.argv = [told["module"], *told["arguments"]]
    if "AUDIT_LOG" in os.environ:  # then Python would import this as it starts
        sys.path.insert(1, os.environ["PYTHONPATH"])
        sys.orig_argv[1:] = ["-m", *sys.argv]
        importlib.import_module("sitecustomize")
    code = 0
    try:
        runpy.run_module(told["module"], run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:  # as the interpreter does
        traceback.print_exc()
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def serve(connection: socket.socket) -> None:
    """Runs one process, tells how it ended, and ends it if the client is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, streams, *_ = socket.recv_fds(connection, 4, 3)
    told = b""
    while len(told) < int.from_bytes(head, "big"):
        told += connection.recv(2**16)
    running = os.fork()
    if not running:
        connection.close()
        run(json.loads(told), streams)
    connection.sendall(str(running).encode())
    ended = os.pidfd_open(running)
    if ended not in select.select([ended, connection], [], [])[0]:
        os.kill(running, signal.SIGKILL)
    _, status = os.waitpid(running, 0)
    with contextlib.suppress(BrokenPipeError):
        connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())


def main(path: str) -> None:
    """Forks a process for each client."""
    load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who serve
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen()
    print("ready", flush=True)
    while sys.stdin.fileno() not in select.select([sys.stdin.fileno(), listening], [], [])[0]:
        connection, _ = listening.accept()
        if not os.fork():
            listening.close()
            serve(connection)
            os._exit(0)
        connection.close()


if __name__ == "__main__":
    main(sys.argv[1])

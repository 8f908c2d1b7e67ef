"""`signs serve`: answers uploads of photos with names, and a page to drop them on."""

import os
import socket
import sys
from pathlib import Path

from signs.core.errors import UserError
from signs.deployment.models import default_model, load

MAX_THREADS = 8  # more than Python's lock lets work; each holds the model


def main(model: Path | None, host: str, port: int) -> None:
    """Serves a model until it is stopped."""
    try:
        import uvicorn  # noqa: PLC0415  # an extra

        from signs.deployment.server import application  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise UserError(f"{error.name} is not installed; pip install '.[serve]' brings it") from None
    path = model or default_model()
    app = application([load(path, threads=1) for _ in range(min(os.cpu_count() or 1, MAX_THREADS))])
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        raise UserError(f"{host}:{port} cannot be served: {error.strerror}; --port takes another") from None
    print(f"serving {path} on http://{host}:{listening.getsockname()[1]} (Ctrl-C stops)", file=sys.stderr, flush=True)
    uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=5)).run(sockets=[listening])

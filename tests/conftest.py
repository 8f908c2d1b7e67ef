"""Fixtures that several test files share."""

import fcntl
import os
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from projects import commit, made, run

import signs  # noqa: F401  # before NumPy, which reads its cap as it loads

AUDIT = {"PYTHONPATH": str(Path(__file__).parent / "pipeline/audit"), "PYTHONDONTWRITEBYTECODE": "1"}

# Under `make test`, a make that a test starts would take itself for a part of that one, and say so.
for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS"):
    os.environ.pop(name, None)

# The same examples on every run, however busy the machine is.
settings.register_profile("signs", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("signs")


def pytest_xdist_auto_num_workers():
    """One more than there are cores: a test often waits for a process that it started."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_collection_modifyitems(items):
    """Puts the longest files first, and those last that would wait for the first of them to make `finished`."""
    longest = ("pipeline", "other_data", "notebook", "run", "loop", "fitting", "weights", "benchmarks", "no_new_signs")
    first = [f"test_{name}.py" for name in longest]
    waiting = {item.path for item in items if "finished" in item.fixturenames}

    def place(item):
        return first.index(item.path.name) if item.path.name in first else len(first) + (item.path in waiting)

    items.sort(key=place)


class Site(ThreadingHTTPServer):
    """Serves a folder on this machine, and errs where it is told to.

    `requested`: file names in the order in which they were asked for. `failures`, `cuts`: how many more
    requests for a file are answered with 503, or cut off in the middle.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.requested: list[str] = []
        self.failures: Counter[str] = Counter()
        self.cuts: Counter[str] = Counter()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Site

    def do_GET(self) -> None:
        name = self.path.partition("?")[0].lstrip("/")
        self.server.requested.append(name)
        if self.server.failures[name]:
            self.server.failures[name] -= 1
            self.send_error(503)
            return
        path = self.server.folder / name
        if not path.is_file():
            self.send_error(404)
            return
        content = path.read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.server.cuts[name]:
            self.server.cuts[name] -= 1
            content = content[: len(content) // 2]
        self.wfile.write(content)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A running Site on the folder `site` of the test's own."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = tmp_path / "site"
    folder.mkdir()
    with Site(folder) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def finished(tmp_path_factory, worker_id):
    """A project that has been run to the end and committed; not to be changed.

    All workers of pytest share it. Beside it, `opened` holds what the stages opened; see pipeline/test_dependencies.py.
    """
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "finished"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            project = made(folder / "project")
            run(project, "dvc", "repro", **AUDIT, AUDIT_LOG=str(folder / "opened"))
            commit(project, "Run")
            (folder / "done").touch()
    return folder / "project"

"""Sharing by a server on this machine: WebDAV and SSH, a server that dies in the middle included."""

import hashlib
import shutil
import socket
import subprocess
import time
from contextlib import suppress

import asyncssh
import pytest
from projects import commit, run, stages_run, variables

pytestmark = pytest.mark.skipif(not shutil.which("rclone"), reason="rclone is not installed")

MEGABYTE = 2**20


class Server:
    """rclone, which serves the folder `storage` by WebDAV or SSH at the same address each time it starts."""

    def __init__(self, kind, folder):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = taken.getsockname()[1]
        self.folder, self.storage, self.key = folder, folder / "storage", folder / "key"
        self.storage.mkdir()
        asyncssh.generate_private_key("ssh-ed25519").write_private_key(self.key)
        asyncssh.read_private_key(self.key).write_public_key(folder / "key.pub")
        keys = ["--key", self.key, "--authorized-keys", folder / "key.pub"]
        self.command, url, more = {
            "webdav": (["webdav"], f"webdav://127.0.0.1:{self.port}", "verify = true"),
            "ssh": (["sftp", "--user", "signs", *keys], f"ssh://signs@127.0.0.1:{self.port}/", f"keyfile = {self.key}"),
        }[kind]
        self.settings = f"url = {url}\n{more}"
        self.keeps_parts = kind == "webdav"  # of a file that was cut off, which the next push takes for whole

    def start(self, bandwidth="off"):
        """Starts it, and waits until it answers."""
        more = ["--addr", f"127.0.0.1:{self.port}", "--bwlimit", bandwidth]
        with (self.folder / "log").open("a") as log:
            self.process = subprocess.Popen(["rclone", "serve", *self.command, self.storage, *more], stderr=log)
        while True:
            assert self.process.poll() is None, (self.folder / "log").read_text()
            try:
                return socket.create_connection(("127.0.0.1", self.port)).close()
            except ConnectionRefusedError:
                time.sleep(0.02)

    def kill(self):
        """Ends it at once, with SIGKILL."""
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module", params=["webdav", "ssh"])
def server(request, tmp_path_factory):
    """A server that runs."""
    server = Server(request.param, tmp_path_factory.mktemp(request.param))
    server.start()
    yield server
    server.kill()


def size(folder):
    """The bytes of all files of a folder in which files are being written and renamed."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += path.stat().st_size if path.is_file() else 0
    return total


def assert_whole(cache):
    """Each file of a cache or a remote has the content that it is named after."""
    files = [path for path in cache.glob("files/md5/??/*") if path.suffix != ".tmp"]
    assert files
    for path in files:
        assert hashlib.md5(path.read_bytes()).hexdigest() == path.parent.name + path.stem


def cut_off(server, receiver, project, *command):
    """Runs a command whose slow server is killed once the folder `receiver` has got two megabytes. It must fail."""
    server.kill()
    server.start(bandwidth="4M")
    end = size(receiver) + 2 * MEGABYTE
    with subprocess.Popen(command, cwd=project, env=variables(), stderr=subprocess.PIPE, text=True) as process:
        while size(receiver) < end and process.poll() is None:
            time.sleep(0.01)
        server.kill()
        process.communicate(timeout=30)
    server.start()
    assert process.returncode  # 255, or 141 without a word where DVC takes the server's pipe for that of its output


@pytest.fixture(scope="module")
def project(finished, server, tmp_path_factory):
    """A project that was pushed. Its first `dvc push` was cut off, where the server can stand that."""
    project = shutil.copytree(finished, tmp_path_factory.mktemp("shared") / "project", symlinks=True)
    (project / ".dvc/config").write_text(f"[core]\nremote = storage\n['remote \"storage\"']\n{server.settings}\n")
    commit(project, "Add a remote")
    if not server.keeps_parts:
        cut_off(server, server.storage, project, "dvc", "push")
        assert_whole(server.storage)
    run(project, "dvc", "push", "--run-cache")
    return project


@pytest.fixture(scope="module")
def clone(server, project):
    """A clone that pulled all. Its first `dvc pull` was cut off."""
    clone = project.parent / "clone"
    run(project, "git", "clone", "-q", project, clone)
    cut_off(server, clone / ".dvc/cache", clone, "dvc", "pull")
    run(clone, "dvc", "pull", "--run-cache")
    return clone


@pytest.mark.parametrize("server", ["ssh"], indirect=True)  # the push was cut off by SSH only
def test_what_is_pushed_is_whole_though_the_server_died_in_the_middle(server, project):
    assert_whole(server.storage)
    cache = project / ".dvc/cache"
    assert {path.relative_to(cache) for path in cache.glob("runs/*/*/*")} <= {
        path.relative_to(server.storage) for path in server.storage.glob("runs/*/*/*")
    }


def test_what_is_pulled_is_whole_though_the_server_died_in_the_middle(finished, clone):
    assert_whole(clone / ".dvc/cache")
    for name in ("models/augmented/model.keras", "models/exported/augmented/model.onnx", "reports/index.html"):
        assert (clone / name).read_bytes() == (finished / name).read_bytes()
    assert "up to date" in run(clone, "dvc", "status")
    assert run(clone, "git", "status", "--porcelain") == ""


def test_the_run_cache_comes_along_so_that_stages_need_not_run(clone):
    lock = (clone / "dvc.lock").read_bytes()
    (clone / "dvc.lock").unlink()
    output = run(clone, "dvc", "repro", "synthesize")
    (clone / "dvc.lock").write_bytes(lock)
    assert output.count("is cached - skipping run") == 2
    assert not stages_run(output)


@pytest.mark.parametrize("server", ["webdav"], indirect=True)
def test_a_file_that_is_not_whole_on_the_server_is_refused(server, clone):
    model = clone / "models/augmented/model.keras"
    content = model.read_bytes()
    name = hashlib.md5(content).hexdigest()
    stored = server.storage / f"files/md5/{name[:2]}/{name[2:]}"
    stored.write_bytes(content[:1000])
    server.kill()
    server.start()  # it remembers the size of each file
    (clone / f".dvc/cache/files/md5/{name[:2]}/{name[2:]}").unlink()
    shutil.rmtree(model.parent)
    assert "models/augmented" in run(clone, "dvc", "pull", "models/augmented", code=1)
    assert not model.exists()

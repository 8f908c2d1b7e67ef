import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
import types
from pathlib import Path

import clusters
import numpy as np
import pytest

from signs.core import params, ray_tasks, workers
from signs.core.errors import UserError
from signs.rendering import camera
from signs.rendering.scene import Surroundings

ROOT = Path(__file__).parents[2]
DRAWINGS = [np.full((64, 64, 4), (*colour, 255), np.uint8) for colour in ((200, 30, 30), (30, 30, 200))]
PHOTOGRAPHS = np.random.default_rng(1).integers(0, 256, (400, 32, 32, 3), np.uint8)


@pytest.fixture(scope="module")
def cluster():
    with clusters.of_two_nodes() as made:
        yield made


@pytest.fixture
def on_cluster(cluster, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)


def rendered(count=300):
    settings = camera.Camera(**params.read(ROOT / "presets/cameras/synthesis.yaml"))
    around = Surroundings.from_photographs(PHOTOGRAPHS)
    signs = [[drawing] for drawing in DRAWINGS]
    images = camera.render(
        signs, [[1], [2]], count=count, height=32, width=32, camera=settings, surroundings=around, workers=1
    )
    return [part.tobytes() for part in images]


def test_a_cluster_renders_the_same_bytes_as_this_machine(on_cluster, monkeypatch):
    shared = rendered()
    monkeypatch.delenv("RAY_ADDRESS")
    assert shared == rendered()


def test_all_nodes_work_and_what_a_task_shares_out_in_turn_stays_with_it(on_cluster, tmp_path):
    def place(number):
        (tmp_path / str(number)).touch()
        while len(list(tmp_path.iterdir())) < 2:  # a node has one core, so the other task is on the other node
            time.sleep(0.01)
        return sys.modules["ray"].get_runtime_context().get_node_id(), os.environ.get("RAY_ADDRESS")

    nodes, addresses = zip(*workers.run(place, [(1,), (2,)], workers=1), strict=True)
    assert len(set(nodes)) == 2
    assert set(addresses) == {None}


def test_results_come_in_the_order_of_the_tasks_and_may_be_altered(on_cluster):
    sizes = [200_000, 1, 3, 150_000, 2, 0]
    found = workers.run(np.full, ((size, number) for number, size in enumerate(sizes)), workers=1)
    assert [part.shape for part in found] == [(size,) for size in sizes]
    for number, part in enumerate(found):
        np.add(part, number, out=part)
        assert (part == 2 * number).all()


def test_results_of_more_bytes_than_the_object_store_holds_are_no_matter(on_cluster):
    found = workers.run(np.full, (((20, 2**20), number, np.uint8) for number in range(15)), workers=1)
    assert [part[0, 0] for part in found] == list(range(15))


def test_an_argument_that_stays_is_stored_once():
    stored = []
    share = ray_tasks._sharing(lambda argument: stored.append(argument) or f"stored {argument}")
    big, other = "big", "other"
    assert [share((big, number)) for number in (1, 2, 3)] == [["big", 1], ["stored big", 2], ["stored big", 3]]
    assert share((other, 3)) == ["other", "stored 3"]
    assert stored == ["big", 3]


def test_errors_of_a_task_are_the_errors_here(on_cluster):
    with pytest.raises(UserError, match=r"^nowhere\.yaml is missing$"):
        workers.run(params.read, [(Path("nowhere.yaml"),)] * 3, workers=1)
    with pytest.raises(ZeroDivisionError):
        workers.run(divmod, [(1, 0)] * 3, workers=1)


def test_a_worker_without_a_package_is_one_clear_line(on_cluster, monkeypatch):
    module = types.ModuleType("only_here")
    exec("def work(number): return number", module.__dict__)
    monkeypatch.setitem(sys.modules, "only_here", module)
    with pytest.raises(UserError, match=r"^a worker of the cluster lacks the package only_here; pip install"):
        workers.run(module.work, [(1,), (2,)], workers=1)


def test_a_worker_with_another_version_is_one_clear_line(on_cluster, monkeypatch):
    here = ray_tasks.versions() | {"numpy": "1.0"}
    monkeypatch.setattr(ray_tasks, "versions", lambda: here)
    with pytest.raises(UserError, match=r"^numpy on the worker \S+ is another than on the machine that shares out"):
        workers.run(abs, [(1,), (2,)], workers=1)


def test_work_that_kills_every_worker_ends_in_one_clear_line(on_cluster, monkeypatch):
    monkeypatch.setattr(ray_tasks, "ATTEMPTS", 1)
    with pytest.raises(UserError, match=r"^the cluster lost the same work 1 times; the last time: The worker died"):
        workers.run(os._exit, [(1,), (2,)], workers=1)


def test_work_that_misses_what_another_process_held_ends_in_one_clear_line(on_cluster):
    def work(_):
        from ray.exceptions import ObjectLostError

        raise ObjectLostError("00ff", None, "")

    with pytest.raises(UserError, match=r"^the cluster lost what the work needs: Failed to retrieve"):
        workers.run(work, [(1,), (2,)], workers=1)


def test_versions_of_ray_and_python_that_differ_are_one_clear_line():
    from ray._private.utils import check_version_info

    with pytest.raises(RuntimeError) as raised:
        check_version_info({"ray_version": "2.1.0", "python_version": "3.10.1"}, "this process", raise_on_mismatch=True)
    line = ray_tasks._why_not_connected("head:6379", str(raised.value))
    assert line.startswith("the cluster at RAY_ADDRESS=head:6379 runs Ray 2.1.0 and Python 3.10.1, this machine Ray ")


def answer(listener, says):
    with listener, contextlib.suppress(OSError):
        listener.accept()[0].close()  # the first one only connects
        with listener.accept()[0] as connection:
            if connection.recv(100):
                connection.sendall(says)
            while connection.recv(100):
                pass


def server(says):
    listener = socket.create_server((clusters.LOOPBACK, 0))
    threading.Thread(target=answer, args=[listener, says], daemon=True).start()
    return f"{clusters.LOOPBACK}:{listener.getsockname()[1]}"


def another_server():
    return server(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def silent_server():
    return server(b"")


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (lambda: "127.0.0.2:1", "Connection refused"),
        (lambda: "host.invalid:6379", ""),
        (lambda: "host..invalid:6379", ""),
        (another_server, "what answers there is no Ray"),
        (lambda: f"ray://{another_server()}", "what answers there is no Ray"),
        (silent_server, "no answer within 3 seconds"),
        (lambda: "nonsense", "an address is HOST:PORT"),
        (lambda: "127.0.0.2:6379 ", "an address is HOST:PORT"),
        (lambda: "127.0.0.2:99999999", ""),
    ],
    ids=["refused", "unknown", "no host", "another", "another for clients", "silent", "nonsense", "space", "no port"],
)
def test_a_bad_address_is_one_clear_line_within_seconds(address, reason):
    program = "from signs.core import workers\nworkers.run(abs, [(1,), (2,)], workers=1)"
    environment = os.environ | {"RAY_ADDRESS": address()}
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert time.monotonic() - begun < 15
    last = done.stderr.splitlines()[-1]
    assert last.startswith("signs.core.errors.UserError: no Ray cluster ")
    assert reason in last


def test_without_an_address_nothing_of_ray_is_loaded():
    program = (
        "import sys; from signs.core import workers; workers.run(abs, [(1,), (2,)], 1); sys.exit('ray' in sys.modules)"
    )
    environment = {key: value for key, value in os.environ.items() if key != "RAY_ADDRESS"}
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, check=True)


def test_without_ray_the_address_is_one_clear_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)  # as Python does where an import is to fail
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    with pytest.raises(
        UserError, match=r"^Ray is not installed, and RAY_ADDRESS asks for it; pip install '\.\[cluster\]'"
    ):
        workers.run(abs, [(1,), (2,)], workers=1)


def test_a_node_killed_at_work_changes_no_byte(cluster, on_cluster, monkeypatch):
    with clusters.killed_at_work(cluster):
        shared = rendered(count=3000)
    monkeypatch.delenv("RAY_ADDRESS")
    assert shared == rendered(count=3000)

"""The stage `train` on a cluster: nodes of this machine, in processes of their own."""

import hashlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from benchmarks.project import change, environment
from signs.core import ray_tasks
from signs.core.errors import UserError
from signs.data import classes, datasets
from signs.data.datasets import DataSet
from signs.data.splits import Split
from signs.training import checkpoints, team
from tests.stripes import settings, stripes

pytest.importorskip("ray")
pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[2]
COMMAND = ["python", "-m", "stages", "train", "data", "models/original", "history.csv"]
HOST = "127.0.0.2"  # Ray takes 127.0.0.1 for the address of this machine in its network
RAY = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled"}
NODE = {"node_ip_address": HOST, "include_dashboard": False, "object_store_memory": 80 * 2**20}
EPOCHS, WORKER = 8, "ray::_Worker"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project with a small data set."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("signs", "stages"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("params.yaml", "requirements.lock"):
        shutil.copy(ROOT / name, folder)
    splits = []
    for seed, count in enumerate((400, 60, 60)):
        features, indices = stripes(count, seed)
        splits.append(Split(features.clip(-1, 1)[..., np.newaxis], indices))
    datasets.write(folder / "data", DataSet(*splits, classes.classes_from_labels(splits[0].labels)))
    change(folder, "train", epochs=EPOCHS, batch_size=4, shards=2)
    return folder


@pytest.fixture(scope="module")
def cluster():
    """A node without CPUs, to which others are added; nothing is left of them."""
    before = {process.pid for process in of_ray()}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in RAY.items():
            patch.setenv(name, value)
        from ray.cluster_utils import Cluster

        made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **NODE})
        yield made
        made.shutdown()
    assert ends(lambda: {process.pid for process in of_ray()} <= before)


def of_ray(name="ray"):
    """The processes of Ray that this one started."""
    found = psutil.Process().children(recursive=True)
    return [process for process in found if process.status() != psutil.STATUS_ZOMBIE and name in command_of(process)]


def command_of(process):
    try:
        return " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return ""


def ends(condition, seconds=30):
    """Whether a condition holds before long."""
    until = time.monotonic() + seconds
    while not (holds := condition()) and time.monotonic() < until:
        time.sleep(0.05)
    return holds


def started(project, address=None):
    own = RAY | ({"RAY_ADDRESS": address} if address else {})
    return subprocess.Popen(
        COMMAND, cwd=project, env=environment() | own, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def trained(project, address=None):
    """What a training prints, and digests of its result, which is then removed."""
    return result(project, started(project, address))


def result(project, running):
    out, errors = running.communicate(timeout=200)
    assert running.returncode == 0, out + errors
    files = [project / "history.csv", *sorted((project / "models/original").iterdir())]
    found = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    for folder in ("models", "logs"):
        shutil.rmtree(project / folder)
    return out + errors, found


def after_epochs(project, epochs):
    """Waits until a checkpoint holds so many epochs."""
    states = project.glob
    assert ends(lambda: any(rows(path) > epochs for path in states("logs/original/state-*")), 200)


def rows(path):
    state = checkpoints.read(path)
    return len(state.history) if state else 0


@pytest.fixture(scope="module")
def expected(project):
    """The digests of a training in one process."""
    return trained(project)[1]


def test_a_training_gives_the_bytes_of_one_process_though_a_node_is_killed_and_another_comes(
    project, expected, cluster
):
    nodes = [cluster.add_node(num_cpus=1, **NODE) for _ in range(2)]
    running = started(project, cluster.address)
    after_epochs(project, 1)
    for node in nodes:
        cluster.remove_node(node, allow_graceful=False)
    added = cluster.add_node(num_cpus=2, **NODE)
    said, digests = result(project, running)
    assert "the epoch starts again" in said
    assert digests == expected
    assert ends(lambda: not of_ray(WORKER))
    cluster.remove_node(added)


def test_a_training_goes_on_with_the_nodes_that_are_left(project, expected, cluster):
    killed, left = [cluster.add_node(num_cpus=1, **NODE) for _ in range(2)]
    running = started(project, cluster.address)
    after_epochs(project, 1)
    cluster.remove_node(killed, allow_graceful=False)
    said, digests = result(project, running)
    assert "the epoch starts again" in said
    assert digests == expected
    cluster.remove_node(left)


def test_why_a_worker_cannot_begin_is_told(project, cluster, monkeypatch):
    node = cluster.add_node(num_cpus=1, **NODE)
    monkeypatch.setenv("RAY_ADDRESS", cluster.address)
    try:
        with team.of_cluster(project / "nowhere", settings()) as epoch, pytest.raises(UserError, match=r"/nowhere"):
            epoch(1, [])
    finally:
        ray_tasks.load().shutdown()
    cluster.remove_node(node)


def test_after_the_stage_is_killed_no_worker_is_left_and_one_process_goes_on(project, expected, cluster):
    node = cluster.add_node(num_cpus=1, **NODE)
    running = started(project, cluster.address)
    after_epochs(project, 1)
    assert of_ray(WORKER)
    os.kill(running.pid, signal.SIGKILL)
    running.communicate()
    assert ends(lambda: not of_ray(WORKER))
    said, digests = trained(project)
    assert f" 1/{EPOCHS}" not in said
    assert digests == expected
    cluster.remove_node(node)


def test_a_cluster_that_is_not_there_ends_the_stage_in_one_line(project):
    running = started(project, f"{HOST}:9")
    _, errors = running.communicate(timeout=200)
    *_, line = errors.splitlines()
    assert running.returncode == 1
    assert line.startswith(f"train: no Ray cluster answers at RAY_ADDRESS={HOST}:9: Connection refused; ")

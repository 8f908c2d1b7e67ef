"""A Ray cluster on this machine: two nodes of one core each, real processes, on the loopback interface alone."""

import os
import threading
import time
from contextlib import contextmanager

import psutil

LOOPBACK = "127.0.0.2"  # 127.0.0.1 Ray replaces by the address of the machine
NODE = {"node_ip_address": LOOPBACK, "num_cpus": 1, "object_store_memory": 100 * 2**20, "include_dashboard": False}


@contextmanager
def of_two_nodes():
    """The cluster, which has an `address`. None of its processes is left at the end."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args=NODE)
    try:
        cluster.add_node(**NODE)
        cluster.wait_for_nodes()
        yield cluster
    finally:
        started = [process for node in cluster.list_all_nodes() for process in processes_of(node)]
        ray.shutdown()
        cluster.shutdown()
        left = psutil.wait_procs(started, timeout=20)[1]
        assert not left, left


def processes_of(node):
    started = [psutil.Process(entry.process.pid) for kind in node.all_processes.values() for entry in kind]
    return [*started, *(child for process in started for child in process.children(recursive=True))]


@contextmanager
def killed_at_work(cluster, title="ray::_call"):
    """Kills the second node once a process of this name works there. What it had started must end by itself."""
    node = next(node for node in cluster.list_all_nodes() if node is not cluster.head_node)
    raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
    ended = []

    def wait_and_kill():
        while not any(is_called(process, title) for process in raylet.children(recursive=True)):
            time.sleep(0.01)
        ended.extend([raylet, *raylet.children(recursive=True)])
        raylet.kill()

    threading.Thread(target=wait_and_kill, daemon=True).start()
    yield
    assert ended, "the work was done before the node could be killed"
    left = psutil.wait_procs(ended, timeout=20)[1]
    assert not left, left
    cluster.remove_node(node, allow_graceful=False)
    cluster.add_node(**NODE)


def is_called(process, title):
    try:
        return title in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False

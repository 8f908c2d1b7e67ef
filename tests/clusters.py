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

    before = set(psutil.Process().children(recursive=True))
    cluster = Cluster(initialize_head=True, head_node_args=NODE)
    try:
        cluster.add_node(**NODE)
        cluster.wait_for_nodes()
        yield cluster
    finally:
        started = set(psutil.Process().children(recursive=True)) - before
        ray.shutdown()
        cluster.shutdown()
        left = psutil.wait_procs(started, timeout=20)[1]
        assert not left, left


def second_node(cluster):
    return next(node for node in cluster.list_all_nodes() if node is not cluster.head_node)


def kill(node):
    """Kills a node as a power cut does. Returns its processes."""
    raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
    processes = [raylet, *raylet.children(recursive=True)]
    for process in processes:
        process.kill()
    return processes


@contextmanager
def killed_at_work(cluster, title="ray::_call"):
    """Kills the second node once it works at a task of this name."""
    node = second_node(cluster)
    raylet = psutil.Process(node.all_processes["raylet"][0].process.pid)
    killed = []

    def wait_and_kill():
        while not any(is_at(process, title) for process in raylet.children()):
            time.sleep(0.01)
        killed.extend(kill(node))

    thread = threading.Thread(target=wait_and_kill, daemon=True)
    thread.start()
    yield
    assert killed, "the work was done before the node could be killed"
    thread.join()
    assert not psutil.wait_procs(killed, timeout=20)[1]
    cluster.remove_node(node, allow_graceful=False)


def is_at(process, title):
    try:
        return title in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False

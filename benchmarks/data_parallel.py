"""One training on several workers: the time of a step, and a model of its cost for more machines.

`python -m benchmarks.data_parallel` measures on this machine, over loopback: workers in processes of their own against
one process with as many threads, and TensorFlow's all-gather against ours. No Ray: it only starts workers.
"""

import json
import multiprocessing
import os
import socket
import sys
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

COUNT, BATCH, REPEATS = 4096, 1024, 3
SHARDS = 2
NETWORK_BYTES, NETWORK_LATENCY = 1.25e9, 1e-4  # a second, of 10 Gbit/s; seconds, of a message
MACHINES = (1, 2, 4, 8, 16, 32, 64)


class Cost(NamedTuple):
    """What a step costs, in seconds: `compute` of all shards by one thread, `apply` of the sum by every worker.

    `bytes`: of the gradients.
    """

    compute: float
    apply: float
    bytes: int

    def step(self, workers: int, latency: float, bandwidth: float) -> float:
        """A step on so many workers with a shard each: each sends and receives two gradients, in two rounds.

        Every worker opens as many messages as there are others.
        """
        if workers == 1:
            return self.compute + self.apply
        moved = 2 * self.bytes * (workers - 1) / workers
        return self.compute / workers + self.apply + 2 * (latency + moved / 2 / bandwidth) + 4e-5 * (workers - 1)


def _parts(network: str, shards: int) -> tuple[Any, Any, Any]:
    from benchmarks.ours import _settings, built  # noqa: PLC0415  # in the worker's process
    from benchmarks.tasks import TASKS, images  # noqa: PLC0415
    from signs.networks.backend import make_deterministic  # noqa: PLC0415
    from signs.training import parts  # noqa: PLC0415
    from signs.training.step import Examples  # noqa: PLC0415

    make_deterministic(intra_op_threads=1, inter_op_threads=int(os.environ["INTER"]))
    examples = Examples(*images(TASKS[network].channels, COUNT))
    chosen = _settings(COUNT, BATCH, "none").model_copy(update={"shards": shards})
    return parts.build(built(network), examples, chosen, None), examples, chosen


def _best(function: Callable[[], object]) -> float:
    """Seconds of a step, in the best of some epochs after a first one."""
    seconds = []
    for _ in range(REPEATS + 1):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds[1:]) / (COUNT // BATCH)


def one_process(network: str, shards: int, found: Any) -> None:
    """A step in one process, each shard by a thread."""
    os.environ["INTER"] = str(shards)
    from signs.training import step  # noqa: PLC0415

    parts, examples, chosen = _parts(network, shards)
    run = step.epoch(parts.network, parts.optimizer, parts.loss, examples, chosen, parts.ema)
    found.put(_best(lambda: run(step.order_of_epoch(examples.indices, chosen, 1))))


def worker(network: str, shards: int, rank: int, workers: int, pipe: Any, found: Any) -> None:
    """A step by one of several workers; and the seconds of computing, exchanging and applying."""
    os.environ["INTER"] = "1"
    from signs.cluster.exchange import Exchange  # noqa: PLC0415
    from signs.cluster.replica import Replica  # noqa: PLC0415
    from signs.training.ema import values  # noqa: PLC0415

    parts, examples, chosen = _parts(network, shards)
    exchange = Exchange("127.0.0.1", b"benchmark")
    pipe.send(exchange.address)
    exchange.connect(rank, pipe.recv())
    replica = Replica(parts, examples, chosen, rank, workers, exchange if workers > 1 else None)
    before = values(parts.variables)
    spent: dict[str, float] = {}
    for name in ("gradients", "sums", "apply"):
        setattr(replica, name, _timed(getattr(replica, name), name, spent))

    def epoch() -> None:
        spent.clear()
        replica.epoch(1, before)

    seconds, steps = _best(epoch), COUNT // BATCH
    if rank == 0:
        size = 4 * sum(int(np.prod(weight.shape)) for weight in parts.network.trainable_variables)
        found.put((seconds, {name: total / steps for name, total in spent.items()}, size))


def _timed(function: Callable[..., Any], name: str, spent: dict[str, float]) -> Callable[..., Any]:
    def timed(*arguments: Any) -> Any:
        start = time.perf_counter()
        result = function(*arguments)
        spent[name] = spent.get(name, 0.0) + time.perf_counter() - start
        return result

    return timed


def of_tensorflow(size: int, rank: int, workers: int, pipe: Any, found: Any) -> None:  # noqa: ARG001
    """Seconds of an all-gather of a gradient of so many bytes from each, by MultiWorkerMirroredStrategy."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    pipe.send(port)
    cluster = {"worker": [f"127.0.0.1:{each}" for each in pipe.recv()]}
    os.environ["TF_CONFIG"] = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": rank}})
    from signs.networks.backend import tf  # noqa: PLC0415

    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    value = tf.random.uniform((1, size // 4))

    @tf.function
    def gather():
        return strategy.run(lambda: tf.distribute.get_replica_context().all_gather(value, axis=0))

    found.put(_best(lambda: [gather() for _ in range(COUNT // BATCH * 10)]) / 10)


def of_sockets(size: int, rank: int, workers: int, pipe: Any, found: Any) -> None:
    """Seconds of our two rounds with a gradient of so many bytes."""
    from signs.cluster.exchange import Exchange  # noqa: PLC0415

    exchange = Exchange("127.0.0.1", b"benchmark")
    pipe.send(exchange.address)
    exchange.connect(rank, pipe.recv())
    part = np.ones(size // 4 // workers, np.float32)
    others = [other for other in range(workers) if other != rank]

    def rounds() -> None:
        for _ in range(2 * 10 * (COUNT // BATCH)):
            exchange.swap(dict.fromkeys(others, part), {other: np.empty_like(part) for other in others})

    found.put(_best(rounds) / 10)


def in_processes(function: Callable[..., None], workers: int, *arguments: Any, linked: bool = True) -> Any:
    """Runs a function in processes, tells each the addresses of all, and returns what the first one found."""
    context = multiprocessing.get_context("spawn")
    found, pipes = context.Queue(), [context.Pipe() for _ in range(workers)]
    ends = [(rank, workers, pipe[1]) if linked else () for rank, pipe in enumerate(pipes)]
    running = [context.Process(target=function, args=(*arguments, *end, found)) for end in ends]
    for process in running:
        process.start()
    if linked:
        addresses = [pipe[0].recv() for pipe in pipes]
        for pipe in pipes:
            pipe[0].send(addresses)
    result = found.get(timeout=300)
    for process in running:
        process.join()
    return result


def report(network: str) -> None:
    """Prints what a network costs on this machine, and would cost on others."""
    single = {shards: in_processes(one_process, 1, network, shards, linked=False) for shards in (1, SHARDS)}
    print(
        f"{network}: batch {BATCH}; one process, 1 thread {1e3 * single[1]:.1f} ms a step, "
        f"{SHARDS} threads {1e3 * single[SHARDS]:.1f} ms"
    )
    costs = {}
    for workers in (1, 2):
        seconds, spent, size = in_processes(worker, workers, network, SHARDS)
        costs[workers] = spent
        split = ", ".join(f"{name} {1e3 * value:.1f}" for name, value in spent.items())
        print(
            f"{network}: {workers} workers {1e3 * seconds:.1f} ms a step ({split}); efficiency against one process of "
            f"{workers} threads {single[workers] / seconds:.2f}; gradients {size:,} bytes",
            flush=True,
        )
    cost = Cost(costs[1]["gradients"], costs[1]["apply"], size)
    for machines in MACHINES:
        seconds = cost.step(machines, NETWORK_LATENCY, NETWORK_BYTES)
        speedup = cost.step(1, 0, 1) / seconds
        print(
            f"{network}: {machines} machines, on paper: {1e3 * seconds:.1f} ms a step, {speedup:.1f} times as fast, "
            f"efficiency {speedup / machines:.2f}"
        )


def main() -> None:
    """Measures the networks that are named, or all."""
    for network in sys.argv[1:] or ("lenet", "convnet"):
        report(network)
    for size in (500_000, 2_000_000):
        ours = in_processes(of_sockets, 2, size)
        print(f"exchange of {size:,} bytes between 2 processes by sockets: {1e3 * ours:.2f} ms", flush=True)
        theirs = in_processes(of_tensorflow, 2, size)
        print(f"exchange of {size:,} bytes between 2 processes by TensorFlow: {1e3 * theirs:.2f} ms", flush=True)


if __name__ == "__main__":
    main()

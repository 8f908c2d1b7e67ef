"""What `signs serve` answers on loopback beside the same model in bulk, how long clients wait, and its memory."""

import io
import re
import selectors
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice

import numpy as np
import psutil
from PIL import Image

import signs
from benchmarks.results import arguments, machine, publish, table
from signs.core import processor
from signs.deployment.models import SHIPPED
from signs.deployment.predictor import Predictor

ROUNDS = 5
TASKS = ((1, 1), (16, 1), (64, 1), (1, 16), (16, 16))  # clients, images a request
REQUESTS = 10_000  # between two looks at the memory


@dataclass(frozen=True)
class Load:
    """Requests that were answered: how many images a second, and how long each request took, in seconds."""

    images_a_second: float
    latencies: list[float]


@contextmanager
def served() -> Iterator[tuple[int, psutil.Process]]:
    """Serves the shipped weights in a process of its own: its port, and the process."""
    command = [sys.executable, "-m", "signs", "serve", "--port", "0", "--model", str(SHIPPED[0])]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        found = re.search(r"http://[\d.]+:(\d+)", process.stderr.readline() if process.stderr else "")
        if not found:
            raise RuntimeError("the server does not start; signs serve says why")
        yield int(found[1]), psutil.Process(process.pid)
        process.terminate()


def request(images: np.ndarray) -> bytes:
    """An upload of images, uint8 RGB (n, height, width, 3): one as the body, more as a form."""
    if len(images) == 1:
        kind, body = "image/png", _png(images[0])
    else:
        kind = "multipart/form-data; boundary=X"
        part = b'--X\r\nContent-Disposition: form-data; name="images"; filename="a.png"\r\n\r\n'
        body = b"".join(part + _png(image) + b"\r\n" for image in images) + b"--X--\r\n"
    head = f"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _png(image: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def latencies(port: int, requests: list[bytes], clients: int, count: int) -> list[float]:
    """Sends `count` requests, each client one after the other, and returns how long each took, in seconds."""
    ahead = islice(cycle(requests), count)  # shared: a client takes the next
    taken: list[float] = []
    with selectors.DefaultSelector() as waiting:  # asyncio would take more of the cores

        def send(connection: socket.socket) -> None:
            content = next(ahead, None)
            if content is None:
                waiting.unregister(connection)
                connection.close()
                return
            waiting.modify(connection, selectors.EVENT_READ, (connection, time.perf_counter(), bytearray()))
            connection.sendall(content)

        for _ in range(clients):
            connection = socket.create_connection(("127.0.0.1", port))
            waiting.register(connection, selectors.EVENT_READ)
            send(connection)
        while waiting.get_map():
            for key, _ in waiting.select():
                connection, start, answer = key.data
                part = connection.recv(2**20)
                if not part:
                    raise RuntimeError("the server hung up")
                answer += part
                if is_whole(answer):
                    taken.append(time.perf_counter() - start)
                    send(connection)
    return taken


def is_whole(answer: bytearray) -> bool:
    """Whether an answer of the server has arrived to its end."""
    head, end, body = answer.partition(b"\r\n\r\n")
    if end and not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"the server refused an image: {body[:200]!r}")
    length = re.search(rb"content-length: (\d+)", head)
    return bool(end) and length is not None and len(body) == int(length[1])


def measured(port: int, images: np.ndarray, clients: int, together: int) -> Load:
    """Sends all images, `together` in a request."""
    requests = [request(images[start : start + together]) for start in range(0, len(images), together)]
    start = time.perf_counter()
    taken = latencies(port, requests, clients, len(requests))
    return Load(len(images) / (time.perf_counter() - start), taken)


def bulk(model: Predictor, images: np.ndarray) -> float:
    """Images a second of the model in this process."""
    start = time.perf_counter()
    model.predict(images)
    return len(images) / (time.perf_counter() - start)


def row(task: tuple[int, int], loads: list[Load], bulks: list[float]) -> tuple[str, ...]:
    """A row of the table: medians over rounds, and percentiles over all requests."""
    ratios = [load.images_a_second / peer for load, peer in zip(loads, bulks, strict=True)]
    middle, late = np.percentile([1000 * one for load in loads for one in load.latencies], [50, 99])
    speed = statistics.median(load.images_a_second for load in loads)
    ratio = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    return (*map(str, task), f"{speed:,.0f}", ratio, f"{middle:.1f}", f"{late:.1f}")


def growth(port: int, process: psutil.Process, images: np.ndarray, count: int) -> str:
    """Says how much memory the server holds before and after many requests."""
    requests = [request(image[np.newaxis]) for image in images[:200]]
    latencies(port, requests, 16, max(1, count // 10))  # what it needs once
    before = process.memory_info().rss
    latencies(port, requests, 16, count)
    after = process.memory_info().rss
    return f"Memory of the server before and after {count:,} requests: {before / 1e6:.1f} and {after / 1e6:.1f} MB."


def main() -> None:
    """Measures, and publishes the table."""
    chosen = arguments(__doc__).parse_args()
    count, rounds, many = (32, 2, 50) if chosen.quick else (1024, ROUNDS, REQUESTS)
    model = signs.load(SHIPPED[0])
    images = np.random.default_rng(1).integers(0, 256, (count, *model.size, 3), dtype=np.uint8)
    loads: dict[tuple[int, int], list[Load]] = {task: [] for task in TASKS}
    bulks = []
    with served() as (port, process):
        bulk(model, images), measured(port, images[:200], 16, 1)  # warms up both
        for _ in range(rounds):
            bulks.append(bulk(model, images))
            for task, found in loads.items():
                found.append(measured(port, images, *task))
        memory = growth(port, process, images, many)
    header = ("clients", "images a request", "images/s", "of the model in bulk: median (range)", "p50, ms", "p99, ms")
    rows = [row(task, found, bulks) for task, found in loads.items()]
    instructions = processor.instructions()
    said = machine(("numpy", "onnxruntime", "fastapi", "uvicorn"), instructions)
    own = f"The model in bulk, in a process of its own: {statistics.median(bulks):,.0f} images/s. {memory}"
    publish(chosen, "Serving", instructions, f"{table(header, rows)}\n\n{own} The clients share its cores.\n\n{said}")


if __name__ == "__main__":
    main()

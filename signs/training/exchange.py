"""Exchange of float32 arrays among the workers of a training, over TCP: each with all others."""

import hmac
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import NamedTuple

import numpy as np

CONNECT_SECONDS = 60


class Address(NamedTuple):
    """Where a worker can be reached."""

    host: str
    port: int


class Exchange:
    """The connections of one worker to all others.

    A worker that ends closes its connections, and then `swap` fails in all others.

    Args:
        host: Address of this machine, by which the others reach it.
        token: Secret of this training; who does not know it is not connected.
    """

    def __init__(self, host: str, token: bytes) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener, self.token = socket.create_server((host, 0), family=family, backlog=128), token
        self.address = Address(host, self.listener.getsockname()[1])
        self.peers: dict[int, socket.socket] = {}

    def connect(self, rank: int, addresses: Sequence[Address]) -> None:
        """Connects with all others: to those of lower rank, and those of higher rank to this one.

        Args:
            rank: Of this worker.
            addresses: Of all workers, by rank.
        """
        for other in range(rank):
            peer = socket.create_connection(addresses[other], CONNECT_SECONDS)
            peer.sendall(self.token + rank.to_bytes(4, "big"))
            self.peers[other] = peer
        while len(self.peers) < len(addresses) - 1:
            peer, _ = self.listener.accept()
            peer.settimeout(CONNECT_SECONDS)
            hello = bytearray(len(self.token) + 4)
            with suppress(OSError):
                _received(peer, hello)
            if hmac.compare_digest(hello[:-4], self.token):
                self.peers[int.from_bytes(hello[-4:], "big")] = peer
            else:
                peer.close()
        self.listener.close()
        for peer in self.peers.values():
            peer.settimeout(None)
            peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.senders = ThreadPoolExecutor(max(1, len(self.peers)))

    def swap(self, outgoing: dict[int, np.ndarray], incoming: dict[int, np.ndarray]) -> None:
        """Sends an array to each of the others and fills an array from each, all C-contiguous.

        Raises:
            ConnectionError: One of the others has ended.
        """
        sent = [self.senders.submit(self.peers[rank].sendall, _bytes(array)) for rank, array in outgoing.items()]
        for rank, array in incoming.items():
            _received(self.peers[rank], _bytes(array))
        for each in sent:
            each.result()

    def close(self) -> None:
        """Closes all connections."""
        for each in (self.listener, *self.peers.values()):
            each.close()


def _bytes(array: np.ndarray) -> memoryview:
    return array.data.cast("B")


def _received(peer: socket.socket, buffer: bytearray | memoryview) -> bytearray | memoryview:
    view = memoryview(buffer)
    while view:
        count = peer.recv_into(view)
        if not count:
            raise ConnectionError("another worker of this training ended")
        view = view[count:]
    return buffer

"""One file over HTTP, as it lies on the server: with limits of size, time and speed, since servers may be hostile."""

import threading
import time
from pathlib import Path
from typing import Any

import requests
import urllib3
from tqdm import tqdm

from signs.core.errors import UserError

TIMEOUT_SECONDS = 30  # without any byte
MAX_BYTES = 4 * 2**30
MAX_SECONDS = 6 * 3600
MIN_SPEED = 4096  # bytes a second, in every window
WINDOW_SECONDS = 60
FAILED = (requests.RequestException, urllib3.exceptions.HTTPError)
TEMPORARY_STATUSES = (408, 429)  # request timeout, too many requests: the only 4xx that deserve another attempt
REASONS: dict[type[Exception], str] = {  # the first that fits
    requests.exceptions.SSLError: "no secure connection; its certificate is not accepted",
    urllib3.exceptions.ReadTimeoutError: f"the transfer stalls: {TIMEOUT_SECONDS} seconds without a byte of the file",
    requests.Timeout: f"no answer within {TIMEOUT_SECONDS} seconds",
    requests.TooManyRedirects: "the server redirects without end",
    requests.ConnectionError: "no connection",
    ValueError: "this is no valid address",
}
BROKEN = "the connection breaks off before the end of the file"


def transfer(url: str, path: str, _pooch: Any = None) -> None:
    """Downloads a file, in a thread that can be given up: a server may send a byte a minute for ever.

    The signature is that of a downloader of pooch.

    Raises:
        UserError: The file is too large, comes too slowly, or is compressed for the transfer.
        FAILED: One of these: there is no connection, it breaks off, or the server sends no such file.
    """
    thread = _Transfer(url, Path(path))
    thread.start()
    try:
        _watch(thread)
    finally:
        thread.is_stopped = True
    if thread.error:
        raise thread.error


def is_final(error: Exception) -> bool:
    """Whether another attempt would fail, too: there is no such file, or the address is invalid."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return 400 <= error.response.status_code < 500 and error.response.status_code not in TEMPORARY_STATUSES
    return isinstance(error, ValueError)


def reason(error: Exception) -> str:
    """Why a transfer failed, in words that hold nothing of the address: it may hold a password."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answers {error.response.status_code} {error.response.reason}"
    return next((text for kind, text in REASONS.items() if isinstance(error, kind)), BROKEN)


def _watch(thread: "_Transfer") -> None:
    start = last = time.monotonic()
    received = 0
    while thread.is_alive():
        thread.join(0.1)
        now = time.monotonic()
        if now - start > MAX_SECONDS:
            raise UserError(f"it is not there after {MAX_SECONDS:,} seconds")
        if now - last > WINDOW_SECONDS:
            if thread.received - received < MIN_SPEED * WINDOW_SECONDS:
                raise UserError(f"it comes with less than {MIN_SPEED:,} bytes a second")
            last, received = now, thread.received


class _Transfer(threading.Thread):
    """Downloads `url` to `path`; `received` counts the bytes, and `error` is why it failed."""

    def __init__(self, url: str, path: Path) -> None:
        super().__init__(daemon=True)
        self.url, self.path = url, path
        self.received, self.error, self.is_stopped = 0, None, False  # type: int, Exception | None, bool

    def run(self) -> None:
        try:
            # Uncompressed: some bytes of gzip can hold gigabytes.
            headers = {"Accept-Encoding": "identity"}
            with requests.get(self.url, stream=True, timeout=TIMEOUT_SECONDS, headers=headers) as response:
                response.raise_for_status()
                self._save(response)
        except Exception as error:  # the caller raises it
            self.error = error

    def _save(self, response: requests.Response) -> None:
        size = _declared_size(response)
        with self.path.open("wb") as file, tqdm(total=size, unit="B", unit_scale=True, leave=True) as bar:
            while not self.is_stopped and (content := response.raw.read1(2**16)):
                file.write(content)
                bar.update(len(content))
                self.received += len(content)
                _check_size(self.received)
        if size is not None and self.received < size:
            raise urllib3.exceptions.ProtocolError("cut off")


def _declared_size(response: requests.Response) -> int | None:
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding != "identity":
        raise UserError(f"the server sends it compressed ({encoding[:20]}), though asked not to")
    length = response.headers.get("Content-Length", "")
    size = int(length) if length.isascii() and length.isdecimal() else None
    _check_size(size or 0)
    return size


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise UserError(f"it has {size:,} bytes or more; at most {MAX_BYTES:,} are downloaded")

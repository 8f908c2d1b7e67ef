"""Images that need not fit in memory: like an array, but read or made when they are asked for."""

import dataclasses
import itertools
import os
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

BLOCK = 4096  # images at a time where a function takes them one by one


@dataclass(frozen=True)
class Shards:
    """Images in several parts. Indexing gives arrays, with the images at one or several positions.

    Attributes:
        shape: (n, height, width, channels).
        dtype: uint8 or float32.
        part: Images of one, at most; the last one may have fewer.
        take: Gives the images at these positions, int64 (k,), in their order.
    """

    shape: tuple[int, ...]
    dtype: np.dtype
    part: int
    take: Callable[[np.ndarray], np.ndarray]

    @property
    def ndim(self) -> int:
        """Axes of the images."""
        return len(self.shape)

    def __len__(self) -> int:
        """Number of images."""
        return self.shape[0]

    def __getitem__(self, key: Any) -> np.ndarray:
        """The images at a position, a slice, positions or where a mask is true, as one array."""
        if isinstance(key, slice):
            return self.take(np.arange(*key.indices(len(self))))
        rows = np.arange(len(self))[key]
        return self.take(rows) if rows.ndim else self.take(rows[np.newaxis])[0]


Images = np.ndarray | Shards


def selected(images: Images, rows: Any) -> Images:
    """The images at these positions, or where this mask is true; of shards they are taken when they are asked for."""
    if isinstance(images, np.ndarray):
        return images[rows]
    chosen = np.arange(len(images))[rows]
    return Shards((len(chosen), *images.shape[1:]), images.dtype, images.part, lambda at: images.take(chosen[at]))


def mapped(images: Images, function: Callable[[np.ndarray], np.ndarray]) -> Images:
    """Applies a function of image by image; to shards when they are asked for."""
    if isinstance(images, np.ndarray):
        return function(images)
    one = function(images[:1])
    return Shards((len(images), *one.shape[1:]), one.dtype, images.part, lambda at: function(images.take(at)))


def joined(parts: Sequence[Images]) -> Images:
    """All images, in order; an array if all parts are arrays."""
    arrays = [part for part in parts if isinstance(part, np.ndarray)]
    if len(arrays) == len(parts):
        return np.concatenate(arrays)
    ends = np.cumsum([len(part) for part in parts])
    shape, dtype = parts[0].shape[1:], parts[0].dtype

    def take(rows: np.ndarray) -> np.ndarray:
        found, part = np.empty((len(rows), *shape), dtype), np.searchsorted(ends, rows, side="right")
        order = np.argsort(part, kind="stable")
        for own in np.split(order, np.flatnonzero(np.diff(part[order])) + 1) if len(rows) else ():
            number = part[own[0]]
            found[own] = parts[number][rows[own] - (ends[number] - len(parts[number]))]
        return found

    largest = max(images.part for images in parts if isinstance(images, Shards))
    return Shards((int(ends[-1]), *shape), dtype, largest, take)


def stored(path: Path, offset: int, shape: tuple[int, ...], dtype: np.dtype, part: int | None = None) -> Shards:
    """Images that lie in a file from `offset` on, in C order; they are one part, or parts of so many."""

    def take(rows: np.ndarray) -> np.ndarray:
        # Mapped anew each time, and no more than is needed: so memory, and what `ulimit -v` counts, stay bounded.
        first, last = (int(rows.min()), int(rows.max())) if len(rows) else (0, -1)
        start = offset + first * one
        if last < first:
            return np.empty((0, *shape[1:]), dtype)
        window = np.memmap(path, dtype, "r", start, (last - first + 1, *shape[1:]))
        return np.asarray(window[rows - first])

    one, path = int(np.prod(shape[1:])) * dtype.itemsize, path.absolute()  # a task may run elsewhere
    return Shards(shape, dtype, part or max(1, shape[0]), take)


def evenly(images: Images, count: int) -> np.ndarray:
    """All images, or this many of them if there are more, evenly spaced; in memory."""
    rows = np.linspace(0, len(images) - 1, count).round().astype(int)
    return images[:] if len(images) <= count else images[rows]


def blocks(images: Images, size: int = BLOCK) -> Iterator[np.ndarray]:
    """All images, this many at a time; of no images, one empty block."""
    for start in range(0, max(1, len(images)), size):
        yield images[start : start + size]


def collected(batches: Iterable[np.ndarray], shape: tuple[int, ...], dtype: Any, part: int | None) -> Images:
    """Images that come batch by batch, (n, ...) of `shape`: an array, or where `part` is given, shards on disk.

    These lie in a temporary file without a name, in the folder that `TMPDIR` names.
    """
    made = np.empty(shape, dtype) if part is None else _Spool(shape, dtype, part)
    start = 0
    for batch in batches:
        made[start : start + len(batch)] = batch
        start += len(batch)
    return made.images() if isinstance(made, _Spool) else made


def stacked(images: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
    """Batches, (n, ...), of images that come one by one."""
    rest = iter(images)
    while block := list(itertools.islice(rest, BLOCK)):
        yield np.stack(block)


def path_of(file: Any) -> Path:
    """A path by which this process and its workers can open an open file that has no name."""
    return Path(f"/proc/{os.getpid()}/fd/{file.fileno()}")


def kept_open(images: Shards, file: Any) -> Shards:
    """The same images; `file` stays open as long as they are used, and then is closed."""

    def take(rows: np.ndarray) -> np.ndarray:
        return images.take(rows)

    weakref.finalize(take, file.close)
    return dataclasses.replace(images, take=take)


class _Spool:
    """A temporary file of images, written from the first to the last."""

    def __init__(self, shape: tuple[int, ...], dtype: Any, part: int) -> None:
        self.file = tempfile.TemporaryFile()  # noqa: SIM115  # open as long as the images are used
        self.shape, self.dtype, self.part = shape, np.dtype(dtype), part

    def __setitem__(self, rows: slice, images: np.ndarray) -> None:
        self.file.write(np.ascontiguousarray(images, self.dtype).data)

    def images(self) -> Shards:
        self.file.flush()
        return kept_open(stored(path_of(self.file), 0, self.shape, self.dtype, self.part), self.file)

"""Copies across splits: images of one split that another split holds too, exactly or nearly."""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import scipy.fft

from signs.data import pixels

MAX_SIDE = 64  # pixels; larger images are shrunk before they are compared
FREQUENCIES = 8  # per side, lowest first
CANDIDATES = 8  # per image, most similar first
CANDIDATE_SIMILARITY = 0.95  # of amplitudes
SHIFT = 1  # pixels, in each direction
MARGIN = 2  # pixels left out at the edges, where a shift brings in new ones
MAX_GAIN = 1.35  # factor between the contrasts of two copies
BLOCK = 512  # images at a time


class Prepared(NamedTuple):
    """What comparing images takes.

    Attributes:
        digests: Of the stored bytes.
        pictures: Grey, large ones shrunk, uint8 (n, rows, columns).
        amplitudes: See `_amplitudes`.
        contrast: Standard deviation of the pixels within the margins, float32 (n,).
    """

    digests: list[bytes]
    pictures: np.ndarray
    amplitudes: np.ndarray
    contrast: np.ndarray


class Copies(NamedTuple):
    """For each image of a split its copy in another split.

    Attributes:
        position: Of the copy in the other split, -1 for none, int64 (n,).
        similarity: Correlation of the pixels, 1 for an exact copy, 0 for none, float64 (n,).
        exact: Whether all bytes are the same, bool (n,).
    """

    position: np.ndarray
    similarity: np.ndarray
    exact: np.ndarray

    @property
    def near(self) -> np.ndarray:
        """Whether it has a copy that is not exact: bool (n,)."""
        return (self.position >= 0) & ~self.exact


def prepare(features: np.ndarray) -> Prepared:
    """Computes what `find` compares, once for all comparisons.

    Args:
        features: uint8 (n, height, width, 1 or 3), at least one image.
    """
    pictures = _pictures(features)
    inner = _inner(*pictures.shape[1:])
    amplitudes, contrast = [], []
    for start in range(0, len(pictures), BLOCK):
        block = pictures[start : start + BLOCK].astype(np.float32)
        amplitudes.append(_amplitudes(block))
        contrast.append(block[:, *inner].std(axis=(1, 2)))
    return Prepared(list(map(_digest, features)), pictures, np.concatenate(amplitudes), np.concatenate(contrast))


def find(queries: Prepared, others: Prepared, similarity: float) -> Copies:
    """Finds for each image the most similar copy among others.

    A near-copy is the same picture shifted by a pixel, or a little brighter or darker: the correlation of its pixels
    is at least `similarity`. To save time, amplitudes of low spatial frequencies, which a shift keeps, select a few
    candidates of about the same contrast, and pixels are compared with these only.

    Args:
        queries: Images that may be copies.
        others: Images of the same shape that they may be copies of.
        similarity: Minimum correlation of the pixels, 0-1.
    """
    exact = _exact(queries.digests, others.digests)
    position, best = exact.copy(), np.where(exact >= 0, 1.0, 0.0)
    for rows, columns in _candidates(queries, others, np.flatnonzero(exact < 0)):
        found = _correlations(queries.pictures, others.pictures, rows, columns)
        similar = np.flatnonzero(found >= similarity)
        ascending = similar[np.argsort(found[similar], kind="stable")]  # the best copy of an image is written last
        position[rows[ascending]], best[rows[ascending]] = columns[ascending], found[ascending]
    return Copies(position, best, exact >= 0)


def _exact(queries: list[bytes], others: list[bytes]) -> np.ndarray:
    """The first of the others with the same digest, -1 for none: int64 (n,)."""
    first = {digest: position for position, digest in reversed(list(enumerate(others)))}
    return np.array([first.get(digest, -1) for digest in queries], dtype=np.int64)


def _digest(image: np.ndarray) -> bytes:
    return hashlib.blake2b(image.tobytes(), digest_size=16).digest()


def _pictures(features: np.ndarray) -> np.ndarray:
    grey = pixels.grey(features)
    scale = MAX_SIDE / max(grey.shape[1:3])
    if scale < 1:
        height, width = (max(1, round(length * scale)) for length in grey.shape[1:3])
        grey = np.stack([pixels.resize(image, height, width) for image in grey])
    return grey[..., 0]


def _windows(height: int, width: int) -> list[tuple[slice, slice]]:
    """Rows and columns of a picture without its margins at every shift, the one without a shift in the middle."""
    margin = max(0, min(MARGIN, (min(height, width) - 2) // 2))
    shifts = range(-min(SHIFT, margin), min(SHIFT, margin) + 1)
    return [
        (slice(margin + down, height - margin + down), slice(margin + right, width - margin + right))
        for down in shifts
        for right in shifts
    ]


def _inner(height: int, width: int) -> tuple[slice, slice]:
    """Rows and columns of a picture without its margins."""
    windows = _windows(height, width)
    return windows[len(windows) // 2]


def _amplitudes(pictures: np.ndarray) -> np.ndarray:
    """Square roots of the amplitudes of low frequencies, centred, of length 1: float32 (n, frequencies)."""
    height, width = pictures.shape[1:]
    window = np.outer(*(np.hanning(length + 2)[1:-1] for length in (height, width))).astype(np.float32)
    spectrum = scipy.fft.rfft2((pictures - pictures.mean(axis=(1, 2), keepdims=True)) * window)
    low = np.unique(np.arange(1 - FREQUENCIES, FREQUENCIES) % height)  # of rows, negative frequencies too
    roots = np.sqrt(np.abs(spectrum[:, low, :FREQUENCIES])).reshape(len(pictures), -1)
    roots -= roots.mean(axis=1, keepdims=True)
    return roots / np.maximum(np.linalg.norm(roots, axis=1, keepdims=True), 1e-6)


def _candidates(queries: Prepared, others: Prepared, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields pairs that may be copies, as positions in both, for a block of `rows` of the queries at a time.

    In order of contrast, a block is compared only with the others of about the same contrast.
    """
    rows = rows[np.argsort(queries.contrast[rows], kind="stable")]
    order = np.argsort(others.contrast, kind="stable")
    contrast, amplitudes = others.contrast[order], others.amplitudes[order]
    buffer = np.empty(min(BLOCK, len(rows)) * len(order), dtype=np.float32)  # allocated once
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        own = queries.contrast[block]
        low = np.searchsorted(contrast, own[0] / MAX_GAIN)
        high = np.searchsorted(contrast, own[-1] * MAX_GAIN, side="right")
        similarity = buffer[: len(block) * (high - low)].reshape(len(block), high - low)
        np.matmul(queries.amplitudes[block], amplitudes[low:high].T, out=similarity)
        row, column = np.divmod(np.flatnonzero(similarity > CANDIDATE_SIMILARITY), max(1, high - low))
        first, second = own[row], contrast[low + column]
        is_near = (first <= MAX_GAIN * second) & (second <= MAX_GAIN * first)
        row, column = row[is_near], column[is_near]
        chosen = _lowest(row, -similarity[row, column])
        if len(chosen):
            yield block[row[chosen]], order[low + column[chosen]]


def _lowest(groups: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """The positions of the `CANDIDATES` lowest keys of each group, lowest first."""
    order = np.lexsort((keys, groups))
    rank = np.arange(len(order)) - np.searchsorted(groups[order], groups[order])
    return order[rank < CANDIDATES]


def _correlations(pictures: np.ndarray, others: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The highest correlation of each pair over small shifts: float64 (pairs,), 0-1."""
    own_rows, row = np.unique(rows, return_inverse=True)
    other_rows, column = np.unique(columns, return_inverse=True)
    fixed = _unit(pictures[own_rows][:, *_inner(*pictures.shape[1:])])[row]
    best, moving = np.zeros(len(rows)), others[other_rows]
    for window in _windows(*pictures.shape[1:]):
        best = np.maximum(best, np.vecdot(fixed, _unit(moving[:, *window])[column]))
    return best.clip(0, 1)


def _unit(pictures: np.ndarray) -> np.ndarray:
    """The pixels of each picture, centred and of length 1, or all 0: float32 (n, pixels)."""
    flat = pictures.reshape(len(pictures), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return flat

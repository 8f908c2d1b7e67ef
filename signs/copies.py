"""Copies across splits: images of one split that another one holds too, exactly or nearly."""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from signs import images

LONGEST_SIDE = 64  # pixels; larger images are shrunk before they are compared
FREQUENCIES = 8  # a side, lowest first
CANDIDATES = 8  # an image, most alike first
CANDIDATE_LIKENESS = 0.95
SHIFT = 1  # pixels, each way
MARGIN = 2  # pixels left out at the edges, which a shift brings in
GAIN = 1.35  # a copy's contrast is at most so many times the other's
BLOCK = 512  # images at a time


class Copies(NamedTuple):
    """For each image of a split the copy that another split holds.

    `position`: int64 (n,), of the copy in the other split, -1 where there is none.
    `similarity`: float64 (n,), correlation of the pixels, 1 for an exact copy, 0 for none.
    `exact`: bool (n,), whether all bytes are the same.
    """

    position: np.ndarray
    similarity: np.ndarray
    exact: np.ndarray

    @property
    def near(self) -> np.ndarray:
        """Whether it is a copy, but no exact one: bool (n,)."""
        return (self.position >= 0) & ~self.exact


def find(features: np.ndarray, others: np.ndarray, similarity: float) -> Copies:
    """Finds for each image the copy among others that is most alike.

    A near-copy is the same picture a pixel aside, or a little brighter or darker: its pixels correlate by
    `similarity` or more. Amplitudes of low spatial frequencies, which a shift leaves as they are, name a few
    candidates; their pixels decide.

    Args:
        features: (n, height, width, 1 or 3), uint8, at least one.
        others: (m, height, width, 1 or 3), uint8, at least one, of the same shape.
        similarity: Least correlation of pixels, 0-1.
    """
    exact = _exact(features, others)
    index, best = exact.copy(), np.where(exact >= 0, 1.0, 0.0)
    pictures, other_pictures = _pictures(features), _pictures(others)
    unlike = np.flatnonzero(exact < 0)
    if not len(unlike):
        return Copies(index, best, exact >= 0)
    for queries, columns in _candidates(_amplitudes(pictures[unlike]), _amplitudes(other_pictures)):
        rows = unlike[queries]
        found = _correlations(pictures[rows], other_pictures[columns])
        alike = np.flatnonzero(found >= similarity)
        ascending = alike[np.argsort(found[alike], kind="stable")]  # of an image's copies the best is written last
        index[rows[ascending]], best[rows[ascending]] = columns[ascending], found[ascending]
    return Copies(index, best, exact >= 0)


def _exact(features: np.ndarray, others: np.ndarray) -> np.ndarray:
    first: dict[bytes, int] = {}
    for position, image in enumerate(others):
        first.setdefault(_fingerprint(image), position)
    return np.array([first.get(_fingerprint(image), -1) for image in features], dtype=np.int64)


def _fingerprint(image: np.ndarray) -> bytes:
    return hashlib.blake2b(image.tobytes(), digest_size=16).digest()


def _pictures(features: np.ndarray) -> np.ndarray:
    grey = images.grey(features)
    scale = LONGEST_SIDE / max(grey.shape[1:3])
    if scale < 1:
        height, width = (max(1, round(length * scale)) for length in grey.shape[1:3])
        grey = np.stack([images.resize(image, height, width) for image in grey])
    return grey[..., 0]


def _amplitudes(pictures: np.ndarray) -> np.ndarray:
    """Square roots of the amplitudes of low frequencies, centred, of length 1: float32 (n, frequencies)."""
    window = np.outer(*(np.hanning(length + 2)[1:-1] for length in pictures.shape[1:])).astype(np.float32)
    result = []
    for start in range(0, len(pictures), BLOCK):
        block = pictures[start : start + BLOCK].astype(np.float32)
        block -= block.mean(axis=(1, 2), keepdims=True)
        spectrum = np.abs(np.fft.rfft2(block * window))
        low = np.concatenate([spectrum[:, :FREQUENCIES, :FREQUENCIES], spectrum[:, 1 - FREQUENCIES :, :FREQUENCIES]], 1)
        roots = np.sqrt(low.reshape(len(block), -1))
        roots -= roots.mean(axis=1, keepdims=True)
        length = np.linalg.norm(roots, axis=1, keepdims=True)
        result.append((roots / np.maximum(length, 1e-6)).astype(np.float32))
    return np.concatenate(result)


def _candidates(queries: np.ndarray, others: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Gives, a block of queries at a time, rows of `queries` and of `others` that may be copies."""
    room = np.empty((min(BLOCK, len(queries)), len(others)), dtype=np.float32)  # filled anew, not asked for anew
    for start in range(0, len(queries), BLOCK):
        block = queries[start : start + BLOCK]
        likeness = np.matmul(block, others.T, out=room[: len(block)])
        rows, columns = np.divmod(np.flatnonzero(likeness > CANDIDATE_LIKENESS), len(others))
        order = np.lexsort((-likeness[rows, columns], rows))
        rows, columns = rows[order], columns[order]
        rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
        if len(rows):
            yield start + rows[rank < CANDIDATES], columns[rank < CANDIDATES]


def _correlations(pictures: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The highest correlation over small shifts, 0 where contrasts are too far apart: float64 (n,)."""
    height, width = pictures.shape[1:]
    margin = max(0, min(MARGIN, (min(height, width) - 2) // 2))
    shifts = range(-min(SHIFT, margin), min(SHIFT, margin) + 1)
    fixed, deviation = _centred(pictures[:, margin : height - margin, margin : width - margin])
    best = np.zeros(len(pictures))
    for down in shifts:
        for right in shifts:
            rows, columns = slice(margin + down, height - margin + down), slice(margin + right, width - margin + right)
            moved, other_deviation = _centred(others[:, rows, columns])
            scale = deviation * other_deviation
            correlation = np.divide((fixed * moved).mean(axis=1), scale, out=np.zeros(len(scale)), where=scale > 0)
            alike = (deviation <= GAIN * other_deviation) & (other_deviation <= GAIN * deviation)
            best = np.maximum(best, np.where(alike, correlation, 0))
    return best.clip(0, 1)


def _centred(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    flat = pictures.reshape(len(pictures), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    return flat, np.sqrt(np.einsum("ij,ij->i", flat, flat, dtype=np.float64) / flat.shape[1])

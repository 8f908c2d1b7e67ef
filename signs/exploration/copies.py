"""Copies across splits: images of one split that another one holds too, exactly or nearly."""

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from signs.data import pixels

LONGEST_SIDE = 64  # pixels; larger images are shrunk before they are compared
FREQUENCIES = 8  # a side, lowest first
CANDIDATES = 8  # an image, most alike first
CANDIDATE_LIKENESS = 0.95
SHIFT = 1  # pixels, each way
MARGIN = 2  # pixels left out at the edges, which a shift brings in
GAIN = 1.35  # a copy's contrast is at most so many times the other's
BLOCK = 512  # images at a time


class Prepared(NamedTuple):
    """Images made ready to be compared with others.

    `features`: as stored, uint8 (n, height, width, 1 or 3). `pictures`: in grey, large ones shrunk, uint8 (n,
    rows, columns). `amplitudes`: see `_amplitudes`. `contrast`: standard deviation of the pixels within the
    margins, float32 (n,).
    """

    features: np.ndarray
    pictures: np.ndarray
    amplitudes: np.ndarray
    contrast: np.ndarray


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


def prepare(features: np.ndarray) -> Prepared:
    """Works out what `find` compares, once for all comparisons.

    Args:
        features: (n, height, width, 1 or 3), uint8, at least one.
    """
    pictures = _pictures(features)
    inner = _inner(*pictures.shape[1:])
    amplitudes, contrast = [], []
    for start in range(0, len(pictures), BLOCK):
        block = pictures[start : start + BLOCK].astype(np.float32)
        amplitudes.append(_amplitudes(block))
        contrast.append(block[:, *inner].std(axis=(1, 2)))
    return Prepared(features, pictures, np.concatenate(amplitudes), np.concatenate(contrast))


def find(queries: Prepared, others: Prepared, similarity: float) -> Copies:
    """Finds for each image the copy among others that is most alike.

    A near-copy is the same picture a pixel aside, or a little brighter or darker: its pixels correlate by
    `similarity` or more. Amplitudes of low spatial frequencies, which a shift leaves as they are, name a few
    candidates of about the same contrast; their pixels decide.

    Args:
        queries: Images that may be copies.
        others: Those that they may be copies of, of the same shape.
        similarity: Least correlation of pixels, 0-1.
    """
    exact = _exact(queries.features, others.features)
    position, best = exact.copy(), np.where(exact >= 0, 1.0, 0.0)
    for rows, columns in _candidates(queries, others, np.flatnonzero(exact < 0)):
        found = _correlations(queries.pictures, others.pictures, rows, columns)
        alike = np.flatnonzero(found >= similarity)
        ascending = alike[np.argsort(found[alike], kind="stable")]  # of an image's copies the best is written last
        position[rows[ascending]], best[rows[ascending]] = columns[ascending], found[ascending]
    return Copies(position, best, exact >= 0)


def _exact(features: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The first of the others that has the same bytes, -1 for none: int64 (n,)."""
    marks, other_marks = _marks(features), _marks(others)
    first: dict[bytes, int] = {}
    for position in np.flatnonzero(np.isin(other_marks, marks)).tolist():
        first.setdefault(_fingerprint(others[position]), position)
    found = np.full(len(features), -1, dtype=np.int64)
    for position in np.flatnonzero(np.isin(marks, other_marks)).tolist():
        found[position] = first.get(_fingerprint(features[position]), -1)
    return found


def _marks(features: np.ndarray) -> np.ndarray:
    """Eight bytes of each image as one number: where it differs, no fingerprint is needed; uint64 (n,)."""
    flat = features.reshape(len(features), -1)
    places = np.linspace(0, flat.shape[1] - 1, 8).astype(int)
    return np.ascontiguousarray(flat[:, places]).view(np.uint64)[:, 0]


def _fingerprint(image: np.ndarray) -> bytes:
    return hashlib.blake2b(image.tobytes(), digest_size=16).digest()


def _pictures(features: np.ndarray) -> np.ndarray:
    grey = pixels.grey(features)
    scale = LONGEST_SIDE / max(grey.shape[1:3])
    if scale < 1:
        height, width = (max(1, round(length * scale)) for length in grey.shape[1:3])
        grey = np.stack([pixels.resize(image, height, width) for image in grey])
    return grey[..., 0]


def _windows(height: int, width: int) -> list[tuple[slice, slice]]:
    """Rows and columns of a picture without its margins, at every shift; in the middle, at none."""
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
    centred = (pictures - pictures.mean(axis=(1, 2), keepdims=True)) * window
    # Products with the few waves asked for take a quarter of the time of a whole Fourier transform.
    across = _waves(width, np.arange(min(FREQUENCIES, width // 2 + 1)))
    down = _waves(height, np.unique(np.arange(1 - FREQUENCIES, FREQUENCIES) % height))
    rows = (centred @ across.view(np.float32)).view(np.complex64)  # (n, height, frequencies)
    roots = np.sqrt(np.abs(down.T @ rows)).reshape(len(pictures), -1)
    roots -= roots.mean(axis=1, keepdims=True)
    return roots / np.maximum(np.linalg.norm(roots, axis=1, keepdims=True), 1e-6)


def _waves(length: int, frequencies: np.ndarray) -> np.ndarray:
    """Waves of some frequencies, in turns over their length: complex64 (length, frequencies)."""
    return np.exp(-2j * np.pi / length * np.outer(np.arange(length), frequencies)).astype(np.complex64)


def _candidates(queries: Prepared, others: Prepared, rows: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Gives, for a block of `rows` of the queries at a time, pairs that may be copies: positions in both.

    In order of contrast, a block is compared with those others only that have about as much.
    """
    rows = rows[np.argsort(queries.contrast[rows], kind="stable")]
    order = np.argsort(others.contrast, kind="stable")
    contrast, amplitudes = others.contrast[order], others.amplitudes[order]
    room = np.empty(min(BLOCK, len(rows)) * len(order), dtype=np.float32)  # filled anew, not asked for anew
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        own = queries.contrast[block]
        low, high = np.searchsorted(contrast, own[0] / GAIN), np.searchsorted(contrast, own[-1] * GAIN, side="right")
        likeness = room[: len(block) * (high - low)].reshape(len(block), high - low)
        np.matmul(queries.amplitudes[block], amplitudes[low:high].T, out=likeness)
        row, column = np.divmod(np.flatnonzero(likeness > CANDIDATE_LIKENESS), max(1, high - low))
        first, second = own[row], contrast[low + column]
        is_near = (first <= GAIN * second) & (second <= GAIN * first)
        row, column = row[is_near], column[is_near]
        chosen = _lowest(row, -likeness[row, column])
        if len(chosen):
            yield block[row[chosen]], order[low + column[chosen]]


def _lowest(groups: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """The positions of the `CANDIDATES` lowest keys of each group, lowest first."""
    order = np.lexsort((keys, groups))
    rank = np.arange(len(order)) - np.searchsorted(groups[order], groups[order])
    return order[rank < CANDIDATES]


def _correlations(pictures: np.ndarray, others: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """The highest correlation over small shifts of each pair, by its positions in both: float64 (pairs,), 0-1."""
    asked, row = np.unique(rows, return_inverse=True)
    named, column = np.unique(columns, return_inverse=True)
    fixed, moving = _unit(pictures[asked][:, *_inner(*pictures.shape[1:])])[row], others[named]
    best = np.zeros(len(rows))
    for window in _windows(*pictures.shape[1:]):
        best = np.maximum(best, np.vecdot(fixed, _unit(moving[:, *window])[column]))
    return best.clip(0, 1)


def _unit(pictures: np.ndarray) -> np.ndarray:
    """The pixels of each picture, centred, of length 1, or all 0: float32 (n, pixels)."""
    flat = pictures.reshape(len(pictures), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-6)
    return flat

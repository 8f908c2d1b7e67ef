"""Splits: as they are given, and drawn by whole tracks where they are not."""

from collections import defaultdict

import numpy as np

from signs.data.datasets import SPLITS, Shares
from signs.sources.layouts import Entry
from signs.sources.tracks import keys, tracks

Parts = dict[str, list[Entry]]


def split(entries: list[Entry], ids: dict[str, int], *, track: str | None, shares: Shares, seed: int) -> Parts:
    """Divides images among train, valid and test. Splits that are given stay; a missing one is drawn from training.

    Args:
        entries: The images.
        ids: Id of each class by its name.
        track: Regular expression that tells tracks by file names.
        shares: Share of each class's tracks in each split that is drawn.
        seed: Seed of the draw. Each class is divided on its own.

    Returns:
        The images of each split, in order of class, path and box.
    """
    given = {entry.split for entry in entries} - {None}
    drawn = Shares(**_wanted(shares, given))
    pool = [entry for entry in entries if entry.split in (None, "train")]
    found = keys([entry.file for entry in pool], track) if drawn.train < 1 else {}
    by_class: dict[int, list[Entry]] = defaultdict(list)
    for entry in pool:
        by_class[ids[entry.name]].append(entry)
    parts: Parts = {name: [entry for entry in entries if entry.split == name != "train"] for name in SPLITS}
    for id, own in by_class.items():
        chosen = divide(tracks(own, found), drawn, np.random.default_rng([seed, id]))
        for name, part in zip(SPLITS, chosen, strict=True):
            parts[name] += part
    return {name: sorted(part, key=lambda entry: _place(entry, ids)) for name, part in parts.items()}


def divide(groups: list[list[Entry]], shares: Shares, rng: np.random.Generator) -> list[list[Entry]]:
    """Divides whole groups of images among train, valid and test. Training gets what rounding leaves."""
    order = [groups[i] for i in rng.permutation(len(groups))]
    valid = int(len(groups) * shares.valid + 1e-9)
    test = int(len(groups) * shares.test + 1e-9)
    parts = order[valid + test :], order[:valid], order[valid : valid + test]
    return [[entry for group in part for entry in group] for part in parts]


def _wanted(shares: Shares, given: set) -> dict[str, float]:
    """The shares of what is drawn: none of a split that is given."""
    valid, test = (0.0 if name in given else getattr(shares, name) for name in ("valid", "test"))
    return {"train": 1 - valid - test if given else shares.train, "valid": valid, "test": test}


def _place(entry: Entry, ids: dict[str, int]) -> tuple:
    return ids[entry.name], entry.file, entry.box or ()

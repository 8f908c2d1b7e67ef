"""Splits: as they are given, and drawn by whole tracks where they are not."""

import re
from collections import defaultdict
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import BeforeValidator

from signs.core.errors import UserError
from signs.data.datasets import SPLITS, Shares
from signs.sources.layouts import Entry
from signs.sources.tracks import keys, tracks

Parts = dict[str, list[Entry]]


class Fold(NamedTuple):
    """One of several parts of the training images, each of which validates once; `number` from 1 to `of`."""

    number: int
    of: int

    def of_tracks(self, order: Any) -> Any:
        """The part, of a sequence of tracks in an order that is the same for all folds."""
        return order[self.number - 1 :: self.of]


def _parsed(text: Any) -> Any:
    if text is None:
        return None
    found = re.fullmatch(r"([1-9]\d?)/([1-9]\d?)", text) if isinstance(text, str) else None
    number, of = map(int, found.groups()) if found else (0, 0)
    if not (of >= 2 and number <= of):
        raise ValueError("write 2/5 for the second of five folds, or nothing for none")
    return Fold(number, of)


Folding = Annotated[Fold | None, BeforeValidator(_parsed)]


def split(
    entries: list[Entry],
    ids: dict[str, int],
    *,
    track: str | None,
    shares: Shares,
    seed: int,
    fold: Fold | None = None,
) -> Parts:
    """Divides images among train, valid and test. Splits that are given stay; a missing one is drawn from training.

    Args:
        entries: The images.
        ids: Id of each class by its name.
        track: Regular expression that tells tracks by file names.
        shares: Share of each class's tracks in each split that is drawn.
        seed: Seed of the draw. Each class is divided on its own.
        fold: Validates in place of `shares.valid`; test is the same in all folds.

    Returns:
        The images of each split, in order of class, path and box.

    Raises:
        UserError: There is a fold, and a split for validation, too.
    """
    given = {entry.split for entry in entries} - {None}
    if fold and "valid" in given:
        raise UserError(
            "fetch.fold draws validation from training, and there are images for it already; keep one of both"
        )
    drawn = Shares(**_wanted(shares, given))
    pool = [entry for entry in entries if entry.split in (None, "train")]
    found = keys([entry.file for entry in pool], track) if drawn.train < 1 or fold else {}
    by_class: dict[int, list[Entry]] = defaultdict(list)
    for entry in pool:
        by_class[ids[entry.name]].append(entry)
    parts: Parts = {name: [entry for entry in entries if entry.split == name != "train"] for name in SPLITS}
    for id, own in by_class.items():
        chosen = divide(tracks(own, found), drawn, np.random.default_rng([seed, id]), fold)
        for name, part in zip(SPLITS, chosen, strict=True):
            parts[name] += part
    return {name: sorted(part, key=lambda entry: _place(entry, ids)) for name, part in parts.items()}


def divide(
    groups: list[list[Entry]], shares: Shares, rng: np.random.Generator, fold: Fold | None = None
) -> list[list[Entry]]:
    """Divides whole groups of images among train, valid and test. Training gets what rounding leaves."""
    order = [groups[i] for i in rng.permutation(len(groups))]
    valid = int(len(groups) * shares.valid + 1e-9)
    test = int(len(groups) * shares.test + 1e-9)
    in_test = order[valid : valid + test]
    others = order[:valid] + order[valid + test :]
    chosen = fold.of_tracks(range(len(others))) if fold else range(valid)
    in_train = [group for place, group in enumerate(others) if place not in chosen]  # a range knows that at once
    parts = in_train, [others[place] for place in chosen], in_test
    return [[entry for group in part for entry in group] for part in parts]


def _wanted(shares: Shares, given: set) -> dict[str, float]:
    """The shares of what is drawn: none of a split that is given."""
    valid, test = (0.0 if name in given else getattr(shares, name) for name in ("valid", "test"))
    return {"train": 1 - valid - test if given else shares.train, "valid": valid, "test": test}


def _place(entry: Entry, ids: dict[str, int]) -> tuple:
    return ids[entry.name], entry.file, entry.box or ()

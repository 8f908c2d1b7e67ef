"""How images are divided among splits."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signs.core.errors import UserError
from signs.data.datasets import SPLITS, Shares
from signs.sources import tracks
from signs.sources.layouts import Entry
from signs.sources.splitting import Fold, divide, split

SHARES = Shares(train=0.6, valid=0.2, test=0.2)
NAMES = st.lists(st.from_regex(r"[ab]{0,2}[0-9]{1,2}(_[0-9])?\.png", fullmatch=True), min_size=1, unique=True)


@given(
    names=NAMES,
    pattern=st.sampled_from([None, "", r"^\D*\d+", r"^(\D+)", r"_(\d)", r"x", r"(x)?a", r"\d*"]),
    shares=st.tuples(st.integers(0, 10), st.integers(0, 10)).filter(lambda pair: sum(pair) <= 10),
    seed=st.integers(0, 2**32 - 1),
)
def test_no_track_is_divided_and_none_is_lost(names, pattern, shares, seed):
    entries = [Entry(f"folder/{name}", "folder") for name in names]
    try:
        found = tracks.keys([entry.file for entry in entries], pattern)
    except UserError:  # it matches nothing
        found = {}
    groups = tracks.tracks(entries, found)
    valid, test = shares
    tenths = Shares(train=(10 - valid - test) / 10, valid=valid / 10, test=test / 10)
    parts = divide(groups, tenths, np.random.default_rng(seed))
    assert sorted(itertools.chain(*parts)) == sorted(entries)
    for group in groups:
        assert sum(bool(set(group) & set(part)) for part in parts) == 1
    sizes = [sum(group[0] in part for group in groups) for part in parts]
    assert sizes[1:] == [len(groups) * share // 10 for share in shares]


def entries(splits: dict[str | None, int]) -> list[Entry]:
    return [
        Entry(f"{part}/{name}/{i:02}_{frame}.png", name, part)
        for part, count in splits.items()
        for name in ("stop", "yield")
        for i in range(count)
        for frame in "ab"
    ]


def divided(splits: dict[str | None, int], **settings) -> dict[str, list[Entry]]:
    return split(entries(splits), {"stop": 0, "yield": 1}, **{"track": r"^\d+", "shares": SHARES, "seed": 1} | settings)


def test_splits_that_are_given_stay_as_they_are():
    parts = divided({"train": 3, "valid": 2, "test": 1})
    assert {name: {entry.split for entry in part} for name, part in parts.items()} == {name: {name} for name in SPLITS}
    assert {name: len(part) for name, part in parts.items()} == {"train": 12, "valid": 8, "test": 4}


@pytest.mark.parametrize("track", ["no such thing", "("])
def test_where_nothing_is_drawn_no_track_is_looked_for(track):
    assert divided({"train": 3, "valid": 2, "test": 1}, track=track)


@pytest.mark.parametrize(
    ("given_splits", "sizes"),
    [
        ({"train": 10, "test": 5}, {"train": 32, "valid": 8, "test": 20}),
        ({"train": 10, "valid": 5}, {"train": 32, "valid": 20, "test": 8}),
        ({"train": 10}, {"train": 24, "valid": 8, "test": 8}),
        ({None: 10}, {"train": 24, "valid": 8, "test": 8}),
    ],
)
def test_a_missing_split_gets_its_share_of_the_training_tracks(given_splits, sizes):
    parts = divided(given_splits)
    assert {name: len(part) for name, part in parts.items()} == sizes
    assert sorted(itertools.chain(*parts.values()), key=str) == sorted(entries(given_splits), key=str)
    held = {name: {entry.file[:-6] for entry in part} for name, part in parts.items()}
    assert not held["train"] & held["valid"]
    assert not held["train"] & held["test"]


def test_images_are_in_order_of_class_and_path():
    for part in divided({None: 10}).values():
        assert [(entry.name, entry.file) for entry in part] == sorted((entry.name, entry.file) for entry in part)


def test_each_track_of_training_validates_in_one_fold_and_test_is_the_same_in_all():
    folds = [divided({None: 10}, fold=Fold(number, 3)) for number in (1, 2, 3)]
    assert all(fold["test"] == divided({None: 10})["test"] for fold in folds)
    whole = sorted(entries({None: 10}))
    for fold in folds:
        assert sorted(entry for part in fold.values() for entry in part) == whole
        assert {entry.name for entry in fold["valid"]} == {"stop", "yield"}
    validated = [entry for fold in folds for entry in fold["valid"]]
    assert len(validated) == len(set(validated))
    assert sorted([*validated, *folds[0]["test"]]) == whole


def test_a_fold_keeps_a_test_split_that_is_given_and_refuses_a_given_validation():
    parts = divided({"train": 6, "test": 2}, fold=Fold(1, 2))
    assert [len(parts[name]) for name in SPLITS] == [12, 12, 8]
    with pytest.raises(
        UserError, match=r"fetch\.fold draws validation from training, and there are images for it already"
    ):
        divided({"train": 6, "valid": 2, "test": 2}, fold=Fold(1, 2))

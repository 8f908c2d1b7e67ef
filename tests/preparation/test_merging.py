import dataclasses
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signs.core import params
from signs.core.errors import UserError
from signs.data import datasets
from signs.data.classes import Classes, SignClass
from signs.data.datasets import DataSet
from signs.data.splits import Split
from signs.preparation.merging import merge

NAMES = ["Stop", "Yield", "Parking", "Bus lane", "Bus stop"]


def dataset(named, origin, count=2, first=0, shape=(2, 2, 1)):
    """`count` images a class and split; each one's pixels are a number of its own, from `first`."""
    ids = np.repeat(list(named), count)
    splits = []
    for number in range(3):
        levels = (first + number * len(ids) + np.arange(len(ids))).astype(np.uint8).reshape(-1, 1, 1, 1)
        splits.append(Split(np.tile(levels, (1, *shape)), ids))
    return DataSet(*splits, Classes(tuple(SignClass(id, name, origin) for id, name in named.items())))


def merge_all(original, synthetic, **changes):
    return merge(original, synthetic, **{"hide_photographs_of": []} | changes).gathered()


def level_names(*datasets):
    """The name of the class to which the image of each level belongs."""
    return {
        int(image.flat[0]): dict(zip(data.classes.ids.tolist(), data.classes.names, strict=True))[label]
        for data in datasets
        for split in data.splits.values()
        for image, label in zip(split.features, split.labels.tolist(), strict=True)
    }


def test_new_classes_get_the_ids_after_the_last():
    merged = merge_all(
        dataset({0: "Stop", 1: "Yield"}, "photographs"), dataset({0: "Bus lane", 1: "Bus stop"}, "synthetic", first=100)
    )
    assert merged.classes.rows == (
        SignClass(0, "Stop", "photographs"),
        SignClass(1, "Yield", "photographs"),
        SignClass(2, "Bus lane", "synthetic"),
        SignClass(3, "Bus stop", "synthetic"),
    )
    assert merged.train.labels.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert merged.test.features[:, 0, 0, 0].tolist() == [8, 9, 10, 11, 108, 109, 110, 111]


def test_an_original_may_hold_synthetic_images_itself():
    original = dataset({0: "Stop", 1: "Yield"}, "photographs")
    own = np.arange(len(original.train.labels)) % 2 == 0
    original = dataclasses.replace(original, train=original.train._replace(synthetic=own))
    merged = merge_all(original, dataset({0: "Bus lane"}, "synthetic"))
    assert np.array_equal(merged.train.synthetic[: len(own)], own)
    assert merged.train.synthetic[len(own) :].all()


def test_it_says_which_images_are_synthetic(tmp_path):
    original = dataset({4: "Stop", 9: "Parking"}, "photographs")
    merged = merge_all(
        original, dataset({0: "Bus lane", 1: "Parking"}, "synthetic", first=100), hide_photographs_of=[9]
    )
    datasets.write(tmp_path / "merged", merged)
    for split in datasets.read(tmp_path / "merged").splits.values():
        assert np.array_equal(split.synthetic, split.features[:, 0, 0, 0] >= 100)
    assert merged.hidden.synthetic is None
    assert original.train.synthetic is None


def named(data, *names):
    """The data set with these file names in each split."""
    return data.map(lambda split: split._replace(filenames=np.array(names)))


def test_file_names_stay_with_the_images_and_synthetic_ones_have_none():
    original = named(dataset({4: "Stop", 9: "Parking"}, "photographs"), "a.png", "b.png", "c.png", "parking/4.jpeg")
    synthetic = dataset({0: "Bus lane", 1: "Parking"}, "synthetic", first=100)
    merged = merge_all(original, synthetic, hide_photographs_of=[9])
    assert merged.train.filenames.tolist() == ["a.png", "b.png", *[""] * 4]
    assert merged.test.filenames.tolist() == ["a.png", "b.png", "c.png", "parking/4.jpeg", *[""] * 2]
    assert merged.hidden.filenames.tolist() == ["c.png", "parking/4.jpeg"] * 2
    other = merge_all(dataset({4: "Stop"}, "photographs"), named(dataset({0: "Yield"}, "synthetic"), "d.png", "e.png"))
    assert other.train.filenames.tolist() == ["", "", "d.png", "e.png"]


def test_without_file_names_there_are_none():
    merged = merge_all(dataset({4: "Stop"}, "photographs"), dataset({0: "Parking"}, "synthetic"))
    assert merged.train.filenames is None


NOTHING = DataSet(*[Split(np.empty((0, 9, 8, 3), np.uint8), np.empty(0, np.int64))] * 3, Classes(()))


@pytest.mark.parametrize("names", [None, ("a.png", "b.png")])
def test_with_an_empty_data_set_the_original_one_stays_as_it_is_to_the_byte(tmp_path, names):
    original = dataset({4: "Stop"}, "photographs")
    datasets.write(tmp_path / "original", named(original, *names) if names else original)
    datasets.write(tmp_path / "merged", merge(datasets.read(tmp_path / "original"), NOTHING, hide_photographs_of=[]))
    assert datasets.digest(tmp_path / "merged") == datasets.digest(tmp_path / "original")
    with pytest.raises(UserError, match=r"merge\.hide_photographs_of 4: there are no synthetic images of 'Stop'"):
        merge(original, NOTHING, hide_photographs_of=[4])


def test_ids_with_gaps_on_both_sides_are_kept_apart():
    merged = merge_all(
        dataset({10: "Stop", 3: "Yield"}, "rendered"), dataset({7: "Bus lane", 2: "Bus stop"}, "synthetic", first=100)
    )
    assert dict(zip(merged.classes.ids.tolist(), merged.classes.names, strict=True)) == {
        3: "Yield",
        10: "Stop",
        11: "Bus stop",
        12: "Bus lane",
    }
    assert merged.train.labels.tolist() == [10, 10, 3, 3, 12, 12, 11, 11]


def test_a_class_of_the_same_name_is_joined_and_photographs_go_on_to_judge_it():
    original = dataset({4: "Stop", 9: "Parking"}, "photographs")
    merged = merge_all(original, dataset({0: "Bus lane", 1: "Parking"}, "synthetic", first=100))
    assert merged.classes.rows == (*original.classes.rows, SignClass(10, "Bus lane", "synthetic"))
    assert merged.train.labels.tolist() == [4, 4, 9, 9, 10, 10, 9, 9]
    assert merged.valid.labels.tolist() == merged.test.labels.tolist() == [4, 4, 9, 9, 10, 10]
    assert np.array_equal(merged.valid.features[:4], original.valid.features)
    assert np.array_equal(merged.test.features[:4], original.test.features)


def test_where_every_class_is_joined_the_test_is_the_original_one():
    original = dataset({4: "Stop"}, "photographs")
    merged = merge_all(original, dataset({0: "Stop"}, "synthetic", first=100))
    assert np.array_equal(merged.test.features, original.test.features)
    assert merged.classes == original.classes
    assert len(merged.train.labels) == 4


namings = st.lists(st.sampled_from(NAMES), min_size=1, unique=True).flatmap(
    lambda names: st.lists(st.integers(0, 200), min_size=len(names), max_size=len(names), unique=True).map(
        lambda ids: dict(zip(ids, names, strict=True))
    )
)


@given(namings, namings, st.integers(1, 3))
def test_each_image_keeps_its_class(first, second, count):
    original = dataset(first, "photographs", count)
    synthetic = dataset(second, "synthetic", count, first=100)
    merged = merge_all(original, synthetic)
    names = level_names(original, synthetic)
    assert level_names(merged).items() <= names.items()
    dropped = {level for level in names if level not in level_names(merged)}
    joined = {level for level, name in level_names(synthetic).items() if name in first.values()}
    judging = np.concatenate([synthetic.valid.features, synthetic.test.features])
    assert dropped == joined & set(judging[:, 0, 0, 0].tolist())
    assert sorted(merged.classes.names) == sorted({*first.values(), *second.values()})
    for name, split in original.splits.items():
        assert np.array_equal(merged.splits[name].features[: len(split.labels)], split.features)
        assert np.array_equal(merged.splits[name].labels[: len(split.labels)], split.labels)


def test_splits_are_joined_written_and_let_go_one_after_the_other(tmp_path):
    original = dataset({0: "Stop"}, "photographs", count=100_000, shape=(8, 8, 1))
    synthetic = dataset({0: "Bus lane"}, "synthetic", shape=(8, 8, 1))
    tracemalloc.start()
    datasets.write(tmp_path / "merged", merge(original, synthetic, hide_photographs_of=[]))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2.5 * original.train.features.nbytes  # the three splits are as large; the last one goes as one comes
    assert len(datasets.read(tmp_path / "merged").test.labels) == 100_002


def test_a_merged_data_set_can_be_asked_for_twice(tmp_path):
    merged = merge(
        dataset({0: "Stop"}, "photographs"), dataset({0: "Bus lane"}, "synthetic", first=100), hide_photographs_of=[]
    )
    for name in ("first", "second"):
        datasets.write(tmp_path / name, merged)
    assert datasets.digest(tmp_path / "first") == datasets.digest(tmp_path / "second")
    assert len(merged.gathered().train.labels) == 4


def test_neither_data_set_is_altered():
    original, synthetic = dataset({0: "Stop"}, "photographs"), dataset({0: "Bus lane"}, "synthetic")
    merged = merge_all(original, synthetic)
    merged.train.features[:] = 0
    merged.train.labels[:] = 7
    assert np.array_equal(original.train.features, dataset({0: "Stop"}, "photographs").train.features)
    assert synthetic.train.labels.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("shape", "kind", "message"),
    [
        ((3, 2, 1), np.uint8, r"original images are \(2, 2\) pixels, synthetic ones \(3, 2\); set synthesize\.height"),
        ((2, 2, 3), np.uint8, r"original images are uint8 in 1 channels, synthetic ones uint8 in 3; with preproc"),
        ((2, 2, 1), np.float32, r"original images are uint8 in 1 channels, synthetic ones float32 in 1"),
    ],
)
def test_images_that_do_not_go_together_are_an_error(shape, kind, message):
    other = dataset({0: "Bus lane"}, "synthetic", shape=shape)
    other = other.map(lambda split: Split(split.features.astype(kind), split.labels))
    with pytest.raises(UserError, match=message):
        merge_all(dataset({0: "Stop"}, "photographs"), other)


# --- mirror images

MIRRORED = {33: "Turn right", 34: "Turn left", 38: "Keep right", 39: "Keep left", 19: "Curve left", 20: "Curve right"}
ALL = tuple(MIRRORED.values())
PARTNERS = {33: 34, 34: 33, 38: 39, 39: 38, 19: 20, 20: 19}


def mirror_pairs(hidden, joined=ALL):
    """What is left of the pairs 33/34, 38/39, 19/20 and the symmetric sign 12 where these classes are hidden."""
    original = dataset(MIRRORED | {12: "Priority road"}, "photographs")
    mirrored = {id: MIRRORED[partner] for id, partner in PARTNERS.items()} | {12: "Priority road"}
    known = Classes(tuple(row._replace(mirrored=mirrored[row.id]) for row in original.classes.rows))
    synthetic = dataset(dict(enumerate([*joined, "Priority road"])), "synthetic", first=100)
    merged = merge_all(dataclasses.replace(original, classes=known), synthetic, hide_photographs_of=hidden).classes
    return {int(merged.ids[i]): int(merged.ids[partner]) for i, partner in enumerate(merged.partners) if partner >= 0}


def test_mirror_pairs_of_a_hidden_and_a_shown_class_are_dropped():
    assert mirror_pairs([34, 39, 19, 20]) == {12: 12, 19: 20, 20: 19}
    assert mirror_pairs([33, 38]) == {12: 12, 19: 20, 20: 19}


@pytest.mark.parametrize("hidden", [[], [12], [33, 34], [*PARTNERS, 12]])
def test_mirror_pairs_stay_where_both_classes_are_hidden_or_shown(hidden):
    assert mirror_pairs(hidden) == PARTNERS | {12: 12}


def test_a_synthetic_class_that_joins_a_shown_one_changes_no_mirror_pair():
    assert mirror_pairs([], joined=["Turn left"]) == PARTNERS | {12: 12}


# --- hidden classes


def test_photographs_of_a_hidden_class_only_measure():
    original = dataset({4: "Stop", 9: "Parking"}, "photographs")
    synthetic = dataset({0: "Bus lane", 1: "Parking"}, "synthetic", first=100)
    merged = merge_all(original, synthetic, hide_photographs_of=[9])
    assert merged.train.labels.tolist() == merged.valid.labels.tolist() == [4, 4, 10, 10, 9, 9]
    assert merged.train.features[-2:, 0, 0, 0].tolist() == [102, 103]
    assert merged.hidden.labels.tolist() == [9] * 4
    assert merged.hidden.features[:, 0, 0, 0].tolist() == [2, 3, 6, 7]  # of training, then of validation
    assert np.array_equal(merged.test.features, merge_all(original, synthetic).test.features)
    assert merge_all(original, synthetic).hidden is None


def test_all_photographs_can_be_hidden():
    original = dataset({4: "Stop", 9: "Parking"}, "photographs")
    merged = merge_all(original, dataset({0: "Stop", 1: "Parking"}, "synthetic", first=100), hide_photographs_of=[4, 9])
    assert merged.train.features.min() >= 100
    assert merged.test.features.max() < 100
    assert len(merged.hidden.labels) == 8


@pytest.mark.parametrize(
    ("id", "message"),
    [
        (5, r"merge\.hide_photographs_of 5 is no class of the original data set"),
        (
            9,
            r"merge\.hide_photographs_of 9: there are no synthetic images of 'Yield'; .* to synthesize\.also_render",
        ),
        (-1, r"merge\.hide_photographs_of\.0 is -1; Input should be greater than or equal to 0"),
    ],
)
def test_what_cannot_be_hidden_is_an_error(id, message):
    original = dataset({4: "Stop", 9: "Yield"}, "photographs")
    with pytest.raises(UserError, match=message):
        merge(original, dataset({0: "Stop"}, "synthetic", first=100), hide_photographs_of=[id])


def test_merge_takes_its_section_of_params():
    section = params.load("merge")
    merge(dataset({0: "Stop"}, "photographs"), dataset({0: "Bus lane"}, "synthetic", first=100), **section)
    with pytest.raises(UserError, match=r"params\.yaml: merge\.shuffle is unknown"):
        merge_all(dataset({0: "Stop"}, "photographs"), dataset({0: "Stop"}, "photographs"), shuffle=True)

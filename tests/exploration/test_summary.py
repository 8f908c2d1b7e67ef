import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signs.data.classes import Classes, SignClass, classes_from_labels
from signs.data.datasets import SPLITS, DataSet
from signs.data.splits import Split
from signs.exploration.summary import SHOWN_COPIES, class_counts, explore

SETTINGS = {"seed": 1, "max_images": 10_000, "similarity": 0.99}


def images(count, seed, shape=(12, 10, 3)):
    """Noise, some images darker than others."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (count, *shape)) * rng.uniform(0.1, 1, (count, 1, 1, 1))
    return pixels.astype(np.uint8)


def dataset(train, valid=None, test=None, shape=(12, 10, 3)):
    """Noise with these labels; valid and test have a label of each class where nothing else is said."""
    train = np.array(train, dtype=np.int64)
    labels = [train] + [np.unique(train) if part is None else np.array(part, np.int64) for part in (valid, test)]
    splits = [Split(images(len(part), seed, shape), part) for seed, part in enumerate(labels)]
    return DataSet(*splits, classes_from_labels(train))


def explored(data, **changes):
    return explore(data, **SETTINGS | changes)


def brightness(features):
    return features.mean(axis=(1, 2, 3))


# --- counts


def test_an_empty_data_set_has_no_classes_and_no_copies():
    nothing = Split(images(0, 0), np.empty(0, np.int64))
    found = explored(DataSet(nothing, nothing, nothing, Classes(()))).found
    assert found["images"] == found["looked_at"] == {"train": 0, "valid": 0, "test": 0}
    assert found["classes"] == found["copies"] == []
    assert sum(found["brightness"]["train"]) == 0
    assert json.loads(json.dumps(found)) == found


@given(st.lists(st.sampled_from([3, 7, 8, 40]), min_size=4, max_size=30), st.integers(0, 3))
@settings(max_examples=20)
def test_counts_are_those_of_numpy(labels, missing):
    ids = np.unique(labels)
    present = np.delete(ids, missing % len(ids)) if len(ids) > 1 else ids
    data = dataset(labels, valid=np.repeat(present, 2), test=ids)
    counts = class_counts(data)
    rows = explored(data).found["classes"]
    for name, split in data.splits.items():
        expected = [(split.labels == id).sum() for id in ids]
        assert counts[name].tolist() == expected
        assert [row[name] for row in rows] == expected


def test_a_class_that_validation_and_test_lack_counts_0_there():
    found = explored(dataset([5, 5, 9, 9], valid=[5], test=[5, 5, 5])).found
    assert [(row["id"], *(row[name] for name in SPLITS)) for row in found["classes"]] == [(5, 2, 1, 3), (9, 2, 0, 0)]


def test_classes_are_told_with_names_and_origins():
    data = dataset([5, 9])
    named = Classes((SignClass(5, "Yield", "rendered"), SignClass(9, "Bus lane", "synthetic")))
    found = explored(DataSet(data.train, data.valid, data.test, named)).found
    told = [(row["id"], row["name"], row["origin"]) for row in found["classes"]]
    assert told == [(5, "Yield", "rendered"), (9, "Bus lane", "synthetic")]
    assert found["image_shape"] == [12, 10, 3]
    assert found["images"] == {"train": 2, "valid": 2, "test": 2}


# --- typical, bright, dark


@given(st.lists(st.sampled_from([0, 4, 90]), min_size=1, max_size=40), st.sampled_from([1, 3]))
@settings(max_examples=20)
def test_the_brightest_and_the_darkest_of_each_class_are_just_that(labels, channels):
    data = dataset(labels, shape=(9, 12, channels))
    for row in explored(data).found["classes"]:
        own = np.flatnonzero(data.train.labels == row["id"])
        assert row["brightest"] == own[brightness(data.train.features[own]).argmax()]
        assert row["darkest"] == own[brightness(data.train.features[own]).argmin()]
        assert row["typical"] in own


def test_the_typical_image_is_like_the_others_and_rich_in_contrast():
    """Image 5 is most like the mean, 20 next to it and richer, 11 its opposite and richest."""
    pattern = np.indices((16, 16)).sum(axis=0)[..., np.newaxis] % 8 - 3.5
    rng = np.random.default_rng(0)
    own = 100 + 5 * pattern + rng.normal(0, 5, (30, 16, 16, 1))
    own[5] = 100 + 10 * pattern
    own[20] = 100 + 20 * pattern + rng.normal(0, 3, pattern.shape)
    own[11] = 100 - 25 * pattern
    features = own.clip(0, 255).astype(np.uint8)
    train = Split(features, np.zeros(30, np.int64))
    data = DataSet(train, Split(features[:1], train.labels[:1]), train, classes_from_labels(train.labels))
    assert explored(data).found["classes"][0]["typical"] == 20


def test_one_class_of_one_image_is_all_there_is():
    row = explored(dataset([6])).found["classes"][0]
    assert (row["typical"], row["brightest"], row["darkest"]) == (0, 0, 0)


# --- brightness


def test_the_histogram_is_that_of_numpy():
    data = dataset(np.repeat([1, 2], 100), valid=np.repeat([1, 2], 20))
    found = explored(data).found["brightness"]
    assert found["edges"] == list(range(0, 261, 10))
    for name in ("train", "valid"):
        expected = np.histogram(brightness(data.splits[name].features), np.arange(0, 261, 10))[0]
        assert found[name] == expected.tolist()
        assert sum(found[name]) == len(data.splits[name].labels)


def test_black_and_white_images_are_in_the_histogram():
    features = np.array([0, 255, 255], np.uint8).reshape(3, 1, 1, 1).repeat(16, axis=1)
    split = Split(features, np.zeros(3, np.int64))
    counts = explored(DataSet(split, split, split, classes_from_labels(split.labels))).found["brightness"]["train"]
    assert (counts[0], counts[25], sum(counts)) == (1, 2, 3)


# --- copies


def test_copies_are_counted_and_shown_between_each_pair_of_splits():
    data = dataset([1] * 20, valid=[1] * 10, test=[1] * 15, shape=(32, 32, 3))
    data.valid.features[[3, 7]] = data.train.features[[19, 0]]
    data.test.features[5] = np.rint(data.train.features[4] * 0.9).astype(np.uint8)
    pairs = explored(data).found["copies"]
    assert [(pair["first"], pair["second"], pair["images"], pair["exact"], pair["near"]) for pair in pairs] == [
        ("train", "valid", 10, 2, 0),
        ("train", "test", 15, 0, 1),
        ("valid", "test", 15, 0, 0),
    ]
    assert pairs[0]["examples"] == [
        {"first": 19, "second": 3, "similarity": 1},
        {"first": 0, "second": 7, "similarity": 1},
    ]
    assert [(copy["first"], copy["second"]) for copy in pairs[1]["examples"]] == [(4, 5)]
    assert 0.99 <= pairs[1]["examples"][0]["similarity"] <= 1


def test_of_many_copies_the_most_alike_are_shown():
    data = dataset([1] * 40, valid=[1] * 40, shape=(32, 32, 3))
    data.valid.features[:] = np.rint(data.train.features * 0.9)
    data.valid.features[30:] = data.train.features[30:]
    pair = explored(data).found["copies"][0]
    similarities = [copy["similarity"] for copy in pair["examples"]]
    assert (pair["exact"], pair["near"], len(similarities)) == (10, 30, SHOWN_COPIES)
    assert similarities == sorted(similarities, reverse=True)
    assert [copy["second"] for copy in pair["examples"][:10]] == list(range(30, 40))


def test_copies_that_are_as_alike_are_shown_in_their_order():
    data = dataset([1] * 10, valid=[1] * 10, shape=(32, 32, 3))
    data.valid.features[:] = data.train.features
    data.valid.features[np.arange(10) != 8, 0, 0] ^= 1
    examples = explored(data).found["copies"][0]["examples"]
    assert {copy["similarity"] for copy in examples} == {1}
    assert [copy["second"] for copy in examples] == [8, 0, 1, 2, 3, 4, 5, 6, 7, 9]


def test_how_alike_copies_are_is_a_setting():
    data = dataset([1] * 5, valid=[1] * 5, shape=(32, 32, 3))
    noise = np.random.default_rng(0).integers(-5, 6, data.train.features.shape)
    data.valid.features[:] = (data.train.features + noise).clip(0, 255)
    assert explored(data, similarity=1).found["copies"][0]["near"] == 0
    assert explored(data, similarity=0.99).found["copies"][0]["near"] == 5


# --- samples of large splits


def sampled():
    """300 images a split, of which 100 are looked at; each is in all three splits."""
    labels = np.arange(300) % 3 * 10
    data = dataset(labels, valid=labels, test=labels, shape=(32, 32, 1))
    return DataSet(data.train, data.train, data.train, data.classes)


def test_a_sample_says_how_large_it_is_and_counts_are_of_all():
    result = explored(sampled(), max_images=100)
    assert result.found["looked_at"] == dict.fromkeys(SPLITS, 100)
    assert result.found["images"] == dict.fromkeys(SPLITS, 300)
    assert [row["train"] for row in result.found["classes"]] == [100, 100, 100]
    assert {name: len(split.labels) for name, split in result.looked_at.items()} == dict.fromkeys(SPLITS, 100)
    assert sum(result.found["brightness"]["train"]) == 100


def test_positions_are_those_in_the_whole_split():
    data = sampled()
    result = explored(data, max_images=100)
    seen = result.looked_at["train"]
    for row in result.found["classes"]:
        own = seen.features[seen.labels == row["id"]]
        for kind, extreme in (("brightest", brightness(own).max()), ("darkest", brightness(own).min())):
            assert data.train.labels[row[kind]] == row["id"]
            assert brightness(data.train.features[row[kind]][np.newaxis])[0] == extreme
        assert data.train.labels[row["typical"]] == row["id"]
    for pair in result.found["copies"]:
        first, second = (data.splits[pair[side]].features for side in ("first", "second"))
        assert pair["exact"] > 0
        for copy in pair["examples"]:
            assert np.array_equal(first[copy["first"]], second[copy["second"]])


def test_a_sample_has_no_image_twice_and_keeps_labels_with_images():
    data = sampled()
    split = explored(data, max_images=250).looked_at["test"]
    labels = {bytes(image): label for image, label in zip(*data.test[:2], strict=True)}
    assert len({bytes(image) for image in split.features}) == 250
    assert [labels[bytes(image)] for image in split.features] == split.labels.tolist()


@pytest.mark.parametrize("max_images", [300, 301])
def test_a_split_that_is_not_too_large_is_looked_at_whole(max_images):
    data = sampled()
    result = explored(data, max_images=max_images)
    assert result.found["looked_at"] == result.found["images"]
    assert np.array_equal(result.looked_at["valid"].features, data.valid.features)


def test_a_class_of_which_no_image_was_sampled_is_still_shown_by_its_own():
    data = dataset([1] * 500 + [2])
    row = explored(data, max_images=5).found["classes"][1]
    assert [row[kind] for kind in ("typical", "brightest", "darkest")] == [500] * 3


# --- the whole


def test_the_same_seed_finds_the_same_and_another_samples_others():
    data = sampled()
    first, second, other = (explored(data, max_images=100, seed=seed) for seed in (1, 1, 2))
    assert first.found == second.found
    assert first.found != other.found
    assert not np.array_equal(first.looked_at["train"].features, other.looked_at["train"].features)


def test_the_data_set_is_not_altered():
    data = sampled()
    before = {name: (split.features.copy(), split.labels.copy()) for name, split in data.splits.items()}
    explored(data, max_images=100)
    for name, split in data.splits.items():
        assert np.array_equal(split.features, before[name][0])
        assert np.array_equal(split.labels, before[name][1])


def test_what_was_found_is_for_json():
    found = explored(dataset([1, 1, 2], shape=(32, 32, 3))).found
    assert json.loads(json.dumps(found)) == found


def test_preprocessed_images_are_refused():
    data = dataset([1, 2], shape=(8, 8, 1)).map(lambda split: Split(split.features.astype(np.float32), split.labels))
    with pytest.raises(ValueError, match="images are float32 in 1 channels; expected uint8 in 1 or 3"):
        explored(data)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_images": 0}, r"params\.yaml: explore\.max_images is 0; .*greater than or equal to 1"),
        ({"similarity": 1.1}, r"params\.yaml: explore\.similarity is 1\.1; .*less than or equal to 1"),
        ({"seed": -1}, r"params\.yaml: explore\.seed is -1; .*greater than or equal to 0"),
        ({"similar": 1}, r"params\.yaml: explore\.similar is unknown; explore takes max_images, seed, similarity"),
    ],
)
def test_a_wrong_setting_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        explored(dataset([1]), **changes)

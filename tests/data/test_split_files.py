import pickle
import resource
from pathlib import Path

import numpy as np
import pytest

from signs.core.errors import UserError
from signs.data import datasets, pickles, shards, split_files
from signs.data.classes import classes_from_labels
from signs.data.datasets import DataSet
from signs.data.splits import Split

LARGE = (1200, 32, 32, 1)  # more than a mebibyte, from which on the content of an array is passed over


def split(count=1200, seed=0, **extra):
    rng = np.random.default_rng(seed)
    return Split(rng.integers(0, 256, (count, *LARGE[1:]), np.uint8), np.arange(count) % 5, **extra)


def sharded(whole, part):
    return whole._replace(features=shards.collected([whole.features], whole.features.shape, np.uint8, part))


def same(first, second):
    def alike(one, other):
        return one is other if one is None or other is None else np.array_equal(one[:], other[:])

    return all(alike(one, other) for one, other in zip(first, second, strict=True))


@pytest.mark.parametrize("part", [1, 400, 1199, 1200, 5000])
@pytest.mark.parametrize("extra", [{}, {"filenames": np.array([f"ä{i}" for i in range(1200)])}])
def test_shards_read_as_one_file_does(tmp_path, part, extra):
    whole = split(**extra)
    if part == 1:
        whole = whole.at(slice(120))
    written = DataSet(whole, whole, whole, classes_from_labels(whole.labels)).map(lambda split: sharded(split, part))
    datasets.write(tmp_path / "data", written)
    assert len(list((tmp_path / "data/train").iterdir())) == -(-len(whole.labels) // part)
    read = datasets.read(tmp_path / "data")
    assert all(same(found, whole) for found in read.splits.values())
    rows = np.random.default_rng(1).permutation(len(whole.labels))[:50]
    np.testing.assert_array_equal(read.train.features[rows], whole.features[rows])


def test_worker_processes_write_the_same_bytes(tmp_path):
    images = sharded(split(), 300)
    doubled = images._replace(features=shards.mapped(images.features, lambda some: some // 2))
    for name, workers in (("one", 1), ("two", 2)):
        datasets.write(tmp_path / name, DataSet(*[doubled] * 3, classes_from_labels(images.labels)), workers)
    assert datasets.digest(tmp_path / "one") == datasets.digest(tmp_path / "two")


def test_what_one_shard_does_not_know_is_empty_for_its_images(tmp_path):
    names = np.array(["a.png"] * 1200)
    for number, extra in enumerate([{"filenames": names}, {"synthetic": np.ones(1200, bool)}]):
        (tmp_path / "train").mkdir(exist_ok=True)
        split_files.write(tmp_path / "train" / f"{number:05}.p", split(**extra))
    read = split_files.read(tmp_path, "train")
    assert read.filenames.tolist() == ["a.png"] * 1200 + [""] * 1200
    assert read.synthetic.tolist() == [False] * 1200 + [True] * 1200


def test_ten_shards_and_more_are_in_the_order_of_their_numbers(tmp_path):
    (tmp_path / "train").mkdir()
    for number in (2, 100_000, 11):
        split_files.write(tmp_path / "train" / f"{number}.p", split(1, seed=number))
    (tmp_path / "train" / "notes.p").write_text("not a shard")
    read = split_files.read(tmp_path, "train")
    np.testing.assert_array_equal(read.features[:], np.concatenate([split(1, n).features for n in (2, 11, 100_000)]))


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("form", ["C", "F", "read-only", "list of arrays", "twice", "big-endian labels"])
def test_shards_that_others_pickled_are_read_rightly(tmp_path, protocol, form):
    """Their arrays may lie otherwise in the file: then they are not taken from where they were passed over."""
    whole = split()
    content = {"features": whole.features, "labels": whole.labels}
    if form == "F":
        content["features"] = np.asfortranarray(whole.features)
    if form == "read-only":
        content["features"] = np.frombuffer(whole.features.tobytes(), np.uint8).reshape(LARGE)
    if form == "list of arrays":
        content["other"] = [whole.features[::-1].copy()]
    if form == "twice":
        content["other"] = content["features"]
    if form == "big-endian labels":
        content["labels"] = whole.labels.astype(">i4")
    (tmp_path / "train").mkdir()
    (tmp_path / "train/00000.p").write_bytes(pickle.dumps(content, protocol))
    assert same(split_files.read(tmp_path, "train"), whole)


@pytest.mark.parametrize("kept", [100, 5000, -1])
def test_a_shard_that_is_cut_off_is_named(tmp_path, kept):
    (tmp_path / "train").mkdir()
    split_files.write(tmp_path / "train/00000.p", split())
    content = (tmp_path / "train/00000.p").read_bytes()
    (tmp_path / "train/00000.p").write_bytes(content[:kept])
    with pytest.raises(UserError, match=r"train/00000\.p cannot be read as a pickle of arrays"):
        split_files.read(tmp_path, "train")


def test_a_split_that_is_there_twice_is_refused(tmp_path):
    (tmp_path / "train").mkdir()
    for path in (tmp_path / "train.p", tmp_path / "train/00000.p"):
        split_files.write(path, split(3))
    with pytest.raises(UserError, match=r"train\.p and .*train are both there; remove one of them"):
        split_files.read(tmp_path, "train")


def test_shards_of_other_images_are_refused(tmp_path):
    (tmp_path / "train").mkdir()
    split_files.write(tmp_path / "train/00000.p", split(3))
    split_files.write(tmp_path / "train/00001.p", Split(np.zeros((1, 8, 8, 1), np.uint8), np.zeros(1, np.int64)))
    with pytest.raises(UserError, match=r"00001\.p: its images are of another shape or type than those of 00000\.p"):
        split_files.read(tmp_path, "train")


def test_nothing_of_a_large_array_is_read_to_find_it(tmp_path):
    with (tmp_path / "file").open("wb") as file:
        pickles.write(file, {"features": split().features, "labels": split().labels})
    with (tmp_path / "file").open("rb") as file:
        content, offsets = pickles.read_in_place(file, "file")
    assert list(offsets) == ["features"]
    assert np.array_equal(content["labels"], split().labels)
    found = np.memmap(tmp_path / "file", np.uint8, "r", offsets["features"], LARGE)
    np.testing.assert_array_equal(found, split().features)


@pytest.mark.parametrize("kind", ["memory map", "view", "not writable"])
def test_arrays_of_every_kind_are_written_as_plain_ones(tmp_path, kind):
    plain, images = split(), split().features
    if kind == "memory map":
        images = np.memmap(tmp_path / "images", np.uint8, "w+", shape=LARGE)
        images[:] = plain.features
    if kind == "view":
        images = np.repeat(plain.features, 2, axis=0)[::2]
    if kind == "not writable":
        images.flags.writeable = False
    for name, features in (("plain", plain.features), ("other", images)):
        split_files.write(tmp_path / f"{name}.p", plain._replace(features=features))
    assert (tmp_path / "plain.p").read_bytes() == (tmp_path / "other.p").read_bytes()


def test_a_pickle_larger_than_memory_is_read_in_place(tmp_path):
    count = 200_000
    with (tmp_path / "file").open("wb") as file:
        pickles.write(file, {"features": np.zeros((count, 32, 32, 1), np.uint8), "labels": np.arange(count)})
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    old = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 100 * 2**20, old[1]))
    try:
        with (tmp_path / "file").open("rb") as file:
            content, offsets = pickles.read_in_place(file, "file")
    finally:
        resource.setrlimit(resource.RLIMIT_AS, old)
    assert content["features"].shape == (count, 32, 32, 1)
    assert offsets.keys() == {"features", "labels"}

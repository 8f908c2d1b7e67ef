import errno
import io
import pickle
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from signs.core.errors import UserError
from signs.data import datasets, split_files
from signs.data.classes import Classes, SignClass
from signs.data.datasets import SPLITS, DataSet, Stream
from signs.data.splits import Split
from tests.specimens import frozen

ROOT = Path(__file__).parents[2]


def split(seed=0, count=6, shape=(4, 5, 3), labels=(2, 7)):
    rng = np.random.default_rng(seed)
    return Split(rng.integers(0, 256, (count, *shape), dtype=np.uint8), np.resize(np.array(labels), count))


def dataset(**changes):
    known = Classes((SignClass(2, "Stop, now", "photographs"), SignClass(7, "Fußgänger", "rendered")))
    return DataSet(**{"train": split(1), "valid": split(2), "test": split(3), "classes": known} | changes)


def same(first, second):
    return first.classes == second.classes and all(
        np.array_equal(mine, yours)
        for name in SPLITS
        for mine, yours in zip(first.splits[name], second.splits[name], strict=True)
    )


def pickled(protocol=4, **changes):
    return pickle.dumps(split()._asdict() | changes, protocol=protocol)


def unpickled(content):
    return split_files.read_split(io.BytesIO(content), "train.p")


# --- a folder, written and read


def test_a_data_set_reads_as_it_was_written(tmp_path):
    datasets.write(tmp_path / "data", dataset())
    assert same(datasets.read(tmp_path / "data"), dataset())


def test_preprocessed_images_read_as_they_were_written(tmp_path):
    written = dataset().map(lambda split: Split(split.features.astype(np.float32) / 255, split.labels))
    datasets.write(tmp_path / "data", written)
    found = datasets.read(tmp_path / "data")
    assert same(found, written)
    assert found.train.features.dtype == np.float32


def test_the_same_data_set_gives_the_same_bytes(tmp_path):
    datasets.write(tmp_path / "a", dataset())
    datasets.write(tmp_path / "b", datasets.read(tmp_path / "a"))
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["signnames.csv", "test.p", "train.p", "valid.p"]
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in names)


def test_pickle_and_numpy_alone_read_what_was_written(tmp_path):
    datasets.write(tmp_path / "data", dataset())
    code = (
        "import pickle, sys\n"
        "for name in ('train', 'valid', 'test'):\n"
        "    data = pickle.load(open(f'{name}.p', 'rb'))\n"
        "    print(sorted(data), data['features'].shape, data['features'].dtype, data['labels'].tolist())\n"
        "assert not [name for name in sys.modules if name.startswith('signs')]\n"
    )
    printed = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "data", capture_output=True, text=True, check=True
    ).stdout
    assert printed == "['features', 'labels'] (6, 4, 5, 3) uint8 [2, 7, 2, 7, 2, 7]\n" * 3


def test_without_signnames_the_ids_are_the_names(tmp_path):
    datasets.write(tmp_path / "data", dataset())
    (tmp_path / "data" / "signnames.csv").unlink()
    assert datasets.read(tmp_path / "data").classes.rows == (
        SignClass(2, "2", "photographs"),
        SignClass(7, "7", "photographs"),
    )


def test_classes_are_those_of_the_training_labels_alone(tmp_path):
    datasets.write(tmp_path / "data", dataset())
    with (tmp_path / "data" / "signnames.csv").open("a") as file:
        file.write("9,Never seen,photographs,\n")
    assert datasets.read(tmp_path / "data").classes == dataset().classes


@pytest.mark.parametrize("name", SPLITS)
def test_a_missing_pickle_is_named(tmp_path, name):
    datasets.write(tmp_path / "data", dataset())
    (tmp_path / "data" / f"{name}.p").unlink()
    with pytest.raises(ValueError, match=rf"data/{name}\.p is missing; a data set is a folder with train\.p"):
        datasets.read(tmp_path / "data")


FAULTS = [
    ({"test": split(labels=(2, 9))}, r"data/test\.p: labels \[9\] occur in no training image; add some to train\.p"),
    ({"valid": split(labels=(0,))}, r"data/valid\.p: labels \[0\] occur in no training image"),
    ({"test": split(shape=(5, 4, 3))}, r"data/test\.p: images are \(5, 4, 3\) uint8, those of train\.p \(4, 5, 3\)"),
    ({"valid": split(shape=(4, 5, 1))}, r"data/valid\.p: images are \(4, 5, 1\) uint8.* all splits need the same"),
    (
        {"valid": Split(split().features.astype(np.float32), split().labels)},
        r"data/valid\.p: images are \(4, 5, 3\) float32, those of train\.p \(4, 5, 3\) uint8",
    ),
    ({"train": Split(split().features, split().labels[:5])}, r"data/train\.p: 6 features but 5 labels"),
    (
        {"test": Split(split().features[:0], split().labels[:0])},
        r"data/test\.p: no image in it \(features of shape \(0, 4, 5, 3\)\); each split needs some",
    ),
    ({"test": split(shape=(4, 0, 3))}, r"data/test\.p: no image in it"),
    (
        {"train": Split(split().features.astype(np.float64), split().labels)},
        r"data/train\.p: features are float64 of shape \(6, 4, 5, 3\); expected \(n, height, width, channels\)",
    ),
    ({"valid": Split(split().features.reshape(6, -1), split().labels)}, r"data/valid\.p: features are uint8 of shape"),
    ({"test": Split(split().features[None], split().labels)}, r"data/test\.p: features are uint8 of shape \(1, 6, 4"),
    (
        {"test": Split(split().features, split().labels[:, None])},
        r"data/test\.p: labels are int64 of shape \(6, 1\); expected integers of shape \(n,\)",
    ),
    ({"test": Split(split().features, split().labels * 1.0)}, r"data/test\.p: labels are float64 of shape \(6,\)"),
    ({"test": Split(split().features, split().labels > 2)}, r"data/test\.p: labels are bool of shape \(6,\)"),
    ({"test": Split(split().features, np.full(6, 2**64 - 7, np.uint64))}, r"data/test\.p: label -7 is negative"),
    (
        {"test": Split(split().features, split().labels - 9)},
        r"data/test\.p: label -7 is negative; class ids start",
    ),
]


@pytest.mark.parametrize(("changes", "message"), FAULTS)
def test_an_unsound_data_set_is_neither_written_nor_read_and_what_was_there_stays(tmp_path, changes, message):
    folder = tmp_path / "data"
    datasets.write(folder, dataset())
    before = datasets.digest(folder)
    with pytest.raises(ValueError, match=message):
        datasets.write(folder, dataset(**changes))
    assert datasets.digest(folder) == before
    assert list(tmp_path.iterdir()) == [folder]
    for name, changed in changes.items():
        (folder / f"{name}.p").write_bytes(pickle.dumps(changed._asdict()))
    with pytest.raises(ValueError, match=message):
        datasets.read(folder)


def test_an_empty_data_set_reads_as_it_was_written_but_is_not_one_to_train_on(tmp_path):
    empty = DataSet(*[split(count=0)] * 3, Classes(()))
    datasets.write(tmp_path / "data", empty)
    found = datasets.read(tmp_path / "data")
    assert same(found, empty)
    assert found.test.features.shape == (0, 4, 5, 3)
    assert (tmp_path / "data/signnames.csv").read_text() == "ClassId,SignName,Origin,Mirrored\n"
    with pytest.raises(UserError, match="data is an empty data set: no class, no image; expected images in train"):
        datasets.check(found, "data")


def test_images_of_no_class_are_an_error(tmp_path):
    with pytest.raises(UserError, match=r"test\.p: labels \[2, 7\] occur in no training image"):
        datasets.write(tmp_path / "data", DataSet(split(count=0), split(count=0), split(3), Classes(())))


def test_an_error_in_the_middle_of_writing_leaves_what_was_there(tmp_path):
    folder = tmp_path / "data"
    datasets.write(folder, dataset())
    before = datasets.digest(folder)

    def items():
        yield "train", split(9)
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        datasets.write(folder, Stream(items, dataset().classes))
    assert datasets.digest(folder) == before
    assert list(tmp_path.iterdir()) == [folder]


def test_a_new_data_set_replaces_the_earlier_one_whole(tmp_path):
    folder = tmp_path / "data"
    datasets.write(folder, dataset())
    (folder / "leftover.txt").write_text("of an earlier version")
    datasets.write(folder, dataset(train=split(9)))
    assert same(datasets.read(folder), dataset(train=split(9)))
    assert not (folder / "leftover.txt").exists()


def test_the_digest_changes_with_images_and_with_names(tmp_path):
    renamed = Classes(tuple(row._replace(name=row.name + "!") for row in dataset().classes.rows))
    variants = {"a": dataset(), "b": dataset(), "c": dataset(test=split(9)), "d": dataset(classes=renamed)}
    for name, variant in variants.items():
        datasets.write(tmp_path / name, variant)
    digests = {name: datasets.digest(tmp_path / name) for name in variants}
    assert digests["a"] == digests["b"]
    assert len(set(digests.values())) == 3
    assert len(digests["a"]) == 64


def test_map_applies_to_each_split():
    darker = dataset().map(lambda split: Split(split.features // 2, split.labels))
    assert list(darker.splits) == ["train", "valid", "test"]
    assert all(np.array_equal(darker.splits[name].features, dataset().splits[name].features // 2) for name in SPLITS)


@given(
    st.sampled_from([np.uint8, np.float32]),
    st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 4), st.integers(1, 3)),
    st.sampled_from(["u1", "i4", "<i8", ">i8", "u2"]),
    st.integers(0, 5),
    st.sampled_from("CF"),
    st.data(),
)
def test_images_come_as_they_were_pickled(kind, shape, label_type, protocol, order, data):
    features = data.draw(npst.arrays(kind, shape))
    labels = data.draw(npst.arrays(label_type, shape[:1], elements=st.integers(0, 100)))
    content = pickle.dumps({"features": np.asarray(features, order=order), "labels": labels}, protocol=protocol)
    found = unpickled(content)
    np.testing.assert_array_equal(found.features, features)
    assert found.labels.tolist() == labels.tolist()
    assert (found.features.dtype, found.labels.dtype) == (kind, np.int64)
    assert found.features.flags.c_contiguous


def test_hidden_images_are_kept_beside_the_splits(tmp_path):
    data = dataset(hidden=split(9, count=4))
    datasets.write(tmp_path / "data", data)
    read = datasets.read(tmp_path / "data")
    assert same(read, data)
    assert np.array_equal(read.hidden.features, data.hidden.features)
    halved = read.map(lambda split: Split(split.features // 2, split.labels))
    assert np.array_equal(halved.hidden.features, data.hidden.features // 2)
    datasets.write(tmp_path / "data", dataset())
    assert datasets.read(tmp_path / "data").hidden is None


def test_a_file_is_written_without_a_copy_read_with_one_and_then_held_once(tmp_path):
    large = split(count=100_000)
    size = large.features.nbytes + large.labels.nbytes
    tracemalloc.start()
    datasets.write(tmp_path / "data", dataset(train=large))
    assert tracemalloc.get_traced_memory()[1] < 0.5 * size
    with (tmp_path / "data/train.p").open("rb") as file:
        found = split_files.read_split(file, "train.p")
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 1.2 * size
    assert peak < 2.2 * size
    assert np.array_equal(found.features, large.features)


def test_how_an_array_lies_in_memory_does_not_change_the_file(tmp_path):
    features, labels = split()[:2]
    lying = [(features, labels), (np.asfortranarray(features), np.repeat(labels, 2)[::2])]
    lying.append((frozen(features), frozen(labels)))
    digests = set()
    for arrays in lying:
        datasets.write(tmp_path / "data", dataset(train=Split(*arrays)))
        digests.add(datasets.digest(tmp_path / "data"))
    assert len(digests) == 1


def test_other_keys_are_passed_over():
    extra = {"sizes": np.ones((6, 2)), "coords": np.ones((6, 4), np.uint16), "files": np.array(["a", "äb"]), "n": [1]}
    found = unpickled(pickled(**extra))
    assert np.array_equal(found.features, split().features)


@pytest.mark.parametrize("wrong", [np.zeros(6), np.zeros(5, bool), np.zeros((6, 1), bool), "yes"])
def test_which_images_are_synthetic_is_a_truth_for_each(wrong):
    with pytest.raises(ValueError, match=r"train\.p: synthetic (is|are) .*expected"):
        unpickled(pickled(synthetic=wrong))


@pytest.mark.parametrize(
    "wrong",
    [
        np.array(["a.png"] * 5),
        np.array([["a.png"]] * 6),
        np.arange(6),
        np.array([b"a.png"] * 6),
        np.frombuffer(b"\xff" * 24, "<U1"),
        np.array(["\ud800"] * 6),
        "a.png",
    ],
)
def test_file_names_are_a_text_for_each_image(wrong):
    with pytest.raises(UserError, match=r"train\.p: filenames are .*expected"):
        unpickled(pickled(filenames=wrong))


def test_file_names_stay_with_the_images(tmp_path):
    names = np.array([f"stop/{letter}.png" for letter in "abcdeä"])
    named = split()._replace(filenames=names)
    datasets.write(tmp_path / "data", dataset(train=named))
    found = datasets.read(tmp_path / "data")
    assert found.train.filenames.tolist() == names.tolist()
    assert found.valid.filenames is None
    assert found.train.of([7]).filenames.tolist() == names[1::2].tolist()
    assert found.train.without([7]).filenames.tolist() == found.train.at(found.train.labels == 2).filenames.tolist()


def test_images_without_a_channel_axis_get_one():
    features = split().features[..., 0]
    found = unpickled(pickled(features=features))
    assert np.array_equal(found.features, features[..., None])


# --- splits that are unsound


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps({"features": 1}), r"train\.p holds \['features'\]; expected a dict with the keys"),
        (pickled(features=[[1]]), r"train\.p: features are a list; expected an array"),
        (pickled(labels=(1, 2)), r"train\.p: labels are a tuple; expected an array"),
        (pickle.dumps(dict.fromkeys(map(str, range(1000)))), r"train\.p holds \['0', .{,100}\]; expected a dict"),
        (pickled(features=None), r"train\.p: features are a NoneType; expected an array"),
        (pickled(features=np.array(["a"])), r"train\.p: features are <U1 of shape \(1,\)"),
    ],
)
def test_what_is_no_split_is_an_error(content, message):
    with pytest.raises(ValueError, match=message) as caught:
        unpickled(content)
    assert "\n" not in str(caught.value)


@given(st.integers(0, len(pickled(3)) - 1), st.integers(0, 255))
def test_a_damaged_byte_gives_an_error_or_arrays(position, byte):
    content = bytearray(pickled(3))
    content[position] = byte
    try:
        found = unpickled(bytes(content))
    except ValueError:
        return
    assert found.features.ndim == 4
    assert len(found.features) == len(found.labels)

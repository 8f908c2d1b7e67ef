import hashlib
import io
import pickle
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from signs.core.errors import UserError
from signs.data import classes
from signs.data.classes import Classes, SignClass
from signs.data.datasets import SPLITS
from signs.sources.release import KNOWN_SHA256, provenance, read_release

KNOWN = Classes(tuple(SignClass(id, f"sign {id}", "photographs") for id in range(43)))
SIZES = {"train": 60, "valid": 43, "test": 50}
IDS = np.arange(43)


def pickled(count: int, ids: np.ndarray, channels: tuple[int, ...] = (3,), **extra: object) -> bytes:
    features = np.arange(count * 4 * 5 * np.prod(channels)).reshape(count, 4, 5, *channels).astype(np.uint8)
    return pickle.dumps({"features": features, "labels": np.resize(ids, count), **extra}, protocol=3)


def pickles(ids: np.ndarray = IDS, channels: tuple[int, ...] = (3,)) -> dict[str, bytes]:
    return {f"{split}.p": pickled(count, ids, channels) for split, count in SIZES.items()}


def zipped(path: Path, members: dict[str, bytes]) -> tuple[Path, str]:
    """Writes a zip; gives its path and its SHA-256."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    path.write_bytes(buffer.getvalue())
    return path, hashlib.sha256(buffer.getvalue()).hexdigest()


def released(tmp_path: Path, members: dict[str, bytes]):
    path, sha256 = zipped(tmp_path / "signs.zip", members)
    return read_release(tmp_path / "downloads", KNOWN, [str(path)], sha256)


def test_a_release_gives_its_three_pickles(tmp_path):
    dataset = released(tmp_path, pickles())
    assert {split: len(part.labels) for split, part in dataset.splits.items()} == SIZES
    for split, part in dataset.splits.items():
        expected = pickle.loads(pickles()[f"{split}.p"])
        np.testing.assert_array_equal(part.features, expected["features"])
        np.testing.assert_array_equal(part.labels, expected["labels"])
        assert part.features.dtype == np.uint8
    assert dataset.classes == KNOWN


def test_extra_keys_and_extra_files_do_no_harm(tmp_path):
    extra = {"sizes": np.ones((60, 2)), "coords": np.ones((60, 4), dtype=np.int32)}
    members = {**pickles(), "train.p": pickled(60, IDS, **extra), "README.txt": b"hello", "old/notes.p": b"no pickle"}
    assert len(released(tmp_path, members).train.labels) == 60


@pytest.mark.parametrize("prefix", ["signs/", "a/b c/", "signs\\"])
def test_the_pickles_may_lie_in_a_folder(tmp_path, prefix):
    dataset = released(tmp_path, {prefix + name: content for name, content in pickles().items()})
    assert len(dataset.test.labels) == 50


def test_what_macos_adds_is_passed_over(tmp_path):
    copies = {f"__MACOSX/{prefix}{name}": b"x" for name in pickles() for prefix in ("._", "")}
    members = {**pickles(), **copies, "__MACOSX/signnames.csv": b"x"}
    assert released(tmp_path, members).classes == KNOWN


@pytest.mark.parametrize("split", SPLITS)
def test_a_missing_pickle_is_named(tmp_path, split):
    members = pickles()
    del members[f"{split}.p"]
    with pytest.raises(UserError, match=rf"signs\.zip holds no {split}\.p; expected train\.p, valid\.p and test\.p"):
        released(tmp_path, members)


def test_two_pickles_of_one_name_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"holds 2 train\.p \(train\.p, old/train\.p\); expected one"):
        released(tmp_path, {**pickles(), "old/train.p": b""})


def test_a_damaged_pickle_is_named(tmp_path):
    with pytest.raises(UserError, match=r"signs\.zip/valid\.p cannot be read as a pickle of arrays"):
        released(tmp_path, {**pickles(), "valid.p": pickles()["valid.p"][:-100]})


def test_a_pickle_that_would_run_code_is_refused_and_not_run(tmp_path):
    class Hostile:
        def __reduce__(self):
            return Path.touch, (tmp_path / "trace",)

    with pytest.raises(UserError, match="refused, not run"):
        released(tmp_path, {**pickles(), "test.p": pickle.dumps(Hostile())})
    assert not (tmp_path / "trace").exists()


def test_splits_that_do_not_fit_together_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"signs\.zip/test\.p: labels \[43\] occur in no training image"):
        released(tmp_path, {**pickles(), "test.p": pickled(50, np.arange(44))})


# Other forms


def test_pickles_of_other_forms_are_converted_and_it_says_so(tmp_path, capsys):
    as_float = {name: pickle.loads(content) for name, content in pickles().items()}
    for split in as_float.values():
        split["features"] = split["features"] / np.float32(255)
        split["labels"] = np.eye(43)[split["labels"]]
        split["filenames"] = [f"{number}.png" for number in range(len(split["labels"]))]
    dataset = released(tmp_path, {name: pickle.dumps(split) for name, split in as_float.items()})
    said = capsys.readouterr().out
    for name, part in dataset.splits.items():
        expected = pickle.loads(pickles()[f"{name}.p"])
        np.testing.assert_array_equal(part.features, expected["features"])
        np.testing.assert_array_equal(part.labels, expected["labels"])
        assert part.filenames[1] == "1.png"
        assert f"signs.zip/{name}.p: labels are one-hot, and read as ids from 0 to 42" in said
        assert f"signs.zip/{name}.p: features are float32 from 0 to 1, and read as 0 to 1" in said


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"features": np.zeros((60, 3, 8, 9), np.uint8)}, "have their channels first; data"),
        ({"features": np.zeros((60, 8, 9, 4), np.uint8)}, "have 4 channels, as RGBA has; data"),
        ({"features": np.zeros((60, 8, 9, 3), np.float32) - 1}, "from -1 to -1; expected uint8 from 0 to 255"),
        ({"labels": np.array(["stop"] * 60)}, "labels are text; names"),
        ({"labels": {"a": 2}}, "labels are a dict; expected an array"),
        ({"features": "red"}, "features are a str; expected an array"),
    ],
)
def test_pickles_of_unclear_meaning_are_refused_in_one_line(tmp_path, changes, message):
    content = pickle.dumps(pickle.loads(pickles()["train.p"]) | changes)
    with pytest.raises(UserError, match=rf"signs\.zip/train\.p: .*{message}") as caught:
        released(tmp_path, {**pickles(), "train.p": content})
    assert "\n" not in str(caught.value)


def test_a_pickle_without_the_keys_is_named(tmp_path):
    with pytest.raises(UserError, match=r"train\.p holds \['X', 'y'\]; expected a dict with the keys 'features' and"):
        released(tmp_path, {**pickles(), "train.p": pickle.dumps({"X": 1, "y": 2})})


# Names of the classes


def test_the_names_in_the_zip_come_first(tmp_path):
    own = b"ClassId,SignName\r\n" + b"".join(b"%d,own %d\r\n" % (id, id) for id in range(43))
    dataset = released(tmp_path, {**pickles(), "signs/signnames.csv": own})
    assert dataset.classes.names == [f"own {id}" for id in range(43)]


def test_a_table_of_names_that_is_none_is_named(tmp_path):
    with pytest.raises(UserError, match=r"signs\.zip/signnames\.csv is no table of ClassId, SignName"):
        released(tmp_path, {**pickles(), "signnames.csv": b"<html>\n<p>"})


@pytest.mark.parametrize("ids", [np.arange(10), np.arange(1, 44), np.array([0, 2, 7, 700])])
def test_without_names_the_ids_are_the_names_and_it_says_so(tmp_path, capsys, ids):
    dataset = released(tmp_path, pickles(ids))
    assert dataset.classes.ids.tolist() == ids.tolist()
    assert dataset.classes.names == [str(id) for id in ids]
    assert (dataset.classes.partners == -1).all()
    assert f"The zip names no classes and its {len(ids)} are not those of signnames.csv" in capsys.readouterr().out


def test_with_names_nothing_is_said_of_ids(tmp_path, capsys):
    released(tmp_path, pickles())
    assert "names no classes" not in capsys.readouterr().out


@pytest.mark.parametrize(("channels", "shape"), [((1,), (4, 5, 1)), ((), (4, 5, 1)), ((3,), (4, 5, 3))])
def test_images_may_be_in_one_channel(tmp_path, channels, shape):
    assert released(tmp_path, pickles(np.arange(10), channels)).train.features.shape[1:] == shape


# Checksums


def test_a_local_file_needs_a_checksum_and_the_error_gives_it(tmp_path):
    path, sha256 = zipped(tmp_path / "signs.zip", pickles())
    for mirrors in ([str(path)], [path.as_uri()], ["nowhere.zip", str(path)]):
        with pytest.raises(UserError, match=rf"so fetch\.sha256 must be set, .*; it is now {sha256}"):
            read_release(tmp_path / "downloads", KNOWN, mirrors, None)


def test_a_download_without_a_checksum_prints_it(site, tmp_path, capsys):
    _, sha256 = zipped(site.folder / "signs.zip", pickles())
    read_release(tmp_path / "downloads", KNOWN, [f"{site.url}/signs.zip"], None)
    assert f"SHA-256 of the download: {sha256}; set fetch.sha256" in capsys.readouterr().out


def test_a_download_with_a_checksum_is_checked_and_nothing_is_printed_of_it(site, tmp_path, capsys):
    _, sha256 = zipped(site.folder / "signs.zip", pickles())
    mirrors = [f"{site.url}/missing.zip", f"{site.url}/signs.zip"]
    read_release(tmp_path / "downloads", KNOWN, mirrors, sha256)
    assert "SHA-256" not in capsys.readouterr().out
    with pytest.raises(UserError, match=f"its SHA256 is {sha256}, expected {'0' * 64}"):
        read_release(tmp_path / "downloads", KNOWN, mirrors, "0" * 64)


def test_what_cannot_be_had_names_the_command_that_runs_on_the_sample(tmp_path):
    remedy = re.escape("no connection. To use rendered images instead: dvc exp run -S fetch.source=sample")
    with pytest.raises(UserError, match=rf"^fetch\.url: http://127\.0\.0\.1:9/signs\.zip: {remedy}$"):
        read_release(tmp_path / "downloads", KNOWN, ["http://127.0.0.1:9/signs.zip"], "0" * 64)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr("signs.sources.download.PAUSES_SECONDS", ())
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


# Provenance


def test_the_most_common_pickle_is_recognized():
    known = {"train": hashlib.sha256(b"content").hexdigest()}
    assert provenance("train", io.BytesIO(b"content"), known) == "train.p is the pickle that circulates most widely"
    assert provenance("train", io.BytesIO(b"Content"), known) == "train.p is not the pickle that circulates most widely"


def test_each_pickle_is_compared_with_the_most_common_one(tmp_path, capsys):
    released(tmp_path, pickles())
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"{split}.p is not the pickle that circulates most widely" for split in SPLITS]
    assert KNOWN_SHA256.keys() == set(SPLITS)


def test_the_classes_of_the_project_are_the_43_of_the_benchmark():
    known = classes.read(Path(__file__).parents[2] / "data" / classes.FILE_NAME)
    assert known.ids.tolist() == list(range(43))


@pytest.mark.parametrize("channels", [(), (1,), (3,)])
@pytest.mark.parametrize("kind", ["uint8", "floats to 1", "floats to 255", "one-hot labels", "large"])
def test_in_shards_the_images_are_the_same(tmp_path, channels, kind):
    members = {}
    for split, size in SIZES.items():
        count = size * (400 if kind == "large" else 1)
        features = (np.arange(count * 4 * 5 * np.prod(channels)) % 256).reshape(count, 4, 5, *channels)
        features = features.astype(np.uint8) if kind in ("uint8", "large") else features.astype(np.float32)
        labels = np.resize(IDS, count)
        content = {
            "features": features / np.float32(255) if kind == "floats to 1" else features,
            "labels": np.eye(labels.max() + 1)[labels] if kind == "one-hot labels" else labels,
        }
        members[f"{split}.p"] = pickle.dumps(content, protocol=5)
    path, sha256 = zipped(tmp_path / "signs.zip", members)
    whole, parts = (
        read_release(tmp_path / "downloads", KNOWN, [str(path)], sha256, shard_images) for shard_images in (None, 7)
    )
    assert whole.classes == parts.classes
    for name, split in parts.splits.items():
        assert split.features.part == 7
        np.testing.assert_array_equal(split.features[:], whole.splits[name].features)
        np.testing.assert_array_equal(split.labels, whole.splits[name].labels)

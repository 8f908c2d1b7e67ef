import hashlib
import io
import math
import zipfile
from collections import Counter
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from signs.core.errors import UserError
from signs.data import reader
from signs.data.classes import Classes, SignClass
from signs.data.splits import Split
from signs.sources.gtsrb import TEST_IMAGES, TEST_LABELS, TRAINING_IMAGES, Entry, in_validation, read_gtsrb
from signs.sources.splitting import Fold

HEADER = "Filename;Width;Height;Roi.X1;Roi.Y1;Roi.X2;Roi.Y2;ClassId"
KNOWN = Classes(tuple(SignClass(id, f"sign {id}", "photographs") for id in range(43)))
TRACKS = {0: 3, 5: 11, 33: 2}  # class to tracks
FRAMES = 4
SETTINGS = {"height": 8, "width": 6, "valid_share": 0.1, "seed": 1}
# Number of images of each class in the benchmark's 39,209; a track has 30.
BENCHMARK = [210, 2220, 2250, 1410, 1980, 1860, 420, 1440, 1410, 1470, 2010, 1320, 2100, 2160, 780, 630, 420, 1110]
BENCHMARK += [1200, 210, 360, 330, 390, 510, 270, 1500, 600, 240, 540, 270, 450, 780, 240, 689, 420, 1200, 390, 210]
BENCHMARK += [2070, 300, 360, 240, 240]


def picture(number: int) -> np.ndarray:
    """An RGB image of its own size and colours; red is the greater part."""
    image = np.zeros((15 + number % 7, 18 + number % 5, 3), dtype=np.uint8)
    image[...] = (200, number % 50, 3 * (number % 30))
    image[:5] //= 2
    return image


def ppm(number: int) -> bytes:
    done, content = cv2.imencode(".ppm", cv2.cvtColor(picture(number), cv2.COLOR_RGB2BGR))
    assert done
    return content.tobytes()


def table(rows: list[tuple[str, int]], header: str = HEADER) -> bytes:
    return "\r\n".join([header, *(f"{name};29;30;5;6;24;25;{label}" for name, label in rows), ""]).encode("ascii")


def training_members() -> dict[str, bytes]:
    members = {
        "GTSRB/Readme-Images.txt": b"The German Traffic Sign Recognition Benchmark",
        "GTSRB/Final_Training/": b"",
    }
    number = 0
    for label, tracks in TRACKS.items():
        folder = f"GTSRB/Final_Training/Images/{label:05}"
        names = [f"{track:05}_{frame:05}.ppm" for track in range(tracks) for frame in range(FRAMES)]
        members[f"{folder}/GT-{label:05}.csv"] = table([(name, label) for name in names])
        for name in names:
            members[f"{folder}/{name}"] = ppm(number)
            number += 1
    return members


def members_of_the_test() -> dict[str, bytes]:
    bare = HEADER.removesuffix(";ClassId")
    names = [f"{number:05}.ppm" for number in range(9)]
    rows = "\r\n".join([bare, *(f"{name};29;30;5;6;24;25" for name in names)]).encode()
    members = {"GTSRB/Readme-Images-Final-test.txt": b"readme", "GTSRB/Final_Test/Images/GT-final_test.test.csv": rows}
    return members | {
        f"GTSRB/Final_Test/Images/{name}": ppm(100 + number) for number, name in reversed([*enumerate(names)])
    }


TEST_LABEL_IDS = [33, 5, 5, 0, 33, 0, 0, 5, 33]


def label_members() -> dict[str, bytes]:
    return {"GT-final_test.csv": table([(f"{number:05}.ppm", label) for number, label in enumerate(TEST_LABEL_IDS)])}


def zipped(path: Path, members: dict[str, bytes]) -> str:
    """Writes an archive; gives its MD5."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    path.write_bytes(buffer.getvalue())
    return hashlib.md5(buffer.getvalue()).hexdigest()


def published(folder: Path, training=None, test=None, labels=None) -> dict[str, str]:
    """Writes the three archives, each of the true form unless given; gives their MD5s."""
    return {
        "training_images": zipped(folder / TRAINING_IMAGES, training or training_members()),
        "test_images": zipped(folder / TEST_IMAGES, test or members_of_the_test()),
        "test_labels": zipped(folder / TEST_LABELS, labels or label_members()),
    }


def fetched(tmp_path: Path, **archives):
    folder = tmp_path / "published"
    folder.mkdir()
    return read_gtsrb(tmp_path, KNOWN, archives={"url": str(folder), "md5": published(folder, **archives)}, **SETTINGS)


def scaled(numbers: list[int]) -> np.ndarray:
    return np.stack([reader.resize(picture(number), 8, 6) for number in numbers])


def tracks_of(split: Split) -> set[tuple[int, int]]:
    """Label and number of each image's track, looked up by its pixels."""
    everything = scaled(list(range(sum(TRACKS.values()) * FRAMES)))
    numbers = [int(np.flatnonzero((everything == image).all(axis=(1, 2, 3)))[0]) for image in split.features]
    return {(label, number // FRAMES) for label, number in zip(split.labels.tolist(), numbers, strict=True)}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr("signs.sources.download.PAUSES_SECONDS", ())
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_three_archives_of_the_official_form_give_a_data_set(site, tmp_path):
    md5 = published(site.folder)
    dataset = read_gtsrb(tmp_path / "downloads", KNOWN, archives={"url": f"{site.url}/", "md5": md5}, **SETTINGS)
    assert Counter(dataset.train.labels.tolist()) == {0: 2 * FRAMES, 5: 9 * FRAMES, 33: 1 * FRAMES}
    assert Counter(dataset.valid.labels.tolist()) == {0: 1 * FRAMES, 5: 2 * FRAMES, 33: 1 * FRAMES}
    assert dataset.classes.names == ["sign 0", "sign 5", "sign 33"]
    assert dataset.train.features.shape[1:] == (8, 6, 3)
    assert dataset.train.features.dtype == np.uint8
    assert sorted(site.requested) == sorted([TRAINING_IMAGES, TEST_IMAGES, TEST_LABELS])


def test_a_rerun_does_not_download_again(site, tmp_path):
    md5 = published(site.folder)
    first = read_gtsrb(tmp_path / "downloads", KNOWN, archives={"url": site.url, "md5": md5}, **SETTINGS)
    second = read_gtsrb(tmp_path / "downloads", KNOWN, archives={"url": site.url, "md5": md5}, **SETTINGS)
    assert len(site.requested) == 3
    for split in first.splits:
        np.testing.assert_array_equal(first.splits[split].features, second.splits[split].features)


def test_no_track_is_divided(tmp_path):
    dataset = fetched(tmp_path)
    assert not tracks_of(dataset.train) & tracks_of(dataset.valid)


def test_another_seed_holds_out_other_tracks():
    entries = [Entry(f"{track:05}_00000.ppm", 0) for track in range(50)]
    first, second = (in_validation(entries, 0.1, seed) for seed in (1, 2))
    assert first.sum() == second.sum() == 5
    assert (first != second).any()


def test_each_track_is_held_out_in_one_fold():
    entries = [
        Entry(f"{track:05}_{frame:05}.ppm", label) for label in range(2) for track in range(7) for frame in range(2)
    ]
    folds = [in_validation(entries, 0.1, 1, Fold(number, 3)) for number in (1, 2, 3)]
    np.testing.assert_array_equal(np.sum(folds, axis=0), 1)
    assert [fold.sum() for fold in folds] == [12, 8, 8]
    for fold in folds:
        np.testing.assert_array_equal(fold[::2], fold[1::2])


def test_training_images_are_scaled_whole_in_red_green_blue(tmp_path):
    dataset = fetched(tmp_path)
    features = np.concatenate([dataset.train.features, dataset.valid.features])
    expected = scaled(list(range(sum(TRACKS.values()) * FRAMES)))
    assert Counter(map(bytes, features)) == Counter(map(bytes, expected))


def test_test_images_come_in_the_official_order(tmp_path):
    dataset = fetched(tmp_path)
    np.testing.assert_array_equal(dataset.test.features, scaled(list(range(100, 109))))
    assert dataset.test.labels.tolist() == TEST_LABEL_IDS


def test_images_keep_the_names_that_they_have_in_the_archives(tmp_path):
    dataset = fetched(tmp_path)
    assert dataset.test.filenames.tolist() == [f"GTSRB/Final_Test/Images/{number:05}.ppm" for number in range(9)]
    for split in (dataset.train, dataset.valid):
        for image, name in zip(split.features, split.filenames, strict=True):
            content = training_members()[name]
            np.testing.assert_array_equal(image, reader.resize(reader.decode_rgb(content, name), 8, 6))


@given(
    counts=st.lists(st.integers(1, 120), min_size=1, max_size=5),
    hundredths=st.integers(0, 100),
    seed=st.integers(0, 2**32 - 1),
)
@example(counts=[100], hundredths=7, seed=0)  # 0.07 * 100 is 7.000000000000001
def test_the_share_of_each_class_rounded_up_is_held_out_in_whole_tracks(counts, hundredths, seed):
    entries = [
        Entry(f"folder/{track:05}_{frame:05}.ppm", label)
        for label, count in enumerate(counts)
        for track in range(count)
        for frame in range(2)
    ]
    held_out = in_validation(entries, hundredths / 100, seed)
    assert held_out.dtype == bool
    parts: dict[bool, set] = {True: set(), False: set()}
    for entry, held in zip(entries, held_out, strict=True):
        parts[bool(held)].add((entry.label, entry.file[:12]))
    assert not parts[True] & parts[False]
    for label, count in enumerate(counts):
        assert sum(track[0] == label for track in parts[True]) == math.ceil(Fraction(hundredths, 100) * count)


def test_the_benchmark_is_divided_into_34799_and_4410():
    settings = yaml.safe_load((Path(__file__).parents[2] / "params.yaml").read_text())["fetch"]["gtsrb"]
    entries = [
        # Class 33 has one track of 29 frames (here 19).
        Entry(f"{(number + (label == 33 and number >= 599)) // 30:05}_00000.ppm", label)
        for label, count in enumerate(BENCHMARK)
        for number in range(count)
    ]
    held_out = in_validation(entries, settings["valid_share"], settings["seed"])
    assert (len(entries), held_out.sum(), (~held_out).sum()) == (39_209, 4_410, 34_799)


# What is not as it should be


def test_a_wrong_checksum_names_the_archive_and_both_sums(site, tmp_path):
    md5 = published(site.folder)
    with pytest.raises(UserError, match=f"{TEST_IMAGES}: its MD5 is {md5['test_images']}, expected {'0' * 32}"):
        read_gtsrb(tmp_path, KNOWN, archives={"url": site.url, "md5": {**md5, "test_images": "0" * 32}}, **SETTINGS)


def test_a_checksum_of_another_kind_is_refused(tmp_path):
    md5 = {"training_images": "0" * 64, "test_images": "0" * 32, "test_labels": "0" * 32}
    with pytest.raises(UserError, match=r"params\.yaml: fetch\.gtsrb\.archives\.md5\.training_images is '0000"):
        read_gtsrb(tmp_path, KNOWN, archives={"url": str(tmp_path), "md5": md5}, **SETTINGS)


def test_what_cannot_be_had_names_the_command_that_runs_on_the_sample(tmp_path):
    md5 = {"training_images": "0" * 32, "test_images": "0" * 32, "test_labels": "0" * 32}
    with pytest.raises(UserError, match=r"^fetch\.gtsrb: .*no connection.*: dvc exp run -S fetch\.source=sample$"):
        read_gtsrb(tmp_path, KNOWN, archives={"url": "http://127.0.0.1:9", "md5": md5}, **SETTINGS)


def test_an_archive_without_tables_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"holds no GT-NNNNN\.csv; it is not the archive of training images"):
        fetched(tmp_path, training={"readme.txt": b"hello"})


def test_a_table_without_rows_is_an_empty_split(tmp_path):
    with pytest.raises(UserError, match="GTSRB is an empty data set: no class, no image"):
        fetched(tmp_path, training={"GTSRB/Final_Training/Images/00000/GT-00000.csv": table([])})


@pytest.mark.parametrize(
    "content",
    [
        table([("00000_00000.ppm", 0)], header=HEADER.replace("ClassId", "Class")),
        table([("00000_00000.ppm", 0)], header=HEADER.replace("Filename", "File")),
        HEADER.encode() + b"\r\n00000_00000.ppm;29",
        HEADER.encode() + b"\r\n00000_00000.ppm;29;30;5;6;24;25;first",
        HEADER.encode() + b"\r\n00000_00000.ppm;29;30;5;6;24;25;-1",
        HEADER.encode() + b"\r\n" + b"x" * 200_000,
    ],
)
def test_a_table_without_the_columns_is_named(tmp_path, content):
    name = "GTSRB/Final_Training/Images/00005/GT-00005.csv"
    message = (
        r"Images\.zip/GTSRB/Final_Training/Images/00005/GT-00005\.csv(: ClassId| is no table of Filename, ClassId)"
    )
    with pytest.raises(UserError, match=message):
        fetched(tmp_path, training=training_members() | {name: content})


def test_a_missing_image_is_named(tmp_path):
    members = training_members()
    del members["GTSRB/Final_Training/Images/00005/00007_00002.ppm"]
    with pytest.raises(UserError, match=r"Images/00005/00007_00002\.ppm is missing, though a table lists it"):
        fetched(tmp_path, training=members)


def test_a_damaged_image_is_named(tmp_path):
    name = "GTSRB/Final_Training/Images/00005/00007_00002.ppm"
    with pytest.raises(UserError, match=r"Images/00005/00007_00002\.ppm cannot be read as "):
        fetched(tmp_path, training=training_members() | {name: b"P6 no image"})


@pytest.mark.parametrize("row", [2, -1])
def test_labels_that_do_not_fit_the_test_images_are_named(tmp_path, row):
    rows = [(f"{number:05}.ppm", label) for number, label in enumerate(TEST_LABEL_IDS)]
    name, _ = rows.pop(row)
    with pytest.raises(UserError, match=rf"do not fit: {name} is in one of them only"):
        fetched(tmp_path, labels={"GT-final_test.csv": table(rows)})


def test_a_test_image_too_few_is_named(tmp_path):
    members = members_of_the_test()
    del members["GTSRB/Final_Test/Images/00004.ppm"]
    with pytest.raises(UserError, match=r"do not fit: 00004\.ppm is in one of them only"):
        fetched(tmp_path, test=members)


def test_a_truncated_archive_is_refused_though_its_checksum_fits(tmp_path):
    folder = tmp_path / "published"
    folder.mkdir()
    md5 = published(folder)
    content = (folder / TRAINING_IMAGES).read_bytes()[:-500]
    (folder / TRAINING_IMAGES).write_bytes(content)
    md5["training_images"] = hashlib.md5(content).hexdigest()
    with pytest.raises(UserError, match=f"{TRAINING_IMAGES} is no whole zip archive"):
        read_gtsrb(tmp_path, KNOWN, archives={"url": str(folder), "md5": md5}, **SETTINGS)


def test_in_shards_the_images_are_the_same(tmp_path):
    archives = {"url": str(tmp_path), "md5": published(tmp_path)}
    whole, parts = (
        read_gtsrb(tmp_path / "downloads", KNOWN, shard_images, archives=archives, **SETTINGS)
        for shard_images in (None, 20)
    )
    for name, split in parts.splits.items():
        assert split.features.part == 20
        np.testing.assert_array_equal(split.features[:], whole.splits[name].features)
        assert (split.filenames == whole.splits[name].filenames).all()

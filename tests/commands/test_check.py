import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from signs.commands import check
from signs.data import datasets
from signs.data.classes import of_labels
from signs.data.datasets import DataSet, Split
from signs.exploration.statistics import explore

ROOT = Path(__file__).parents[2]
FIT = "verdict: fit to train on"


def dataset(train=12, valid=2, test=3, classes=3):
    """Noise: each count is of images a class."""
    rng = np.random.default_rng(0)
    splits = [
        Split(rng.integers(0, 256, (count * classes, 32, 32, 3), dtype=np.uint8), np.repeat(np.arange(classes), count))
        for count in (train, valid, test)
    ]
    return DataSet(*splits, of_labels(splits[0].labels, origin="rendered"))


def found(**changes):
    return explore(dataset(), seed=1, max_images=1000, similarity=0.99).found | changes


def checked(folder):
    """The program as a user starts it."""
    command = [sys.executable, "-m", "signs.check", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def verdict(found):
    lines = check.describe("ours", found)
    assert lines[-1].startswith("verdict: ")
    assert not any("\n" in line for line in lines)
    return lines[-1]


# --- as a program


def test_a_sound_data_set_is_fit_to_train_on(tmp_path):
    datasets.write(tmp_path / "ours", dataset())
    done = checked(tmp_path / "ours")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"{tmp_path / 'ours'}: 3 classes of 32x32 images in 3 channels, rendered",
        "train 36, valid 6, test 9 images",
        "12 to 12 training images a class, median 12",
        "0.0% of training images have a mean pixel value below 20",
        "copies: valid of train 0 exact, 0 near; test of train 0 exact, 0 near; test of valid 0 exact, 0 near",
        FIT,
    ]


def test_leaks_few_images_and_missing_classes_are_in_the_verdict(tmp_path):
    data = dataset(train=4)
    data.test.features[:2] = data.train.features[:2]
    data.test.features[2] = np.rint(data.train.features[2] * 0.9)
    valid = Split(data.valid.features[:2], data.valid.labels[:2])
    datasets.write(tmp_path / "ours", DataSet(data.train, valid, data.test, data.classes))
    done = checked(tmp_path / "ours")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == (
        "verdict: valid has no image of 2 classes (1, 2); 3 of 9 test images have a copy in train; "
        "3 classes have fewer than 10 training images"
    )


def test_a_missing_folder_is_one_line_and_exit_code_1(tmp_path):
    done = checked(tmp_path / "none")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"check: {tmp_path}/none/train.p is missing; a data set is a folder with train.p, valid.p and test.p\n"
    )


def test_a_preprocessed_data_set_is_one_line_and_exit_code_1(tmp_path):
    converted = dataset().map(lambda split: Split(split.features.astype(np.float32) / 255, split.labels))
    datasets.write(tmp_path / "ours", converted)
    done = checked(tmp_path / "ours")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("check: images are float32 in 3 channels; expected uint8")
    assert done.stderr.count("\n") == 1


# --- the lines


def test_the_counts_have_separators_and_the_median_is_of_classes():
    rows = [
        {"id": id, "origin": "photographs", "train": count, "valid": 1, "test": 1}
        for id, count in enumerate((180, 210, 2010))
    ]
    lines = check.describe("ours", found(classes=rows, images={"train": 34799, "valid": 4410, "test": 12630}))
    assert lines[1] == "train 34,799, valid 4,410, test 12,630 images"
    assert lines[3] == "180 to 2,010 training images a class, median 210"


def test_all_origins_are_named():
    rows = [
        row | {"origin": origin}
        for row, origin in zip(found()["classes"], ("synthetic", "rendered", "rendered"), strict=True)
    ]
    assert check.describe("ours", found(classes=rows))[0].endswith("3 channels, rendered and synthetic")


def test_the_share_of_dark_images_is_told():
    """Of 40 images that were looked at 3 are below 10, 5 from there to 20."""
    counts = [3, 5, 32] + [0] * 23
    brightness = {"edges": list(range(0, 261, 10)), "train": counts, "valid": counts}
    looked_at = {"train": 40, "valid": 6, "test": 9}
    lines = check.describe("ours", found(brightness=brightness, looked_at=looked_at))
    assert "20.0% of training images have a mean pixel value below 20" in lines


def test_a_sample_is_said_to_be_one():
    said = "brightness and copies are judged by a sample of at most 1,000 a split"
    assert said in check.describe("ours", found(looked_at={"train": 1000, "valid": 6, "test": 9}))
    assert said not in check.describe("ours", found())


def test_of_many_missing_classes_the_first_are_named():
    rows = [{"id": 3 * id, "origin": "rendered", "train": 10, "valid": 1, "test": 0} for id in range(20)]
    assert verdict(found(classes=rows)) == "verdict: test has no image of 20 classes (0, 3, 6, 9, 12, 15, 18, 21, ...)"


@pytest.mark.parametrize(("exact", "near"), [(1, 0), (0, 1), (700, 300)])
def test_any_copy_is_in_the_verdict(exact, near):
    pair = {"first": "train", "second": "test", "images": 5000, "exact": exact, "near": near, "examples": []}
    text = f"{exact + near:,} of 5,000 test images have a copy in train"
    assert verdict(found(copies=[pair])) == f"verdict: {text}"


@pytest.mark.parametrize(("count", "fit"), [(9, False), (10, True)])
def test_ten_training_images_a_class_are_enough(count, fit):
    rows = [row | {"train": count} for row in found()["classes"]]
    assert (verdict(found(classes=rows)) == FIT) == fit

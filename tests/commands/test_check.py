import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from signs.commands import check
from signs.data import datasets
from signs.data.classes import Classes, classes_from_labels
from signs.data.datasets import DataSet
from signs.data.splits import Split
from signs.exploration.summary import explore

ROOT = Path(__file__).parents[2]


def dataset(train=12, valid=2, test=3, classes=3):
    """Noise: each count is of images a class."""
    rng = np.random.default_rng(0)
    splits = [
        Split(rng.integers(0, 256, (count * classes, 32, 32, 3), dtype=np.uint8), np.repeat(np.arange(classes), count))
        for count in (train, valid, test)
    ]
    return DataSet(*splits, classes_from_labels(splits[0].labels, origin="rendered"))


def found(**changes):
    return explore(dataset(), seed=1, max_images=1000, similarity=0.99).found | changes


def checked(folder):
    """The program as a user starts it."""
    command = [sys.executable, "-m", "signs", "check", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def verdict(found):
    return "; ".join(check.find_warnings(dataset(), found))


# --- as a program


def test_a_sound_data_set_is_fit_to_train_on(tmp_path):
    datasets.write(tmp_path / "ours", dataset())
    done = checked(tmp_path / "ours")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"{tmp_path / 'ours'}: 3 classes, images of 32x32 pixels and 3 channels, rendered",
        "images: train 36, valid 6, test 9",
        "training images per class: 12 to 12, median 12",
        "dark training images (mean pixel value below 20): 0.0%",
        "copies: 0 exact and 0 near ones of train in valid; 0 exact and 0 near ones of train in test; "
        "0 exact and 0 near ones of valid in test",
        "params.yaml: steps an epoch: 1, fewer than 20 (36 images in batches of 1,024); set train.batch_size to at "
        "most 1",
        "verdict: fit to train on",
    ]


def test_leaks_few_images_and_missing_classes_are_in_the_verdict_and_in_the_exit_code(tmp_path):
    data = dataset(train=4)
    data.test.features[:2] = data.train.features[:2]
    data.test.features[2] = np.rint(data.train.features[2] * 0.9)
    valid = Split(data.valid.features[:2], data.valid.labels[:2])
    datasets.write(tmp_path / "ours", DataSet(data.train, valid, data.test, data.classes))
    done = checked(tmp_path / "ours")
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[-1] == (
        "verdict: no valid images of 1, 2; 3 of 9 test images are copies of train images; "
        "3 classes have fewer than 10 training images"
    )


def test_an_empty_data_set_is_one_line_and_exit_code_1(tmp_path):
    nothing = Split(np.empty((0, 32, 32, 3), np.uint8), np.empty(0, np.int64))
    datasets.write(tmp_path / "none", DataSet(nothing, nothing, nothing, Classes(())))
    done = checked(tmp_path / "none")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"signs check: {tmp_path}/none is an empty data set: no class, no image;")


def test_a_missing_folder_is_one_line_and_exit_code_1(tmp_path):
    done = checked(tmp_path / "none")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"signs check: {tmp_path}/none/train.p is missing; a data set is a folder with train.p, valid.p and test.p, "
        "or with folders train, valid and test of such files, 00000.p and so on\n"
    )


def test_a_preprocessed_data_set_is_one_line_and_exit_code_1(tmp_path):
    converted = dataset().map(lambda split: Split(split.features.astype(np.float32) / 255, split.labels))
    datasets.write(tmp_path / "ours", converted)
    done = checked(tmp_path / "ours")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("signs check: images are float32 in 3 channels; expected uint8")
    assert done.stderr.count("\n") == 1


# --- the lines


def test_the_counts_have_separators_and_the_median_is_of_classes():
    rows = [
        {"id": id, "origin": "photographs", "train": count, "valid": 1, "test": 1}
        for id, count in enumerate((180, 210, 2010))
    ]
    lines = check.describe("ours", found(classes=rows, images={"train": 34799, "valid": 4410, "test": 12630}))
    assert "images: train 34,799, valid 4,410, test 12,630" in lines
    assert "training images per class: 180 to 2,010, median 210" in lines


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
    assert "dark training images (mean pixel value below 20): 20.0%" in lines


def test_a_sample_is_said_to_be_one():
    said = "brightness and copies: from a sample of at most 1,000 images per split"
    assert said in check.describe("ours", found(looked_at={"train": 1000, "valid": 6, "test": 9}))
    assert said not in check.describe("ours", found())


@pytest.mark.parametrize(("exact", "near"), [(1, 0), (0, 1), (700, 300)])
def test_any_copy_is_in_the_verdict(exact, near):
    pair = {"first": "train", "second": "test", "images": 5000, "exact": exact, "near": near, "examples": []}
    assert verdict(found(copies=[pair])) == f"{exact + near:,} of 5,000 test images are copies of train images"


@pytest.mark.parametrize(("count", "fit"), [(9, False), (10, True)])
def test_ten_training_images_a_class_are_enough(count, fit):
    rows = [row | {"train": count} for row in found()["classes"]]
    assert (verdict(found(classes=rows)) == "") == fit

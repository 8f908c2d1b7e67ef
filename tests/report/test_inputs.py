import json

import numpy as np
import pytest

from signs.core import documents, tables
from signs.core.errors import UserError
from signs.core.scores import softmax
from signs.data import datasets, pixels
from signs.data.classes import Classes, SignClass
from signs.data.datasets import DataSet
from signs.data.splits import Split
from signs.evaluation import diagnosis, diagnosis_files, metrics, predictions
from signs.evaluation.predictions import Predictions
from signs.exploration.summary import explore
from signs.preparation.merging import merge
from signs.preparation.preprocessing import preprocess
from signs.report import inputs

NAMES = {3: "Stop", 8: "Yield", 20: "Parking"}
ACCEPTANCE = [{"threshold": 0.5, "coverage": 0.25, "accuracy": 1}]
CORRUPTIONS = [{"severity": 0, "blur": 0.75}, {"severity": 1, "blur": 0.5}]
STRESS = {"corrupted": {"blur": 0.5, "mean": 0.5}, "turned_away": {"noise": 1.0}}


def dataset(named=NAMES, origin="photographs", channels=3, counts=(6, 2, 7), seed=0):
    """Noise; each count is of images a class."""
    rng = np.random.default_rng(seed)
    splits = []
    for count in counts:
        labels = np.tile(list(named), count)
        splits.append(Split(rng.integers(0, 256, (len(labels), 16, 16, channels), dtype=np.uint8), labels))
    return DataSet(*splits, Classes(tuple(SignClass(id, name, origin) for id, name in named.items())))


def logits_of(split, classes, seed):
    return np.random.default_rng(seed).normal(0, 1, (len(split.labels), len(classes))).astype(np.float32)


@pytest.fixture
def left(tmp_path):
    """What the stages leave of the data set and of the model `original`: its folder, and the data set."""
    data = dataset()
    explored = explore(data, seed=1, max_images=100, similarity=0.99)
    logits = {name: logits_of(split, data.classes, seed) for seed, (name, split) in enumerate(data.splits.items())}
    labels = {name: split.labels for name, split in data.splits.items()}
    predicted = Predictions(
        data.classes.ids,
        {name: softmax(logits[name]) for name in ("valid", "test")},
        {name: labels[name] for name in ("valid", "test")},
    )
    datasets.write(tmp_path / "data/original", data)
    documents.write(tmp_path / "reports/explore/original/found.json", explored.found)
    predictions.write(
        tmp_path / "predictions/original.npz", predicted, np.zeros(0, int), np.zeros((0, 1, 1), np.float32)
    )
    measured = metrics.evaluate(logits, labels, data.classes, calibration_bins=5, target_accuracy=0.9)
    documents.write(tmp_path / "metrics/original.json", measured)
    tables.write(tmp_path / "metrics/original/history.csv", [{"epoch": 0, "train_accuracy": 0.25, "train_loss": 1.5}])
    tables.write(tmp_path / "metrics/original/acceptance.csv", ACCEPTANCE)
    tables.write(tmp_path / "metrics/original/corruptions.csv", CORRUPTIONS)
    documents.write(tmp_path / "metrics/original/stress.json", STRESS)
    found = diagnosis.diagnose(predicted, data.classes, bins=5, mistakes=8)
    diagnosis_files.write_tables(tmp_path / "metrics/original", found)
    heatmaps = np.linspace(0, 1, len(found.mistakes) * 6).reshape(-1, 3, 2)
    diagnosis_files.write_mistakes(tmp_path / "reports/diagnose/original/mistakes.npz", found.mistakes, heatmaps)
    return tmp_path, data


def read_explored(folder):
    return inputs.explored("original", folder / "data", folder / "reports")


def read_diagnosed(folder, data):
    return inputs.diagnosed("original", data, folder / "metrics", folder / "predictions", folder / "reports")


# --- a data set


def test_what_was_found_in_a_data_set_is_read_back(left):
    folder, data = left
    read = read_explored(folder)
    assert read.name == "original"
    assert read.dataset.classes == data.classes
    assert all(np.array_equal(read.dataset.splits[name].features, data.splits[name].features) for name in data.splits)
    assert read.digest == datasets.digest(folder / "data/original")
    assert read.found == explore(data, seed=1, max_images=100, similarity=0.99).found


@pytest.mark.parametrize("file", ["data/original/test.p", "reports/explore/original/found.json"])
def test_a_missing_or_damaged_file_of_a_data_set_is_named_in_one_line(left, file):
    folder, _ = left
    for spoil in (lambda path: path.write_bytes(b"\x00 what"), lambda path: path.unlink()):
        spoil(folder / file)
        with pytest.raises(ValueError, match=file) as caught:
            read_explored(folder)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("counts", [(5, 2, 7), (6, 1, 7), (6, 2, 8)])
def test_what_was_found_in_another_data_set_is_refused(left, counts):
    folder, _ = left
    datasets.write(folder / "data/original", dataset(counts=counts))
    with pytest.raises(ValueError, match="explore"):
        read_explored(folder)


@pytest.mark.parametrize(("digest", "names"), [("ab", ["original"]), ("cd", ["original", "synthetic"])])
def test_where_both_models_are_one_the_synthetic_data_set_is_left_out(left, digest, names):
    folder, data = left
    datasets.write(folder / "data/synthetic", data)
    documents.write(
        folder / "reports/explore/synthetic/found.json", explore(data, seed=1, max_images=100, similarity=0.99).found
    )
    for model, own in (("original", "ab"), ("augmented", digest)):
        documents.write(folder / "models" / model / "model.json", {"data": own, "train": {"seed": 1}})
    found = inputs.all_explored(folder / "data", folder / "models", folder / "reports")
    assert [part.name for part in found] == names


def test_stored_images_are_compared_with_those_that_the_models_were_trained_on(tmp_path):
    stored = {"original": dataset(), "synthetic": dataset({0: "Bus lane", 1: "Parking"}, "synthetic", seed=1)}
    settings = {
        "preprocess": {"central_fraction": 0.9, "grey": True, "normalize": True, "min_brightness": None},
        "merge": {"hide_photographs_of": [20]},
    }
    for name, data in stored.items():  # as the stages do
        datasets.write(tmp_path / name, data)
        datasets.write(
            tmp_path / "prepared" / name, preprocess(datasets.read(tmp_path / name), **settings["preprocess"])
        )
    prepared = [datasets.read(tmp_path / "prepared" / name) for name in stored]
    datasets.write(tmp_path / "augmented", merge(*prepared, **settings["merge"]))
    for name, folder in (("original", "prepared/original"), ("augmented", "augmented")):
        documents.write(tmp_path / "models" / name / "model.json", {"data": datasets.digest(tmp_path / folder)})
    original, synthetic = (datasets.read(tmp_path / name) for name in stored)
    inputs.check_data([original, synthetic], tmp_path / "models", settings)
    inputs.check_data([original], tmp_path / "models", settings)
    for data, model in ((original, "original"), (synthetic, "augmented")):
        data.test.features[0, 3, 3] ^= 128
        with pytest.raises(
            UserError, match=rf"what data/ holds for {model} is not what .*models/{model} was trained on"
        ):
            inputs.check_data([original, synthetic], tmp_path / "models", settings)
        data.test.features[0, 3, 3] ^= 128


def test_what_a_network_sees_is_the_middle_that_preprocessing_keeps():
    data = dataset()
    seen = inputs.seen(data, {"central_fraction": 0.6, "grey": True})
    for name, split in seen.splits.items():
        assert np.array_equal(split.features, pixels.middle(data.splits[name].features, 0.6))
        assert np.array_equal(split.labels, data.splits[name].labels)


# --- a model


def test_the_results_of_a_model_are_read_back(left):
    folder, data = left
    read = read_diagnosed(folder, data)
    assert (read.name, read.dataset) == ("original", data)
    assert read.metrics == json.loads((folder / "metrics/original.json").read_text())
    assert read.history == [{"epoch": 0, "train_accuracy": 0.25, "train_loss": 1.5}]
    assert (read.acceptance, read.corruptions, read.stress) == (ACCEPTANCE, CORRUPTIONS, STRESS)
    softmax = read.predictions.softmax["test"]
    truth = np.searchsorted(data.classes.ids, data.test.labels)
    assert read.metrics["test"]["accuracy"] == (softmax.argmax(axis=1) == truth).mean()
    assert np.array_equal(read.diagnosis.matrix, diagnosis.confusion(truth, softmax.argmax(axis=1), 3))
    assert read.diagnosis.mistakes.tolist() == diagnosis.wrong(softmax, truth)[:8].tolist()
    assert read.heatmaps == pytest.approx(np.linspace(0, 1, 48).reshape(8, 3, 2), abs=0.5 / 255 + 1e-6)


@pytest.mark.parametrize(
    "file",
    [
        "metrics/original.json",
        "metrics/original/history.csv",
        "metrics/original/confusion.csv",
        "metrics/original/per_class.csv",
        "metrics/original/reliability.csv",
        "metrics/original/valid_reliability.csv",
        "metrics/original/acceptance.csv",
        "metrics/original/corruptions.csv",
        "metrics/original/stress.json",
        "predictions/original.npz",
        "reports/diagnose/original/mistakes.npz",
    ],
)
def test_a_missing_or_damaged_file_of_a_model_is_named_in_one_line(left, file):
    folder, data = left
    for spoil in (lambda path: path.write_bytes(b"\x00 what"), lambda path: path.unlink()):
        spoil(folder / file)
        with pytest.raises(ValueError, match=file) as caught:
            read_diagnosed(folder, data)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("change", ["another label", "another order", "another count"])
def test_predictions_of_other_images_are_refused(left, change):
    folder, data = left
    images, labels = data.test[:2]
    match change:
        case "another label":
            test = Split(images, np.where(np.arange(len(labels)) == 4, 20, labels))
        case "another order":
            test = Split(images[::-1], labels[::-1])
        case _:
            test = Split(images[1:], labels[1:])
    with pytest.raises(ValueError, match="predictions of original are of other images than those in data; dvc repro"):
        read_diagnosed(folder, DataSet(data.train, data.valid, test, data.classes))


def test_predictions_of_other_classes_are_refused(left):
    folder, data = left
    more = Classes((*data.classes.rows, SignClass(30, "Bus lane", "synthetic")))
    with pytest.raises(ValueError, match="are of other classes than the data set"):
        read_diagnosed(folder, DataSet(data.train, data.valid, data.test, more))


def test_the_tables_on_the_page_are_those_that_dvc_plots(left):
    folder, data = left
    path = folder / "metrics/original/per_class.csv"
    rows = tables.read_text(path, ["f1"], "diagnose")
    tables.write(path, [row | {"f1": 0.125} for row in rows])
    assert [row["f1"] for row in read_diagnosed(folder, data).diagnosis.per_class] == [0.125] * 3


@pytest.mark.parametrize("spoiled", ["tables", "mistakes"])
def test_a_diagnosis_of_other_predictions_is_refused(left, spoiled):
    folder, data = left
    if spoiled == "tables":
        path = folder / "metrics/original/confusion.csv"
        path.write_text(path.read_text() + "03,08\n")
    else:
        path = folder / "reports/diagnose/original/mistakes.npz"
        images, heatmaps = diagnosis_files.read_mistakes(path)
        diagnosis_files.write_mistakes(path, images[::-1], heatmaps)
    with pytest.raises(ValueError, match="are not of these predictions; run dvc repro diagnose"):
        read_diagnosed(folder, data)


# --- the images behind the merged data set


def test_behind_the_merged_data_set_are_the_stored_images_in_colour():
    grey = dataset(channels=1)
    synthetic = dataset({0: "Bus lane", 1: "Yield"}, "synthetic", counts=(4, 1, 3), seed=1)
    merged = inputs.augmented(grey, synthetic)
    assert [(row.id, row.name, row.origin) for row in merged.classes.rows] == [
        *((id, name, "photographs") for id, name in NAMES.items()),
        (21, "Bus lane", "synthetic"),
    ]
    assert merged.train.labels.tolist() == [3, 8, 20] * 6 + [21, 8] * 4
    assert merged.test.labels.tolist() == [3, 8, 20] * 7 + [21] * 3
    assert np.array_equal(merged.train.features[:18], grey.train.features.repeat(3, axis=-1))
    assert np.array_equal(merged.train.features[18:], synthetic.train.features)
    assert grey.train.features.shape[-1] == 1

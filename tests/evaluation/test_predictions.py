import zipfile

import numpy as np
import pytest

from signs.evaluation import predictions
from signs.evaluation.predictions import Predictions


def written(path):
    softmax = {"valid": np.array([[0.25, 0.75]], np.float32), "test": np.full((2, 2), 0.5, np.float32)}
    labels = {"valid": np.array([9]), "test": np.array([4, 9])}
    predictions.write(path, Predictions(np.array([4, 9]), softmax, labels), np.array([1]), np.array([[[0.5, 1]]]))
    return path.read_bytes()


def test_the_file_holds_probabilities_labels_and_ids(tmp_path):
    path = tmp_path / "predictions" / "original.npz"
    written(path)
    with np.load(path, allow_pickle=False) as file:
        assert file["valid_softmax"] == pytest.approx(np.array([[0.25, 0.75]]))
        assert file["test_softmax"].dtype == np.float32
        assert file["test_softmax"].tolist() == [[0.5, 0.5], [0.5, 0.5]]
        assert file["test_labels"].tolist() == [4, 9]
        assert file["ids"].tolist() == [4, 9]


def test_file_names_lie_beside_the_labels_where_they_are_known(tmp_path):
    softmax, labels = {"valid": np.eye(2)[:1], "test": np.eye(2)}, {"valid": np.array([4]), "test": np.array([4, 9])}
    names = {"train": np.array(["a.png"]), "valid": None, "test": np.array(["stop/ä.png", ""])}
    path = tmp_path / "a.npz"
    predictions.write(
        path, Predictions(np.array([4, 9]), softmax, labels), np.zeros(0, int), np.zeros((0, 1, 1)), names
    )
    with np.load(path, allow_pickle=False) as file:
        assert file["test_filenames"].tolist() == ["stop/ä.png", ""]
        assert not {"train_filenames", "valid_filenames"} & set(file.files)
    assert predictions.read(path).labels["test"].tolist() == [4, 9]


def test_the_same_predictions_give_the_same_bytes_without_a_date(tmp_path):
    assert written(tmp_path / "a.npz") == written(tmp_path / "b.npz")
    with zipfile.ZipFile(tmp_path / "a.npz") as file:
        assert {member.date_time for member in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}


# --- read


def as_lists(read):
    return [read.ids.tolist(), *({split: part[split].tolist() for split in part} for part in read[1:])]


def test_predictions_come_back_as_they_were(tmp_path):
    path = tmp_path / "a.npz"
    written(path)
    read = predictions.read(path)
    assert as_lists(read) == [
        [4, 9],
        {"valid": [[0.25, 0.75]], "test": [[0.5, 0.5], [0.5, 0.5]]},
        {"valid": [9], "test": [4, 9]},
    ]
    assert read.softmax["test"].dtype == np.float32


CONTENT = {
    "ids": np.array([4, 9]),
    "valid_softmax": np.zeros((1, 2)),
    "valid_labels": np.array([9]),
    "test_softmax": np.zeros((2, 2)),
    "test_labels": np.array([4, 9]),
}


@pytest.mark.parametrize("name", CONTENT)
def test_a_file_that_lacks_an_array_is_named(tmp_path, name):
    np.savez(tmp_path / "a.npz", **{key: array for key, array in CONTENT.items() if key != name})
    with pytest.raises(ValueError, match=rf"a\.npz holds no arrays .*: .*{name}.*; dvc repro"):
        predictions.read(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"test_labels": np.array([4, 9, 9])}, r"test has 3 labels and 2 classes, .* shape \(2, 2\)"),
        (
            {"valid_softmax": np.zeros((1, 3))},
            r"valid has 1 labels and 2 classes, .* shape \(1, 3\)",
        ),
        (
            {"ids": np.array([4])},
            r"valid has 1 labels and 1 classes, .* shape \(1, 2\)",
        ),
        (
            {"test_softmax": np.zeros(2)},
            r"test has 2 labels and 2 classes, .* shape \(2,\)",
        ),
        (
            {"test_softmax": np.full((2, 2), np.nan)},
            r"test has 2 labels and 2 classes, .* not finite",
        ),
    ],
)
def test_arrays_that_do_not_go_together_are_named(tmp_path, changed, message):
    np.savez(tmp_path / "a.npz", **CONTENT | changed)
    with pytest.raises(ValueError, match=rf"a\.npz: {message}.*; dvc repro evaluate writes them again"):
        predictions.read(tmp_path / "a.npz")


# --- heatmaps


def test_heatmaps_comes_back_for_the_images_asked_for_within_half_a_step(tmp_path):
    heatmaps = np.random.default_rng(0).random((5, 3, 4))
    mistaken, none = np.array([2, 3, 7, 11, 30]), np.zeros((0, 2), np.float32)
    softmax, labels = {"valid": none, "test": none}, {"valid": np.zeros(0, int), "test": np.zeros(0, int)}
    predictions.write(tmp_path / "a.npz", Predictions(np.array([4, 9]), softmax, labels), mistaken, heatmaps)
    read = predictions.read_heatmaps(tmp_path / "a.npz", np.array([30, 2, 7]))
    assert read.dtype == np.float32
    assert np.abs(read - heatmaps[[4, 0, 2]]).max() <= 0.5 / 255 + 1e-6
    assert predictions.read_heatmaps(tmp_path / "a.npz", np.zeros(0, int)).shape == (0, 3, 4)


def test_an_image_that_was_classified_correctly_has_no_heatmap(tmp_path):
    written(tmp_path / "a.npz")
    with pytest.raises(ValueError, match=r"a\.npz lacks heatmaps of some mistakes; dvc repro evaluate"):
        predictions.read_heatmaps(tmp_path / "a.npz", np.array([0, 1]))

import zipfile

import numpy as np
import pytest

from signs import predictions


def written(path):
    logits = {"valid": np.log(np.array([[1, 3]], np.float32)), "test": np.zeros((2, 2), np.float32)}
    labels = {"valid": np.array([9]), "test": np.array([4, 9])}
    predictions.write(path, logits, labels, np.array([4, 9]))
    return path.read_bytes()


def test_the_file_holds_probabilities_labels_and_ids(tmp_path):
    path = tmp_path / "predictions" / "original.npz"
    written(path)
    with np.load(path, allow_pickle=False) as file:
        assert sorted(file.files) == ["ids", "test_labels", "test_softmax", "valid_labels", "valid_softmax"]
        assert file["valid_softmax"] == pytest.approx(np.array([[0.25, 0.75]]))
        assert file["test_softmax"].dtype == np.float32
        assert file["test_softmax"].tolist() == [[0.5, 0.5], [0.5, 0.5]]
        assert file["test_labels"].tolist() == [4, 9]
        assert file["ids"].tolist() == [4, 9]


def test_the_same_predictions_give_the_same_bytes_without_a_date(tmp_path):
    assert written(tmp_path / "a.npz") == written(tmp_path / "b.npz")
    with zipfile.ZipFile(tmp_path / "a.npz") as file:
        assert {member.date_time for member in file.infolist()} == {(1980, 1, 1, 0, 0, 0)}

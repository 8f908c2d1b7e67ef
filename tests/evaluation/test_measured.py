import json
import re

import pytest

from signs.core.errors import UserError
from signs.evaluation import measured

SPLIT = {"accuracy": 0.9, "loss": 0.5}
TEST = SPLIT | {"macro_f1": 0.9, "calibration_error": 0.1, "accepted": {"target_accuracy": 0.99}}
METRICS = {"train": SPLIT, "valid": SPLIT, "test": TEST, "images": "photographs"}
STRESS = {"corrupted": {"mean": 0.5}}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "train is missing; Field required; dvc repro evaluate writes it again"),
        (METRICS | {"test": {}}, "test.accuracy is missing"),
        (METRICS | {"test": TEST | {"accepted": {}}}, "test.accepted.target_accuracy is missing"),
        (
            METRICS | {"test": TEST | {"accepted": {"target_accuracy": 0.9, "threshold": 7}}},
            "test.accepted.threshold is 7",
        ),
        (METRICS | {"valid": {"accuracy": "high", "loss": 1}}, "valid.accuracy is 'high'"),
        (METRICS | {"train": []}, r"train is \[\]"),
    ],
)
def test_metrics_that_lack_something_are_refused_in_one_line_that_names_the_file(tmp_path, content, said):
    (tmp_path / "original.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=rf"^{re.escape(str(tmp_path))}/original\.json: {said}"):
        measured.read_metrics(tmp_path / "original.json")


@pytest.mark.parametrize("content", [{}, {"corrupted": {}}, {"corrupted": {"mean": 2}}])
def test_so_are_results_of_stress(tmp_path, content):
    (tmp_path / "stress.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match=r"stress\.json: corrupted.*; dvc repro stress writes it again$"):
        measured.read_stress(tmp_path / "stress.json")


def test_whole_ones_are_read_with_all_that_is_in_them(tmp_path):
    (tmp_path / "original.json").write_text(json.dumps(METRICS | {"hidden": SPLIT}))
    assert measured.read_metrics(tmp_path / "original.json") == METRICS | {"hidden": SPLIT}
    (tmp_path / "stress.json").write_text(json.dumps(STRESS))
    assert measured.read_stress(tmp_path / "stress.json") == STRESS


def test_another_data_set_than_that_of_the_model_is_refused(tmp_path):
    (tmp_path / "model.json").write_text('{"data": "0123"}')
    measured.check_data("0123", tmp_path / "model.json", "data/original")
    with pytest.raises(
        UserError, match=r"^data/original is not what .* was trained on: its SHA-256 is 4567, expected 0123"
    ):
        measured.check_data("4567", tmp_path / "model.json", "data/original")

import json
import re

import pytest

from signs.networks import model_json

METADATA = {
    "preprocess": {"central_fraction": 1.0, "grey": True, "normalize": True, "min_brightness": None},
    "image_shape": [32, 32, 1],
    "data": "0" * 64,
    "images": {"train": 5},
    "train": {"seed": 1},
    "instructions": "portable",
    "weights": 100,
    "temperature": 1.5,
}


def test_metadata_come_back_as_they_were(tmp_path):
    model_json.write(tmp_path / "model.json", METADATA)
    assert model_json.read(tmp_path / "model.json") == METADATA
    assert list(json.loads((tmp_path / "model.json").read_text())) == sorted(METADATA)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is not valid JSON"),
        ("[]", "holds a JSON list"),
        (json.dumps({name: value for name, value in METADATA.items() if name != "data"}), ": data is missing"),
        (json.dumps(METADATA | {"temperature": 0.0}), ": temperature is 0.0; Input should be greater than 0"),
        (json.dumps(METADATA | {"temperature": float("nan")}), " is not valid JSON: NaN is no number"),
        (json.dumps(METADATA | {"temperature": "hot"}), ": temperature is 'hot'; Input should be a valid number"),
        (json.dumps(METADATA | {"image_shape": [32, 10**9, 1]}), ": image_shape.1 is 1000000000; Input should be less"),
        (json.dumps(METADATA | {"preprocess": {}}), ": preprocess.central_fraction is missing"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path, content, message):
    (tmp_path / "model.json").write_text(content)
    with pytest.raises(ValueError, match=f"model\\.json ?{re.escape(message)}"):
        model_json.read(tmp_path / "model.json")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"model\.json is missing; dvc repro train writes it again"):
        model_json.read(tmp_path / "model.json")

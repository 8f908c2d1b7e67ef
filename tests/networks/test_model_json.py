import json
import re

import pytest

from signs.networks import model_json

METADATA = dict.fromkeys(model_json.KEYS, 1) | {"temperature": 1.5}


def test_metadata_come_back_as_they_were(tmp_path):
    model_json.write(tmp_path / "model.json", METADATA)
    assert model_json.read(tmp_path / "model.json") == METADATA
    assert list(json.loads((tmp_path / "model.json").read_text())) == sorted(METADATA)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is not valid JSON"),
        ("[]", "holds a JSON list"),
        (json.dumps({name: value for name, value in METADATA.items() if name != "data"}), "has no data"),
        (json.dumps(METADATA | {"temperature": 0.0}), "temperature is 0.0, expected a number above 0"),
        (json.dumps(METADATA | {"temperature": "1"}), "temperature is '1', expected a number above 0"),
    ],
)
def test_a_file_of_something_else_is_refused(tmp_path, content, message):
    (tmp_path / "model.json").write_text(content)
    with pytest.raises(ValueError, match=f"model\\.json:? {re.escape(message)}"):
        model_json.read(tmp_path / "model.json")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"model\.json is missing; dvc repro train writes it again"):
        model_json.read(tmp_path / "model.json")

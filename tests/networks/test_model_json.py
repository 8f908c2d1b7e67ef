import json

import pytest

from signs.networks import model_json

CARD = dict.fromkeys(model_json.KEYS, 1) | {"temperature": 1.5}


def test_a_card_comes_back_as_it_was(tmp_path):
    model_json.write(tmp_path / "model.json", CARD)
    assert model_json.read(tmp_path / "model.json") == CARD
    assert list(json.loads((tmp_path / "model.json").read_text())) == sorted(CARD)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"temperature": 0.0}', json.dumps(CARD | {"temperature": 0.0})])
def test_a_file_that_is_no_card_is_refused(tmp_path, content):
    (tmp_path / "model.json").write_text(content)
    with pytest.raises(ValueError, match=r"model\.json (cannot be read|is no card of a model of this version)"):
        model_json.read(tmp_path / "model.json")


def test_a_missing_card_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"model\.json cannot be read: .*No such file"):
        model_json.read(tmp_path / "model.json")

import json

import pytest

from signs.core import documents
from signs.core.errors import UserError


def test_an_object_comes_back(tmp_path):
    content = {"name": "Brötchen", "rates": [0.1, 2e-9], "tin": {"depth": 3, "lid": None}}
    documents.write(tmp_path / "new" / "a.json", content)
    assert documents.read(tmp_path / "new" / "a.json", "bake") == content


def test_the_order_of_keys_does_not_change_the_bytes(tmp_path):
    documents.write(tmp_path / "a.json", {"b": {"y": 1, "x": 2}, "a": 1})
    documents.write(tmp_path / "b.json", {"a": 1, "b": {"x": 2, "y": 1}})
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    assert list(json.loads((tmp_path / "a.json").read_text())["b"]) == ["x", "y"]


@pytest.mark.parametrize(("value", "error"), [(object(), TypeError), (float("nan"), ValueError)])
def test_what_is_no_json_leaves_the_earlier_file(tmp_path, value, error):
    documents.write(tmp_path / "a.json", {"a": 1})
    with pytest.raises(error):
        documents.write(tmp_path / "a.json", {"a": value})
    assert documents.read(tmp_path / "a.json", "bake") == {"a": 1}
    assert list(tmp_path.iterdir()) == [tmp_path / "a.json"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is missing"),
        (b"", "is not valid JSON: Expecting value"),
        (b'{"a": 1', "is not valid JSON"),
        (b"\xff\xfe", "is not valid JSON"),
        (b"[" * 100_000, "is not valid JSON"),
        (b"[1]", "holds a JSON list, expected an object"),
        (b"null", "holds a JSON NoneType, expected an object"),
    ],
    ids=range(7),
)
def test_another_file_is_an_error_that_names_it_and_the_stage_that_writes_it(tmp_path, content, message):
    path = tmp_path / "a.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=rf"a\.json {message}.*; dvc repro bake writes it again$") as caught:
        documents.read(path, "bake")
    assert "\n" not in str(caught.value)

import json
from dataclasses import replace

import pytest

from signs.core.errors import UserError
from signs.deployment.description import Description, from_json, from_properties

DESCRIPTION = Description(
    classes=[{"id": 3, "name": "Yield"}, {"id": 7, "name": 'Ümläut "and" \N{OCTAGONAL SIGN}'}],
    height=32,
    width=48,
    threshold=0.75,
    temperature=1.5,
    data="0" * 64,
    metrics={"test": {"accuracy": 0.5}},
    licence="CC0",
)


@pytest.mark.parametrize("threshold", [0.75, None])
def test_a_description_comes_back_from_either_form(threshold):
    description = replace(DESCRIPTION, threshold=threshold)
    assert from_json(description.to_json()) == description
    assert from_properties(description.to_properties() | {"of another program": "x"}) == description


def test_names_are_in_the_order_of_the_probabilities():
    assert DESCRIPTION.names == ["Yield", 'Ümläut "and" \N{OCTAGONAL SIGN}']


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", b"\xff\xfe", "[" * 100_000, '{"classes": []}'])
def test_a_text_that_is_no_description_is_refused(text):
    with pytest.raises(UserError, match="the model's description"):
        from_json(text)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("classes", []),
        ("classes", [{"id": 3}]),
        ("classes", [{"id": -1, "name": "Yield"}]),
        ("classes", [{"id": 3, "name": 4}]),
        ("classes", [{"id": 3, "name": "Yield"}] * 70_000),
        ("height", 0),
        ("height", 10**9),
        ("width", "32"),
        ("width", True),
        ("threshold", 1.5),
        ("threshold", float("nan")),
        ("temperature", 0),
        ("temperature", float("inf")),
        ("data", 5),
        ("metrics", []),
        ("licence", None),
    ],
)
def test_a_wrong_value_is_named(field, value):
    fields = json.loads(DESCRIPTION.to_json()) | {field: value}
    with pytest.raises(UserError, match=f"description has {field}"):
        from_json(json.dumps(fields))

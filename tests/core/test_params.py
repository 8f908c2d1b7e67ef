import os
import re
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import pytest
import yaml
from pydantic import Field

from signs.core import params
from signs.core.errors import UserError
from signs.core.params import (
    Amounts,
    Count,
    NonNegative,
    Positive,
    Range,
    Real,
    Section,
    Seed,
    Share,
    choose,
    preset,
    validated,
)
from signs.data.classes import Classes
from signs.data.datasets import DataSet, Shares
from signs.data.splits import Split
from signs.evaluation.metrics import evaluate
from signs.preparation.merging import merge
from signs.preparation.preprocessing import preprocess
from signs.sources.fetch import fetch
from signs.sources.folders import read_folders
from signs.sources.gtsrb import read_gtsrb
from signs.sources.sample import render_sample
from signs.synthesis.article import vary
from signs.synthesis.randomized import randomize
from signs.synthesis.synthesis import synthesize

REAL = Path(__file__).parents[2] / "params.yaml"


class Inner(Section):
    rate: Positive
    pair: Range = (0.0, 1.0)
    amounts: Amounts = (0.0, 1.0)


@validated("bake")
def bake(
    flour: str,
    *,
    count: Count,
    rate: Positive,
    share: Share = 0.5,
    weight: NonNegative = 0.0,
    seed: Seed = 0,
    grams: Annotated[Real, Field(le=250)] = 1.0,
    tin: Inner | None = None,
    extra: dict[str, Any] | None = None,
) -> dict[str, Any]:
    return dict(locals())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"cuont": 1}, r"params\.yaml: bake\.cuont is unknown; bake takes count, rate$"),
        ({"flour": "rye"}, r"params\.yaml: bake\.flour is unknown; bake takes count, rate$"),
        ({"count": "many"}, r"params\.yaml: bake\.count is 'many'; .*valid integer"),
        ({"count": True}, r"params\.yaml: bake\.count is True; a number is expected, not a bool"),
        ({"count": 0}, r"params\.yaml: bake\.count is 0; .*greater than or equal to 1"),
        ({"count": 1.5}, r"params\.yaml: bake\.count is 1\.5; .*integer"),
        ({"count": None}, r"params\.yaml: bake\.count is None; .*integer"),
        ({"rate": "fast"}, r"params\.yaml: bake\.rate is 'fast'; .*valid number"),
        ({"rate": 0}, r"params\.yaml: bake\.rate is 0; .*greater than 0"),
        ({"rate": False}, r"params\.yaml: bake\.rate is False; a number is expected, not a bool"),
        ({"rate": float("nan")}, r"params\.yaml: bake\.rate is nan; .*finite"),
        ({"rate": [1]}, r"params\.yaml: bake\.rate is \[1\]; .*valid number"),
        ({"share": 1.01}, r"params\.yaml: bake\.share is 1\.01; .*less than or equal to 1"),
        ({"weight": -0.1}, r"params\.yaml: bake\.weight is -0\.1; .*greater than or equal to 0"),
        ({"seed": 2**32}, r"params\.yaml: bake\.seed is 4294967296; .*less than 4294967296"),
        ({"grams": 251}, r"params\.yaml: bake\.grams is 251; .*less than or equal to 250"),
        ({"tin": {"rate": 1, "raet": 2}}, r"params\.yaml: bake\.tin\.raet is unknown; it is no setting there$"),
        ({"tin": {}}, r"params\.yaml: bake\.tin\.rate is missing$"),
        ({"tin": {"rate": "round"}}, r"params\.yaml: bake\.tin\.rate is 'round'; .*valid number"),
        ({"tin": 3}, r"params\.yaml: bake\.tin is 3; .*Inner"),
        ({"tin": {"rate": 1, "pair": [2, 1]}}, r"bake\.tin\.pair is \[2, 1\]; the lowest value comes first"),
        ({"tin": {"rate": 1, "pair": [0, 1e9]}}, r"bake\.tin\.pair\.1 is 1000000000\.0; .*equal to 1000"),
        ({"tin": {"rate": 1, "pair": [0]}}, r"bake\.tin\.pair\.1 is missing"),
        ({"tin": {"rate": 1, "amounts": [-1, 1]}}, r"bake\.tin\.amounts\.0 is -1; .*greater than or equal to 0"),
    ],
)
def test_an_error_names_section_key_value_and_what_is_allowed_in_one_line(settings, message):
    with pytest.raises(ValueError, match=message) as caught:
        bake("rye", **{"count": 1, "rate": 1.0} | settings)
    assert "\n" not in str(caught.value)


def test_a_missing_key_is_named():
    with pytest.raises(ValueError, match=r"params\.yaml: bake\.rate is missing$"):
        bake("rye", count=1)


def test_a_long_value_is_cut_in_the_error():
    with pytest.raises(ValueError, match=r"bake\.count is 'a{79}; "):
        bake("rye", count="a" * 1000, rate=1.0)


def test_numbers_that_yaml_reads_as_strings_are_coerced():
    settings = yaml.safe_load("{rate: 1e-3, count: '7', tin: {rate: 2e3}}")
    assert settings["rate"] == "1e-3"
    baked = bake("rye", **settings)
    assert (baked["rate"], baked["count"], baked["tin"].rate) == (0.001, 7, 2000.0)


def test_errors_of_the_function_itself_pass_unchanged():
    @validated("bake")
    def fail(*, count: Count) -> None:
        raise ValueError("the oven is cold")

    with pytest.raises(ValueError, match=r"^the oven is cold$"):
        fail(count=1)


def test_settings_are_the_keyword_only_arguments_without_a_default():
    assert params.settings(bake) == {"count", "rate"}


def test_a_section_is_read_from_the_file(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("bake: {count: 2, name: Brötchen}\nmerge: {}\n", encoding="utf-8")
    assert params.load("bake", path) == {"count": 2, "name": "Brötchen"}
    assert params.load("merge", path) == {}


@pytest.mark.parametrize(
    "content",
    [
        "bake:\n  a: [1\n",
        "bake: {a: b: c}",
        "\tbake: 1",
        b"bake: \xff",
        "bake: {day: 2024-13-45}",  # no such month
        "bake: {yes: !!bool maybe}",
        "bake: " + 1000 * "[",
        "bake: " + 31 * "[" + 31 * "]",
        "bake: &a [*a]",
        "a: &a [1, 1]\n" + "".join(f"{new}: &{new} [*{old}, *{old}]\n" for old, new in pairwise("abcdefghijklmnopq")),
    ],
)
def test_invalid_yaml_is_an_error_in_one_line(tmp_path, content):
    path = tmp_path / "params.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError, match=r"params\.yaml is not valid YAML: ") as caught:
        params.load("bake", path)
    assert "\n" not in str(caught.value)


def test_aliases_and_levels_in_reason_are_read(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("bake: {a: &a [1, 2], b: *a, c: " + 25 * "[" + 25 * "]" + "}")
    assert params.load("bake", path)["b"] == [1, 2]


@pytest.mark.parametrize(("make", "kind"), [(os.mkfifo, "a pipe or a device"), (os.mkdir, "a folder")])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path, make, kind):
    make(tmp_path / "params.yaml")
    with pytest.raises(UserError, match=rf"params\.yaml is {kind}; expected a"):
        params.load("bake", tmp_path / "params.yaml")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.yaml is missing$"):
        params.load("bake", tmp_path / "nowhere.yaml")


@pytest.mark.parametrize("content", ["", "- bake", "bake", "1: 2"])
def test_a_file_without_keys_and_values_is_an_error(tmp_path, content):
    path = tmp_path / "params.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"params\.yaml is not a YAML file of keys and values$"):
        params.load("bake", path)


@pytest.mark.parametrize("content", ["other: {}", "bake:", "bake: 3", "bake: [1]", "bake: {on: 1}"])
def test_a_section_that_is_missing_or_no_mapping_of_names_is_an_error(tmp_path, content):
    path = tmp_path / "params.yaml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=r"params\.yaml has no section 'bake' with keys and values; it needs one"):
        params.load("bake", path)


def test_a_setting_outside_of_all_sections_is_read_by_its_key(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text("native: true\nbake: {}\n", encoding="utf-8")
    assert params.value("native", path) is True
    assert params.value("frozen", path) is None


def test_python_objects_in_yaml_are_not_made(tmp_path):
    path, touched = tmp_path / "params.yaml", tmp_path / "touched"
    path.write_text(f"bake: !!python/object/apply:os.system ['touch {touched}']", encoding="utf-8")
    with pytest.raises(ValueError, match=r"params\.yaml is not valid YAML: .*os\.system"):
        params.load("bake", path)
    assert not touched.exists()


# --- chosen alternatives


@validated("bakers.hand")
def by_hand(*, loaves: Count) -> str:
    return f"{loaves} by hand"


@validated("bakers.machine")
def by_machine(*, loaves: Count) -> str:
    return f"{loaves} by machine"


BAKERS = {"hand": by_hand, "machine": by_machine}
CHOICE = "bake: {{by: {}, flour: rye}}\nbakers: {{hand: {{loaves: 1}}, machine: {{loaves: 100, speed: 9}}, foot: 3}}\n"


def test_a_chosen_alternative_comes_with_its_own_settings_and_no_other_s(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(CHOICE.format("hand"))
    section = params.load("bake", path, by="bakers")
    assert section == {"by": {"name": "hand", "loaves": 1}, "flour": "rye"}
    assert choose("bakers", section["by"], BAKERS)() == "1 by hand"


@pytest.mark.parametrize("name", ["feet", "foot", "[hand]", "null", "{name: hand}"])
def test_an_alternative_without_settings_is_an_error(tmp_path, name):
    path = tmp_path / "params.yaml"
    path.write_text(CHOICE.format(name))
    found = re.escape(repr(yaml.safe_load(name)))
    with pytest.raises(UserError, match=rf"bake\.by is {found}; section bakers has settings for hand, machine, foot$"):
        params.load("bake", path, by="bakers")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("bake: {}\nbakers: {hand: {}}", r"bake\.by is None; section bakers has settings for hand$"),
        ("bake: {by: hand}", r"has no section 'bakers' with keys and values; it needs one$"),
    ],
)
def test_a_choice_or_alternatives_that_are_missing_are_an_error(tmp_path, content, message):
    path = tmp_path / "params.yaml"
    path.write_text(content)
    with pytest.raises(UserError, match=message):
        params.load("bake", path, by="bakers")


def test_settings_of_an_alternative_are_checked_by_its_own_section(tmp_path):
    path = tmp_path / "params.yaml"
    path.write_text(CHOICE.format("machine"))
    make = choose("bakers", params.load("bake", path, by="bakers")["by"], BAKERS)
    with pytest.raises(UserError, match=r"^params\.yaml: bakers\.machine\.speed is unknown; .* takes loaves$"):
        make()


@pytest.mark.parametrize("choice", [{}, {"name": "foot"}, {"name": ["hand"]}])
def test_a_choice_that_no_function_makes_is_an_error(choice):
    with pytest.raises(UserError, match=r"^params\.yaml: bakers has no .*; it may be hand, machine$"):
        choose("bakers", choice, BAKERS)


# --- sections as objects


def test_a_section_becomes_an_object():
    assert params.parse(Inner, "bake.tin", {"rate": "2e3"}) == Inner(rate=2000)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({"raet": 1}, "params.yaml: bake.tin.raet is unknown; bake.tin takes amounts, pair, rate"),
        ({}, "params.yaml: bake.tin.rate is missing"),
        ({"rate": 0}, "params.yaml: bake.tin.rate is 0; Input should be greater than 0"),
    ],
)
def test_a_wrong_key_of_an_object_is_named(found, message):
    with pytest.raises(UserError, match=f"^{re.escape(message)}$"):
        params.parse(Inner, "bake.tin", found)


# --- presets


class Oven(Section):
    degrees: Positive
    grill: Inner


@validated("bake")
def heat(*, oven: preset(Oven)) -> Oven:  # type: ignore[valid-type]
    return oven


def test_a_preset_is_read_from_the_file_that_a_setting_names(tmp_path):
    path = tmp_path / "oven.yaml"
    path.write_text("degrees: 2e2\ngrill: {rate: 1}\n")
    oven = Oven(degrees=200, grill=Inner(rate=1))
    assert heat(oven=str(path)) == heat(oven=oven) == oven


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("degrees: 200", "oven.yaml: grill is missing"),
        ("degrees: 200\ngrill: {}", "oven.yaml: grill.rate is missing"),
        ("degrees: 0\ngrill: {rate: 1}", "oven.yaml: degrees is 0; Input should be greater than 0"),
        ("degrees: 200\ngrill: {rate: hot}", "oven.yaml: grill.rate is 'hot'; Input should be a valid number"),
        ("degrees: 200\ngrill: {rate: 1}\nfan: 1", "oven.yaml: fan is unknown; it takes degrees, grill"),
        ("degrees: 200\ngrill: {rate: 1, fan: 1}", "oven.yaml: grill.fan is unknown; it is no setting there"),
        ("degrees: [", "oven.yaml is not valid YAML"),
        ("200", "oven.yaml is not a YAML file of keys and values"),
        (None, "oven.yaml is missing"),
    ],
)
def test_a_wrong_preset_names_the_setting_the_file_and_the_key(tmp_path, content, message):
    path = tmp_path / "oven.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=rf"^params\.yaml: bake\.oven is .*; .*{re.escape(message)}") as caught:
        heat(oven=str(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("oven", [3, None, {"degrees": 200}])
def test_what_names_no_file_is_no_preset(oven):
    with pytest.raises(UserError, match=r"^params\.yaml: bake\.oven(\.grill)? is "):
        heat(oven=oven)


# --- the real file


@pytest.mark.parametrize(
    ("section", "function"),
    [
        ("fetch", fetch),
        ("fetch.sample", render_sample),
        ("fetch.gtsrb", read_gtsrb),
        ("fetch.folders", read_folders),
        ("preprocess", preprocess),
        ("synthesize", synthesize),
        ("synthesis_recipes.article", vary),
        ("synthesis_recipes.randomized", randomize),
        ("merge", merge),
        ("evaluate", evaluate),
    ],
)
def test_a_section_of_params_yaml_is_exactly_the_settings_of_its_function(section, function):
    first, *rest = section.split(".")
    content = params.load(first, REAL)
    for key in rest:
        content = content[key]
    of_dvc = {"path"} if section == "fetch" else set()  # given to the stage on its command line
    assert set(content) - of_dvc == params.settings(function)


@pytest.mark.parametrize("shares", [{"train": 0.5, "valid": 0.1, "test": 0.1}, {"train": 1, "valid": 1, "test": 0}])
def test_shares_that_do_not_add_up_are_an_error(shares):
    with pytest.raises(ValueError, match=r"the shares add up to (0\.7|2); expected 1"):
        Shares(**shares)


def test_of_a_misspelt_key_it_is_said_what_was_written():
    data = DataSet(Split([], []), Split([], []), Split([], []), Classes(()))
    with pytest.raises(ValueError, match=r"params\.yaml: preprocess\.gray is unknown; preprocess takes central_fr"):
        preprocess(data, gray=True, normalize=True, central_fraction=1.0, min_brightness=None)

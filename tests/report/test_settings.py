from pathlib import Path

import pytest

from signs.core import params, yaml_file
from signs.report.settings import DEFAULTS, compared

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings():
    """Sections of params.yaml as the project ships them."""
    return {
        "fetch": params.load("fetch", DEFAULTS),
        "train": params.load("train", DEFAULTS, network="networks", schedule="schedules", augmentation="augmentations"),
        "native": params.value("native", DEFAULTS),
    }


def changed(settings):
    return [tuple(row) for row in compared(settings) if row.default is not None]


def test_the_defaults_are_those_of_params():
    assert yaml_file.read(DEFAULTS) == yaml_file.read(ROOT / "params.yaml"), "copy params.yaml to it"


def test_nothing_differs_where_nothing_was_changed(settings):
    assert not changed(settings)
    assert "networks.lenet.dropout_keep_prob" in [row.key for row in compared(settings)]


def test_what_differs_has_the_default_beside_it(settings):
    settings["fetch"]["sample"]["height"] = 64
    settings["native"] = True
    settings["train"]["gone"] = [1]
    assert changed(settings) == [
        ("fetch.sample.height", "64", "32"),
        ("train.gone", "[1]", "not set"),
        ("native", "True", "False"),
    ]


def test_another_alternative_has_the_defaults_of_its_own(settings):
    settings["train"]["network"] = params.load("networks", DEFAULTS)["convnet"] | {"name": "convnet", "standardize": 5}
    default = str(yaml_file.read(DEFAULTS)["networks"]["convnet"]["standardize"])
    assert changed(settings) == [
        ("train.network", "convnet", "lenet"),
        ("networks.convnet.standardize", "5", default),
    ]

import re

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signs.cluster import spaces
from signs.cluster.spaces import Range
from signs.core.errors import UserError

KNOWN = {"train.learning_rate": 0.001, "train.epochs": 100, "train.augmentation": "none", "train.patience": None}


def no_fault(_key, _value):
    return None


def read(tmp_path, text, fault=no_fault):
    path = tmp_path / "space.yaml"
    path.write_text(text)
    return spaces.read(path, KNOWN, fault)


def test_a_space_is_settings_and_their_ranges(tmp_path):
    text = """
train.learning_rate: {log: [1e-4, 1e-2]}
train.epochs: {integer: [5, 2e1]}
train.augmentation: [none, camera]
"""
    assert read(tmp_path, text) == {
        "train.learning_rate": Range("log", (1e-4, 1e-2)),
        "train.epochs": Range("integer", (5, 20)),
        "train.augmentation": Range("choice", ("none", "camera")),
    }


def test_all_faults_are_said_at_once(tmp_path):
    text = """
train.lerning_rate: [1, 2]
train.learning_rate: {log: [0, 1]}
train.epochs: {integer: [20, 5]}
train.augmentation: {uniform: [0, 1]}
train.patience: {between: [1, 2]}
"""
    with pytest.raises(UserError) as raised:
        read(tmp_path, text)
    assert str(raised.value).split(": ", 1)[1].split("; ")[:1] == ["train.lerning_rate is no setting of params.yaml"]
    for fault in (
        "train.learning_rate: log takes numbers above 0, not 0",
        "train.epochs: 20 is not below 5",
        'train.augmentation is "none" in params.yaml and has no lowest and highest value; give a list',
        'train.patience is {"between": [1, 2]}; expected a list of values, or {uniform: [low, high]}',
    ):
        assert fault in str(raised.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "it names no setting"),
        ("train.epochs: [1]", "train.epochs has 1 values to choose from; give two or more"),
        ("train.epochs: 3", "train.epochs is 3; expected a list of values"),
        ("train.epochs: {integer: [1, 2.5]}", "integer takes whole numbers, not 1 and 2.5"),
        ("train.epochs: {uniform: [1, .inf]}", "uniform takes [low, high], two numbers"),
        ("train.epochs: {uniform: [1, true]}", "uniform takes [low, high], two numbers"),
    ],
)
def test_what_is_no_range_is_refused(tmp_path, text, message):
    with pytest.raises(UserError, match=re.escape(message)):
        read(tmp_path, text)


def test_each_end_and_each_choice_is_a_value_that_training_must_take(tmp_path):
    with pytest.raises(UserError, match=r": train.epochs is 7; train.epochs is 9$"):
        read(tmp_path, "train.epochs: {integer: [7, 9]}", lambda key, value: f"{key} is {value}")


@given(st.sampled_from([Range("uniform", (0.123456, 0.98765)), Range("log", (1.2345678e-4, 0.5))]), st.integers(0, 99))
def test_real_numbers_that_are_drawn_stay_in_range_and_short(part, seed):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    text = part.text(study.ask({"x": part.distribution()}).params["x"])
    assert part.values[0] <= float(text) <= part.values[1]
    assert float(text) in part.values or len(f"{float(text):e}".split("e")[0].rstrip("0")) <= spaces.DIGITS + 1


def test_choices_may_be_lists_and_nothing():
    part = Range("choice", ([1, 2], None, "camera"))
    drawn = part.distribution().choices
    assert [part.text(value) for value in drawn] == ["[1, 2]", "null", '"camera"']

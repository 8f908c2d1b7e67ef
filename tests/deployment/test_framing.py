import dataclasses

import numpy as np
import pytest

from signs.core.errors import UserError
from signs.core.scores import cross_entropy
from signs.data import classes
from signs.data.datasets import DataSet
from signs.data.splits import Split
from signs.deployment import framing
from tests.deployment.test_export import images, made

EVALUATE = {"calibration_bins": 5, "target_accuracy": 0.5}


@pytest.fixture(scope="module")
def stored():
    model = made("convnet")
    features = images(model)
    labels = model.classes.ids[framing.logits(model, features).argmax(axis=1)]
    labels[::4] = model.classes.ids[0]  # some that the model gets wrong
    split = Split(features, labels)
    return DataSet(split, split, split, model.classes)


def test_one_framing_leaves_model_and_metrics_as_they_are(stored):
    model, measured = made("convnet"), {"test": {"accuracy": 0.1}}
    assert framing.framed(model, measured, stored, EVALUATE, framings=[1.0]) == (model, measured)


def test_framings_are_calibrated_and_measured_as_they_answer(stored):
    model, measured = framing.framed(made("convnet"), {}, stored, EVALUATE, framings=[0.8, 1.2])
    assert framing.of(model) == [0.8, 1.2]
    logits, truth = framing.logits(model, stored.test.features), classes.indices(stored.test.labels, model.classes.ids)
    assert measured["test"]["accuracy"] == np.mean(logits.argmax(axis=1) == truth)
    assert measured["test"]["loss"] == pytest.approx(cross_entropy(logits, truth), rel=1e-4)
    losses = [cross_entropy(logits * np.float32(factor), truth) for factor in (0.9, 1, 1.1)]
    assert min(losses) == losses[1]


def test_framings_of_a_model_that_learned_the_validation_images_take_a_calibration_over(stored):
    refit = {"temperature": 1.0, "threshold": 0.2, "exported_temperature": 3.0, "exported_threshold": 0.1}
    model, measured = framing.framed(refitted(refit), {}, stored, EVALUATE, framings=[0.8, 1.2])
    assert model.metadata["temperature"] == 3
    assert measured["test"]["accepted"]["threshold"] == 0.1
    assert "valid" not in measured
    with pytest.raises(UserError, match=r"set exported_temperature .* or export\.framings to \[1\.0\]"):
        framing.framed(refitted(refit | {"exported_temperature": None}), {}, stored, EVALUATE, framings=[0.8, 1.2])


def refitted(refit):
    model = made("convnet")
    return dataclasses.replace(model, metadata=model.metadata | {"train": {"refit": refit}})


@pytest.mark.parametrize("framings", [[], [0.0], [3.0], [1.0] * 9, ["wide"]])
def test_framings_that_make_no_sense_are_refused(stored, framings):
    with pytest.raises(ValueError, match=r"params.yaml: export\.framings"):
        framing.framed(made("convnet"), {}, stored, EVALUATE, framings=framings)

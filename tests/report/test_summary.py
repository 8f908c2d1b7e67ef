import re

import numpy as np
import pytest

from signs.report import summary
from tests.reported import PLAIN, SETTINGS, dataset, diagnosed, explored

TRAIN = SETTINGS["train"]
DATA = dataset(PLAIN, "photographs")


def settings_of(**train):
    return SETTINGS | {"train": TRAIN | train}


def model_of(fit=0.99, valid=0.98, test=0.98, kinds=None, corrupted=0.97, kept=10, epochs=20):
    model = diagnosed("augmented", DATA)
    metrics = {"train": {"accuracy": fit}, "valid": {"accuracy": valid}, "test": {"accuracy": test} | (kinds or {})}
    history = [
        {"epoch": epoch, "valid_accuracy": float(epoch == kept), "valid_loss": 1.0} for epoch in range(epochs + 1)
    ]
    return model._replace(metrics=metrics, history=history, stress={"corrupted": {"mean": corrupted}})


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "LeNet, 20 epochs, seed 1, on the rendered sample, data 0123456…, portable instructions"),
        (
            {"train": TRAIN | {"network": {"name": "convnet"}, "epochs": "auto", "seed": 7}, "native": True},
            "convnet, 20 epochs, seed 7, on the rendered sample, data 0123456…, native instructions",
        ),
        (
            {"fetch": {"source": "gtsrb"}},
            "LeNet, 20 epochs, seed 1, on the German Traffic Sign Recognition Benchmark, data 0123456…, portable "
            "instructions",
        ),
    ],
)
def test_one_line_says_what_was_trained_on_what(changes, line):
    assert summary.summary(explored("original", DATA), model_of(), SETTINGS | changes)["run"] == line


def test_the_weakest_class_is_that_of_lowest_recall_with_its_most_frequent_confusion():
    found = diagnosed("original", DATA).diagnosis
    matrix = np.array([[9, 0, 0, 0], [1, 5, 3, 0], [0, 0, 18, 2], [0, 0, 0, 0]])
    assert summary.weakest(found._replace(matrix=matrix)) == {
        "name": "Yield", "correct": 5, "images": 9, "other": "Parking", "times": 3,
    }  # fmt: skip
    assert summary.weakest(found._replace(matrix=np.diag([9, 9, 9, 0]))) is None


@pytest.mark.parametrize(
    ("results", "train", "setting", "figure"),
    [
        ({"fit": 0.9}, {}, "train.network: convnet", "90.0\N{NO-BREAK SPACE}%"),
        (
            {"fit": 0.9, "kept": 20},
            {"network": {"name": "convnet"}},
            "train.epochs: 40",
            "epoch 20 of 20",
        ),
        ({"kept": 20}, {"keep": "last"}, None, ""),
        (
            {"valid": 0.9},
            {},
            "train.augmentation: camera",
            "99.0\N{NO-BREAK SPACE}% in training to 90.0\N{NO-BREAK SPACE}% in validation",
        ),
        ({"valid": 0.9}, {"augmentation": {"name": "camera"}}, None, ""),
        (
            {"kinds": {"original": {"accuracy": 0.98}, "synthetic": {"accuracy": 0.8}}},
            {},
            "synthesize.recipe: randomized",
            "80.0\N{NO-BREAK SPACE}% on synthetic classes, 98.0\N{NO-BREAK SPACE}%",
        ),
        ({"corrupted": 0.8}, {}, "train.augmentation: camera", "18.0 points"),
        ({}, {}, None, "lowest F1"),
    ],
)
def test_the_advice_is_the_first_remedy_that_a_figure_speaks_for(results, train, setting, figure):
    found = summary.advice(model_of(**results), settings_of(**train))
    assert found.setting == setting
    assert re.search(re.escape(figure), found.reason)

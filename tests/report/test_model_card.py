import numpy as np
import pytest

from signs.core.scores import interval, softmax
from signs.data.classes import Classes, SignClass
from signs.evaluation import metrics as evaluation
from signs.evaluation.predictions import Predictions
from signs.report import model_card

CARD = {
    "preprocess": {"central_fraction": 0.8, "grey": False, "normalize": True, "min_brightness": None},
    "image_shape": [20, 30, 3],
    "data": "ab" * 32,
    "images": {"train": 12_345, "valid": 6, "test": 8},
    "train": {
        "seed": 1,
        "load_from": None,
        "network": {"name": "lenet", "lenet": {"depths": [1, 2]}, "convnet": {"depths": [3]}},
    },
    "weights": 1_234_567,
    "temperature": 1.25,
}
STRESS = {"corrupted": {"blur": 0.9, "noise": 0.4, "mean": 0.65}, "turned_away": {"noise": 0.125}}
SAID = np.array([0, 0, 0, 1, 1, 0, 2, 2])  # one of the second class is taken for the first
TRUTH = np.array([0, 0, 0, 1, 1, 1, 2, 2])


def described(
    origins=("photographs",) * 3, names=("Stop", "Yield", "Ahead only"), source="signs", withheld=None, card=CARD
):
    known = Classes(tuple(map(SignClass, (4, 5, 6), names, origins)))
    logits = np.eye(3)[SAID] * 5
    labels = known.ids[TRUTH]
    splits = ("train", "valid", "test")
    said, truth = dict.fromkeys(splits, logits), dict.fromkeys(splits, labels)
    if withheld is not None:
        chosen = labels == withheld
        said, truth = said | {"withheld": logits[chosen]}, truth | {"withheld": labels[chosen]}
    metrics = evaluation.evaluate(said, truth, known, calibration_bins=5, accepted_accuracy=0.5)
    said = Predictions(known.ids, dict.fromkeys(splits, softmax(logits)), dict.fromkeys(splits, labels))
    return model_card.describe("original", card, known, metrics, STRESS, said, source, weakest=5)


def test_the_card_says_what_the_model_is_and_what_it_was_trained_on():
    text = described()
    for said in (
        "# Model card: original",
        "lenet with 1,234,567 weights tells 3 classes",
        "20x30 pixels",
        "12,345 to train on",
        CARD["data"],
        "the middle 80 % of each side enlarged to the whole, colours kept",
        "| `network.depths` | \\[1, 2\\] |",
    ):
        assert said in text
    assert "[3]" not in text  # settings of a network that was not chosen


def test_the_card_gives_figures_with_their_intervals():
    text = described()
    low, high = (f"{100 * end:.2f}" for end in interval(7, 8))
    assert f"| accuracy | 87.50 | {low} to {high} |" in text
    assert "| answered at the threshold | 100.00 |" in text
    assert "scaled by the temperature 1.250" in text
    assert "| noise | 40.00 |" in text
    assert "| noise | 12.50 |" in text


def test_the_card_tells_of_classes_that_were_learned_from_drawings():
    text = described(withheld=5)
    assert "the original images were withheld" in text
    assert "| accuracy, withheld classes | 66.67 |" in text
    assert "| accuracy, other original classes | 100.00 |" in text
    assert "withheld" not in described()


def test_the_card_tells_of_an_earlier_model_that_training_went_on_from():
    earlier = "cd" * 32
    assert earlier in described(card=CARD | {"train": CARD["train"] | {"load_from": earlier}})
    assert "earlier model" not in described()


def test_the_card_names_the_weaknesses():
    text = described()
    assert "- Yield (5): 2 of 3 right, 66.67 %" in text
    assert "Stop (4): " not in text
    assert "- Stop (4) is taken for Yield (5) 0 times, the other way round 1 times." in text
    assert "Of the corruptions, noise costs most." in text


def test_rendered_and_synthetic_images_are_called_what_they_are():
    warning = "The test images are rendered: the figures say nothing about photographs."
    assert warning in described(("rendered",) * 3)
    assert warning not in described()
    text = described(("photographs", "photographs", "synthetic"))
    assert "| accuracy, synthetic classes | 100.00 |" in text
    assert "test images of the synthetic classes are synthetic" in text
    assert "training has seen" not in text
    text = described(("photographs", "photographs", "synthetic of seen drawings"))
    assert "| accuracy, synthetic classes of seen drawings | 100.00 |" in text
    assert "show a drawing that training has seen" in text
    assert "synthetic classes" not in described()


@pytest.mark.parametrize(
    ("source", "licence"),
    [("sample", "drawings made for this project"), ("folders", "whoever"), ("gtsrb", "Stallkamp")],
)
def test_the_licence_goes_by_the_source(source, licence):
    assert licence in described(source=source).split("## Licence")[1]


def test_names_from_outside_are_no_markup():
    text = described(names=("<script>alert(1)</script>", "a|b", "[x](http://example.org)\n# y"))
    assert "<script>" not in text
    assert "| 5 | a\\|b |" in text
    assert "\n# y" not in text
    assert "[x](" not in text


def test_the_card_is_a_table_of_whole_lines():
    for line in described().splitlines():
        assert line == line.rstrip()
        if line.startswith("|"):
            assert line.endswith("|")
    assert "\n\n\n" not in described()

import numpy as np
import pytest

from signs.core.scores import softmax
from signs.data.classes import Classes, SignClass
from signs.evaluation import metrics as evaluation
from signs.evaluation.intervals import interval
from signs.evaluation.predictions import Predictions
from signs.networks import store
from signs.networks.lenet import LeNet
from signs.networks.store import Model
from signs.report import model_card
from signs.report.model_card import Results

METADATA = {
    "preprocess": {"central_fraction": 0.8, "grey": False, "normalize": True, "min_brightness": None},
    "image_shape": [20, 30, 3],
    "data": "ab" * 32,
    "images": {"train": 12_345, "valid": 6, "test": 8},
    "train": {
        "seed": 1,
        "load_from": None,
        "network": {"name": "lenet", "depths": [1, 2]},
    },
    "weights": 1_234_567,
    "instructions": "portable",
    "temperature": 1.25,
}
STRESS = {"corrupted": {"blur": 0.9, "noise": 0.4, "mean": 0.65}, "turned_away": {"noise": 0.125}}
PREDICTED = np.array([0, 0, 0, 1, 1, 0, 2, 2])  # one image of the second class is classified as the first
TRUTH = np.array([0, 0, 0, 1, 1, 1, 2, 2])


def described(
    origins=("photographs",) * 3,
    names=("Stop", "Yield", "Ahead only"),
    source="signs",
    hidden=(),
    metadata=METADATA,
    target_accuracy=0.5,
    predicted=PREDICTED,
    same_as=None,
):
    known = Classes(tuple(map(SignClass, (4, 5, 6), names, origins)))
    logits = np.eye(3)[predicted] * 5
    labels = known.ids[TRUTH]
    splits = ("train", "valid", "test")
    outputs, truth = dict.fromkeys(splits, logits), dict.fromkeys(splits, labels)
    if hidden:
        chosen = np.isin(labels, hidden)
        outputs, truth = outputs | {"hidden": logits[chosen]}, truth | {"hidden": labels[chosen]}
    metrics = evaluation.evaluate(outputs, truth, known, calibration_bins=5, target_accuracy=target_accuracy)
    stress = STRESS if "threshold" in metrics["test"]["accepted"] else {"corrupted": STRESS["corrupted"]}
    predictions = Predictions(known.ids, dict.fromkeys(splits, softmax(logits)), dict.fromkeys(splits, labels))
    settings = {"fetch": {"source": source}, "merge": {"hide_photographs_of": list(hidden)}}
    results = Results(metrics, stress, predictions)
    return model_card.describe("original", metadata, known, results, settings, same_as, weakest=5)


def test_the_card_says_what_the_model_is_and_what_it_was_trained_on():
    text = described()
    for words in (
        "# Model card: original",
        "A `lenet` network with 1,234,567 weights.",
        "images of 20x30 pixels that each show one traffic sign into\n3 classes",
        "12,345 for training",
        METADATA["data"],
        "the central 80 % of each side enlarged to the whole image, colour",
        "| `networks.lenet.depths` | \\[1, 2\\] |",
    ):
        assert words in text


def test_the_card_gives_results_with_their_intervals():
    text = described()
    low, high = (f"{100 * end:.2f}" for end in interval(7, 8))
    assert f"| accuracy | 87.50 | {low} to {high} |" in text
    assert "| images with a confidence above the threshold | 100.00 |" in text
    assert "divided by the temperature 1.250" in text
    assert "| noise | 40.00 |" in text
    assert "| noise | 12.50 |" in text


def test_the_card_says_whether_the_threshold_meets_its_target():
    met = described(target_accuracy=0.5)
    assert "chosen on validation for an accuracy of 50 %. The test meets this target." in met
    assert "missed" not in met
    missed = described(target_accuracy=0.999)
    assert "**Target missed:** no confidence threshold reaches an accuracy of 99.9 % on validation" in missed
    assert "above the threshold |" not in missed
    assert "turned away" not in missed
    assert "100.00" not in missed  # neither a coverage nor an accuracy of no image


def test_the_card_tells_of_hidden_photographs_and_of_what_they_gave():
    text = described(hidden=[5])
    assert "- Hidden photographs: Yield (5) was trained on synthetic images alone." in text
    assert "| accuracy, classes with hidden photographs | 66.67 |" in text
    assert "| mean recall, classes with hidden photographs | 66.67 |" in text
    assert "| accuracy, other original classes | 100.00 |" in text
    assert "On the hidden training and validation photographs: mean recall 66.67 %, accuracy 66.67 %." in text
    assert "Stop (4), Yield (5) were trained" in described(hidden=[4, 5])
    assert "idden" not in described()


def test_the_card_tells_of_an_earlier_model_that_training_started_from():
    earlier = "cd" * 32
    assert earlier in described(
        metadata=METADATA | {"train": METADATA["train"] | {"load_from": {"sha256": earlier, "body_rate": 0.1}}}
    )
    assert "earlier model" not in described()


def test_the_card_says_that_validation_images_were_learned_and_calibration_carried_over():
    refit = {"temperature": 1.25, "threshold": 0.5, "exported_temperature": None, "exported_threshold": None}
    train = METADATA["train"] | {"refit": refit}
    text = described(metadata=METADATA | {"train": train})
    assert "12,345 for training, none for validation (temperature and threshold are those of earlier trainings" in text
    assert "the temperature 1.250, carried over from earlier trainings." in text
    assert "was carried over from earlier trainings for an accuracy of 50 %" in text
    assert "validation (choice" not in text


def test_the_card_says_that_without_new_signs_the_model_is_the_original_one():
    sentence = "There are no new signs, so this is the same model as `original`.\n\n## Training"
    assert sentence in described(same_as="original")
    assert "same model" not in described()


def test_the_card_says_where_the_bytes_are_those_of_one_kind_of_processor():
    sentence = "Another kind of processor gives other bytes."
    assert sentence in described(metadata=METADATA | {"instructions": "native"})
    assert sentence not in described()


def test_the_card_names_the_weaknesses():
    text = described()
    assert "- Yield (5): 2 of 3 correct, 66.67 %" in text
    assert "Stop (4): " not in text
    assert "- 1 image of Yield (5) classified as Stop (4), 0 images the other way round." in text
    assert "The corruption that costs most accuracy is noise." in text


def test_rendered_and_synthetic_images_are_called_what_they_are():
    warning = "The test images are rendered: these results do not measure photographs."
    assert warning in described(("rendered",) * 3)
    assert warning not in described()
    text = described(("photographs", "photographs", "synthetic"))
    assert "| accuracy, synthetic classes | 100.00 |" in text
    assert "The test images of the synthetic classes are synthetic." in text
    assert "that the model was trained on" not in text
    text = described(("photographs", "photographs", "synthetic of seen drawings"))
    assert "| accuracy, synthetic classes of seen drawings | 100.00 |" in text
    assert "show drawings that the model was trained on" in text
    assert "synthetic classes" not in described()


@pytest.mark.parametrize(
    ("source", "licence"),
    [
        ("sample", "were rendered from these drawings"),
        ("folders", "the person who trained the model"),
        ("gtsrb", "free to use with attribution"),
    ],
)
def test_the_licence_goes_by_the_source(source, licence):
    text = described(source=source).split("## Licence")[1]
    assert licence in text
    assert "The code is under the MIT licence, the drawings in `data/` are under CC0 1.0." in text


def test_names_from_outside_move_no_text():
    text = described(names=("\u202eStop", "\x1b[2J", "Yield"))
    assert "| \\\\u202eStop |" in text
    assert not {"\u202e", "\x1b"} & set(text)


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


def test_the_code_on_the_card_classifies_images(tmp_path, monkeypatch):
    preprocess = {"central_fraction": 1.0, "grey": True, "normalize": True, "min_brightness": None}
    metadata = METADATA | {"image_shape": [32, 32, 1], "preprocess": preprocess, "temperature": 1.5}
    network = LeNet(3, depths=[2, 2, 4, 4])
    network(np.zeros((1, 32, 32, 1), np.float32))
    known = Classes(
        (SignClass(4, "Stop", "rendered"), SignClass(5, "Yield", "rendered"), SignClass(6, "No", "rendered"))
    )
    store.write(tmp_path / "models/original", Model(network, known, metadata))
    monkeypatch.chdir(tmp_path)
    found = {"images": np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)}
    exec(described(metadata=metadata).split("```python")[1].split("```")[0], found)
    assert found["probabilities"].sum(axis=1) == pytest.approx(np.ones(5), abs=1e-5)
    assert set(found["names"]) <= {"Stop", "Yield", "No"}

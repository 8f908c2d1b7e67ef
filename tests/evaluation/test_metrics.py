import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from sklearn.metrics import accuracy_score, log_loss

from signs.core import documents
from signs.data.classes import Classes, SignClass
from signs.evaluation.metrics import calibration, calibration_error, evaluate, macro_f1, mean_recall, summary
from signs.networks.model_json import Calibration

SETTINGS = {"calibration_bins": 15, "target_accuracy": 0.9}


def logits_of(probabilities):
    return np.log(np.array(probabilities, dtype=np.float64)).astype(np.float32)


def drawn(rows=300, columns=6):
    rng = np.random.default_rng(3)
    return rng.normal(0, 2, (rows, columns)).astype(np.float32), rng.integers(0, columns, rows)


def classes(*origins):
    return Classes(tuple(SignClass(10 + 3 * i, f"class {i}", origin) for i, origin in enumerate(origins)))


def evaluated(classes, bins=15):
    logits, indices = drawn(columns=len(classes))
    splits = ("train", "valid", "test")
    return evaluate(
        dict.fromkeys(splits, logits),
        dict.fromkeys(splits, classes.ids[indices]),
        classes,
        calibration_bins=bins,
        target_accuracy=0.9,
    )


def old_macro_f1(logits, indices):
    """Twice what is right, over what occurs and what is predicted, by class; the mean of all classes."""
    classes, predicted = logits.shape[1], logits.argmax(axis=1)
    right = np.bincount(predicted[predicted == indices], minlength=classes)
    either = np.bincount(predicted, minlength=classes) + np.bincount(indices, minlength=classes)
    return np.divide(2 * right, either, out=np.zeros(classes), where=either > 0).mean()


def old_mean_recall(logits, indices):
    predicted = logits.argmax(axis=1)
    return np.mean([(predicted[indices == place] == place).mean() for place in np.unique(indices)])


predictions = st.tuples(
    npst.arrays(np.float32, (12, 4), elements=st.floats(-20, 20, width=32)),
    npst.arrays(np.int64, 12, elements=st.integers(0, 3)),
)


# --- macro F1 and mean recall


@given(predictions)
def test_macro_f1_and_mean_recall_are_those_of_the_formulas(drawn):
    """Also where a class does not occur, is never predicted, or both."""
    assert macro_f1(*drawn) == pytest.approx(old_macro_f1(*drawn))
    assert mean_recall(*drawn) == pytest.approx(old_mean_recall(*drawn))


def test_macro_f1_by_hand():
    """Class 0: precision 1, recall 1/2. Class 1: precision 1/2, recall 1. Class 2: never right."""
    logits = np.eye(3, dtype=np.float32)[[0, 1, 1, 0]] * 5
    logits[3] = [5, 0, 0]
    indices = np.array([0, 0, 1, 2])
    class_0, class_1 = 2 * (1 / 2 * 1 / 2) / 1, 2 * (1 / 2 * 1) / (3 / 2)
    assert macro_f1(logits, indices) == pytest.approx((class_0 + class_1 + 0) / 3)


def test_a_class_that_is_absent_counts_as_0_and_is_not_left_out():
    logits = np.eye(4, dtype=np.float32)[[0, 1, 0, 1]]
    indices = np.array([0, 1, 0, 1])
    assert macro_f1(logits[:, :2], indices) == 1
    assert macro_f1(logits, indices) == 0.5


# --- calibration


def test_calibration_error_by_hand():
    """Bins of 0.2: in (0.4, 0.6] 2 of 0.6, one right; in (0.6, 0.8] 1 of 0.7, right; in (0.8, 1] 2 of 0.9, none."""
    probabilities = [[0.6, 0.4], [0.4, 0.6], [0.7, 0.3], [0.9, 0.1], [0.1, 0.9]]
    indices = np.array([0, 0, 0, 1, 0])
    expected = (abs(1 - 1.2) + abs(1 - 0.7) + abs(0 - 1.8)) / 5
    assert calibration_error(logits_of(probabilities), indices, 5) == pytest.approx(expected, abs=1e-6)


def test_over_and_under_confidence_in_different_bins_do_not_cancel():
    probabilities = [[0.9, 0.1], [0.6, 0.4]]
    assert calibration_error(logits_of(probabilities), np.array([1, 0]), 1) == pytest.approx(0.25, abs=1e-6)
    assert calibration_error(logits_of(probabilities), np.array([1, 0]), 15) == pytest.approx(0.65, abs=1e-6)


def test_who_is_certain_and_right_is_calibrated_and_who_is_wrong_is_not():
    logits = np.eye(3, dtype=np.float32) * 1e4
    assert calibration_error(logits, np.array([0, 1, 2]), 15) == 0
    assert calibration_error(logits, np.array([1, 2, 0]), 15) == 1


@given(predictions, st.integers(1, 20))
def test_calibration_error_is_the_weighted_mean_of_gaps(drawn, bins):
    logits, indices = drawn
    probabilities = np.exp(logits - logits.max(axis=1, keepdims=True).astype(np.float64))
    probabilities = (probabilities / probabilities.sum(axis=1, keepdims=True)).astype(np.float32)
    confidence, right = probabilities.max(axis=1), logits.argmax(axis=1) == indices
    total = 0.0
    edges = np.ceil(confidence * bins) / bins
    for upper in set(edges.tolist()):
        inside = edges == upper
        total += inside.mean() * abs(right[inside].mean() - confidence[inside].mean(dtype=np.float64))
    error = calibration_error(logits, indices, bins)
    assert error == pytest.approx(total, abs=1e-5)
    assert 0 <= error <= 1


# --- the metrics together


def test_the_metrics_are_those_of_scikit_learn():
    known = classes(*["photographs"] * 6)
    metrics = evaluated(known)
    logits, indices = drawn()
    probabilities = np.exp(logits.astype(np.float64))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    for split in ("train", "valid", "test"):
        assert metrics[split]["accuracy"] == accuracy_score(indices, logits.argmax(axis=1))
        assert metrics[split]["loss"] == pytest.approx(log_loss(indices, probabilities))
    assert metrics["test"]["macro_f1"] == macro_f1(logits, indices)
    assert metrics["test"]["calibration_error"] == calibration_error(logits, indices, 15)


def test_without_synthetic_classes_nothing_is_judged_apart():
    metrics = evaluated(classes("photographs", "photographs"))
    assert not {"original", "synthetic", "seen_drawings", "hidden", "others"} & metrics["test"].keys()
    assert metrics["images"] == "photographs"
    said = f"test accuracy {metrics['test']['accuracy']:.4f} on 2 classes (images: photographs)"
    assert summary(metrics, classes("photographs", "photographs")) == said


def test_original_and_synthetic_classes_are_judged_apart():
    known = classes("rendered", "synthetic", "rendered")
    logits = np.eye(3, dtype=np.float32)[[0, 0, 2, 1, 1]]
    labels = known.ids[[0, 2, 2, 1, 0]]
    splits = ("train", "valid", "test")
    metrics = evaluate(
        dict.fromkeys(splits, logits), dict.fromkeys(splits, labels), known, calibration_bins=15, target_accuracy=0.9
    )
    assert metrics["test"]["accuracy"] == 3 / 5
    assert metrics["test"]["original"] == {"accuracy": 2 / 4}
    assert metrics["test"]["synthetic"] == {"accuracy": 1 / 1}
    assert metrics["images"] == "rendered and synthetic"
    assert summary(metrics, known) == (
        "test accuracy 0.5000 on 2 original classes, 1.0000 on 1 synthetic class (images: rendered and synthetic)"
    )


def test_classes_with_hidden_photographs_are_judged_apart_from_the_others():
    known = classes("photographs", "photographs", "photographs", "synthetic")
    said, right = [0, 0, 1, 1, 2, 0, 3], [0, 0, 0, 1, 2, 2, 3]
    splits = ("train", "valid", "test")
    logits, labels = np.eye(4, dtype=np.float32)[said], known.ids[right]
    metrics = evaluate(
        dict.fromkeys(splits, logits) | {"hidden": logits[3:6]},
        dict.fromkeys(splits, labels) | {"hidden": labels[3:6]},
        known,
        **SETTINGS,
    )
    assert (metrics["hidden"]["accuracy"], metrics["hidden"]["recall"]) == (2 / 3, (1 + 1 / 2) / 2)
    assert metrics["test"]["hidden"] == {"accuracy": 2 / 3, "recall": (1 + 1 / 2) / 2}
    assert metrics["test"]["others"] == {"accuracy": 2 / 3, "recall": 2 / 3}


def test_where_all_is_synthetic_nothing_is_judged_apart():
    metrics = evaluated(classes("synthetic", "synthetic"))
    assert not {"original", "synthetic"} & metrics["test"].keys()
    assert metrics["images"] == "synthetic"


def test_the_threshold_is_chosen_on_validation_and_measured_on_test():
    known = classes("photographs", "photographs")
    sure, unsure = [4.0, 0.0], [1.0, 0.0]
    logits = {"valid": np.array([sure, sure, unsure, unsure]), "test": np.array([sure, unsure, sure, unsure])}
    labels = {"valid": known.ids[[0, 0, 1, 0]], "test": known.ids[[1, 0, 0, 0]]}
    metrics = evaluate(
        {"train": logits["valid"]} | logits,
        {"train": labels["valid"]} | labels,
        known,
        **SETTINGS,
    )
    found = metrics["test"]["accepted"]
    assert found["threshold"] == pytest.approx(1 / (1 + np.exp(-1)))  # above which only the sure ones are
    assert (found["coverage"], found["accuracy"]) == (1 / 2, 1 / 2)


def test_where_no_threshold_reaches_the_target_only_the_target_is_reported():
    known = classes("photographs", "photographs")
    always_wrong = np.array([[4.0, 0.0], [1.0, 0.0]])
    splits = ("train", "valid", "test")
    found = evaluate(dict.fromkeys(splits, always_wrong), dict.fromkeys(splits, known.ids[[1, 1]]), known, **SETTINGS)
    assert found["test"]["accepted"] == {"target_accuracy": 0.9}


def test_what_was_measured_on_no_image_is_left_out(tmp_path):
    """No validation image, no hidden photograph, and no test image of an original class."""
    known = classes("photographs", "synthetic")
    logits, labels = np.eye(2, dtype=np.float32)[[1, 0]], known.ids[[1, 1]]
    nothing, nobody = np.zeros((0, 2), np.float32), np.zeros(0, np.int64)
    found = evaluate(
        {"train": logits, "valid": nothing, "test": logits, "hidden": nothing},
        {"train": labels, "valid": nobody, "test": labels, "hidden": nobody},
        known,
        **SETTINGS,
    )
    assert found.keys() == {"train", "test", "images"}
    assert not {"original", "synthetic", "hidden", "others"} & found["test"].keys()
    documents.write(tmp_path / "metrics.json", found)  # refuses what is not a number
    assert documents.read(tmp_path / "metrics.json", "evaluate") == found


def test_the_number_of_bins_is_a_setting():
    known = classes(*["photographs"] * 6)
    logits, indices = drawn()
    assert evaluated(known, 2)["test"]["calibration_error"] == calibration_error(logits, indices, 2)
    with pytest.raises(ValueError, match=r"params\.yaml: evaluate\.calibration_bins is 0; .*equal to 1"):
        evaluated(known, 0)


def test_a_label_that_is_no_class_is_an_error():
    known = classes("photographs", "photographs")
    with pytest.raises(ValueError, match=r"labels \[11\] are not among the 2 classes of the training set"):
        evaluate(
            {"test": np.zeros((2, 2))}, {"test": np.array([10, 11])}, known, calibration_bins=15, target_accuracy=0.9
        )


# --- synthetic classes of seen drawings


def test_synthetic_classes_of_seen_drawings_are_told_apart():
    origins = ["photographs", "synthetic", "synthetic of seen drawings"]
    known = Classes(
        tuple(SignClass(id, name, origin) for id, (name, origin) in enumerate(zip("abc", origins, strict=True)))
    )
    labels = np.repeat([0, 1, 2], 4)
    logits = np.eye(3, dtype=np.float32)[labels] * 5
    logits[[1, 4, 5, 8]] = 0, 0, 0
    logits[[1, 4, 5, 8], [1, 0, 0, 1]] = 5
    splits = ("train", "valid", "test")
    found = evaluate(
        dict.fromkeys(splits, logits),
        dict.fromkeys(splits, labels),
        known,
        calibration_bins=5,
        target_accuracy=0.5,
    )["test"]
    assert found["original"] == {"accuracy": 0.75}
    assert found["synthetic"] == {"accuracy": 5 / 8}
    assert found["seen_drawings"] == {"accuracy": 0.75}


# --- a model that learned the validation images


def test_a_model_without_validation_images_takes_its_threshold_over_and_has_no_metrics_of_them():
    known = classes("photographs", "photographs")
    logits, indices = drawn(columns=2)
    labels = known.ids[indices]
    outputs = {"train": logits, "valid": logits[:0], "test": logits}
    truth = {"train": labels, "valid": labels[:0], "test": labels}
    found = evaluate(outputs, truth, known, Calibration(temperature=1.5, threshold=0.6), **SETTINGS)
    assert found.keys() == {"train", "test", "images"}
    assert found["test"]["accepted"]["threshold"] == 0.6
    assert calibration(1.5, found) == {"temperature": 1.5, "threshold": 0.6}
    none = evaluate(outputs, truth, known, Calibration(temperature=1.5, threshold=None), **SETTINGS)
    assert none["test"]["accepted"] == {"target_accuracy": 0.9}
    assert calibration(1.5, none) == {"temperature": 1.5}

import csv
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from sklearn.metrics import confusion_matrix, f1_score, precision_score, recall_score

from signs.core import params
from signs.core.scores import softmax
from signs.data.classes import Classes, SignClass
from signs.evaluation import diagnosis
from signs.evaluation.diagnosis import diagnose
from signs.evaluation.metrics import calibration_error
from signs.evaluation.predictions import Predictions

SETTINGS = {"bins": 5, "mistakes": 100}


def certain(positions, classes):
    """Probabilities of a model that is sure of these classes."""
    return np.eye(classes, dtype=np.float32)[positions]


def predictions_of(ids, test, labels, valid=None, valid_labels=None):
    return Predictions(
        np.array(ids),
        {"valid": np.array(test if valid is None else valid, np.float32), "test": np.array(test, np.float32)},
        {"valid": np.array(labels if valid_labels is None else valid_labels), "test": np.array(labels)},
    )


def classes_of(*ids):
    return Classes(tuple(SignClass(id, f"class {id}", "photographs") for id in ids))


def random_predictions(seed, classes=4, images=60):
    rng = np.random.default_rng(seed)
    ids = np.arange(classes) * 5 + 2
    logits = {split: rng.normal(0, 1.5, (images, classes)).astype(np.float32) for split in ("valid", "test")}
    labels = {split: rng.choice(ids, images) for split in ("valid", "test")}
    return logits, Predictions(ids, {split: softmax(values) for split, values in logits.items()}, labels)


# Eighths, lest two logits differ by less than their probabilities can tell.
eighths = st.integers(-160, 160).map(lambda number: number / 8)
logits_and_indices = st.tuples(st.integers(1, 12), st.integers(2, 5)).flatmap(
    lambda shape: st.tuples(
        npst.arrays(np.float32, shape, elements=eighths),
        npst.arrays(np.int64, shape[0], elements=st.integers(0, shape[1] - 1)),
    )
)


# --- confusion


def test_confusion_by_hand():
    """Of class 0 one image is right and one is taken for 2; of class 2 both are taken for 0."""
    matrix = diagnosis.confusion(certain([0, 2, 1, 0, 0], 3), np.array([0, 0, 1, 2, 2]))
    assert matrix.tolist() == [[1, 0, 1], [0, 1, 0], [2, 0, 0]]


@given(logits_and_indices)
def test_confusion_is_that_of_a_loop(drawn):
    logits, indices = drawn
    probabilities = softmax(logits)
    expected = np.zeros((logits.shape[1],) * 2, dtype=int)
    for row, index in zip(probabilities, indices, strict=True):
        expected[index, int(np.argmax(row))] += 1
    assert np.array_equal(diagnosis.confusion(probabilities, indices), expected)


def test_confusion_of_a_single_class():
    assert diagnosis.confusion(certain([0, 0, 0], 1), np.array([0, 0, 0])).tolist() == [[3]]


# --- mean probabilities


def test_average_probabilities_by_hand():
    average = diagnosis.average_probabilities(
        np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [0.2, 0.3, 0.5]], np.float32), np.array([0, 0, 2])
    )
    assert average.dtype == np.float64
    assert average[[0, 2]] == pytest.approx(np.array([[0.75, 0.25, 0], [0.2, 0.3, 0.5]]))
    assert np.isnan(average[1]).all()


@given(logits_and_indices)
def test_average_probabilities_are_means_that_add_up_to_1(drawn):
    logits, indices = drawn
    average = diagnosis.average_probabilities(softmax(logits), indices)
    for position, row in enumerate(average):
        own = softmax(logits)[indices == position]
        assert np.isnan(row).all() if not len(own) else row == pytest.approx(own.mean(axis=0, dtype=np.float64))
    assert np.nansum(average, axis=1) == pytest.approx(np.isin(np.arange(len(average)), indices).astype(float))


# --- per class


def test_per_class_by_hand():
    """Class 0: 2 of 3 found, 1 of 3 named so is another. Class 1: never named. Class 2: no image, once named."""
    indices = np.array([0, 0, 0, 1])
    average = np.diag([0.5, np.nan, 0.25])
    table = diagnosis.per_class(certain([0, 0, 2, 0], 3), indices, average)
    third = pytest.approx(2 / 3)
    assert table == [
        {"images": 3, "precision": third, "recall": third, "f1": third, "valid_probability": 0.5},
        {"images": 1, "precision": None, "recall": 0, "f1": 0, "valid_probability": None},
        {"images": 0, "precision": 0, "recall": None, "f1": 0, "valid_probability": 0.25},
    ]


def test_a_class_without_images_that_is_never_named_has_no_scores():
    table = diagnosis.per_class(certain([0, 0], 2), np.array([0, 0]), np.full((2, 2), np.nan))
    assert table[1] == {"images": 0, "precision": None, "recall": None, "f1": None, "valid_probability": None}


@pytest.mark.parametrize("seed", range(3))
def test_scores_are_those_of_scikit_learn(seed):
    _, drawn = random_predictions(seed)
    positions = np.searchsorted(drawn.ids, drawn.labels["test"])
    said = drawn.softmax["test"].argmax(axis=1)
    table = diagnosis.per_class(drawn.softmax["test"], positions, np.eye(4))
    for key, score in (("precision", precision_score), ("recall", recall_score), ("f1", f1_score)):
        assert [row[key] for row in table] == pytest.approx(score(positions, said, average=None))
    assert [row["images"] for row in table] == np.bincount(positions, minlength=4).tolist()


# --- reliability


def test_reliability_by_hand():
    """Bins of 0.25: none below 0.5; 0.5 in the second, right; 0.75 and 0.625 in the third, one right; 1 wrong."""
    probabilities = np.array([[0.5, 0.5], [0.75, 0.25], [0.375, 0.625], [0, 1]], np.float32)
    assert diagnosis.reliability(probabilities, np.array([0, 0, 0, 0]), 4) == [
        {"low": 0, "high": 0.25, "confidence": None, "accuracy": None, "images": 0},
        {"low": 0.25, "high": 0.5, "confidence": 0.5, "accuracy": 1, "images": 1},
        {"low": 0.5, "high": 0.75, "confidence": 0.6875, "accuracy": 0.5, "images": 2},
        {"low": 0.75, "high": 1, "confidence": 1, "accuracy": 0, "images": 1},
    ]


@pytest.mark.parametrize("upper", [0.6, 0.7, 0.8, 0.9])
def test_a_bin_holds_its_upper_edge(upper):
    probabilities = np.array([[upper, 1 - upper]], np.float32)
    table = diagnosis.reliability(probabilities, np.array([0]), 10)
    assert [row["high"] for row in table if row["images"]] == [upper]


def weighted_gap(table):
    total = sum(row["images"] for row in table)
    return sum(row["images"] * abs(row["accuracy"] - row["confidence"]) for row in table if row["images"]) / total


@given(logits_and_indices, st.integers(1, 20))
def test_the_weighted_gap_is_the_calibration_error(drawn, bins):
    logits, indices = drawn
    table = diagnosis.reliability(softmax(logits), indices, bins)
    assert len(table) == bins
    assert sum(row["images"] for row in table) == len(indices)
    assert weighted_gap(table) == pytest.approx(calibration_error(logits, indices, bins), abs=1e-5)


def test_the_weighted_gap_is_the_calibration_error_at_the_edges_of_bins():
    """Certain by 0.6 and right, by 0.7 and wrong: in one bin of 0.2 the gaps would cancel."""
    logits = np.log(np.array([[0.6, 0.4], [0.7, 0.3]])).astype(np.float32)
    indices = np.array([0, 1])
    assert calibration_error(logits, indices, 5) == pytest.approx((0.4 + 0.7) / 2, abs=1e-6)
    assert weighted_gap(diagnosis.reliability(softmax(logits), indices, 5)) == pytest.approx(0.55, abs=1e-6)


@given(logits_and_indices, st.integers(1, 9))
def test_the_bins_are_side_by_side_and_hold_what_is_in_them(drawn, bins):
    table = diagnosis.reliability(softmax(drawn[0]), drawn[1], bins)
    assert table[0]["low"] == 0
    assert table[-1]["high"] == 1
    assert [row["low"] for row in table[1:]] == [row["high"] for row in table[:-1]]
    for row in table:
        if row["images"]:
            assert row["low"] - 1e-6 <= row["confidence"] <= row["high"] + 1e-6
            assert 0 <= row["accuracy"] <= 1


# --- pairs and mistakes


def test_pairs_are_ordered_by_their_confusions_both_ways():
    matrix = np.array([[9, 1, 0, 2], [2, 9, 1, 0], [0, 3, 9, 0], [1, 0, 0, 9]])
    assert diagnosis.confused(matrix) == [(1, 2), (0, 1), (0, 3)]
    assert diagnosis.confused(np.diag([3, 4, 5])) == []


@given(npst.arrays(np.int64, (5, 5), elements=st.integers(0, 3)))
def test_every_pair_that_is_confused_is_named_once(matrix):
    before = matrix.copy()
    pairs = diagnosis.confused(matrix)
    expected = {(i, j) for i in range(5) for j in range(i + 1, 5) if matrix[i, j] + matrix[j, i]}
    assert set(pairs) == expected
    assert len(pairs) == len(expected)
    counts = [matrix[i, j] + matrix[j, i] for i, j in pairs]
    assert counts == sorted(counts, reverse=True)
    assert np.array_equal(matrix, before)


def test_mistakes_are_ordered_by_confidence_then_by_position():
    probabilities = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.3, 0.7], [0.7, 0.3]], np.float32)
    assert diagnosis.wrong(probabilities, np.array([0, 1, 0, 0, 1])).tolist() == [2, 1, 3, 4]
    assert diagnosis.wrong(probabilities, np.array([0, 0, 1, 1, 0])).tolist() == []


# --- the whole


def test_the_diagnosis_is_made_of_its_parts():
    logits, drawn = random_predictions(0)
    known = classes_of(*drawn.ids.tolist())
    found = diagnose(drawn, known, **SETTINGS)
    test, valid = (np.searchsorted(drawn.ids, drawn.labels[split]) for split in ("test", "valid"))
    assert found.classes == known
    assert np.array_equal(found.matrix, confusion_matrix(test, logits["test"].argmax(axis=1)))
    assert np.array_equal(found.average, diagnosis.average_probabilities(drawn.softmax["valid"], valid))
    assert [row["valid_probability"] for row in found.per_class] == found.average.diagonal().tolist()
    for split, indices in (("test", test), ("valid", valid)):
        assert weighted_gap(found.reliability[split]) == pytest.approx(
            calibration_error(logits[split], indices, 5), abs=1e-5
        )
    assert np.array_equal(found.mistakes, diagnosis.wrong(drawn.softmax["test"], test))


def test_at_most_so_many_mistakes_are_kept_the_most_confident():
    _, drawn = random_predictions(1)
    known = classes_of(*drawn.ids.tolist())
    every = diagnose(drawn, known, **SETTINGS).mistakes
    assert np.array_equal(diagnose(drawn, known, bins=5, mistakes=3).mistakes, every[:3])


@pytest.mark.parametrize("ids", [(2, 7, 12), (2, 7, 12, 18), (2, 7, 12, 17, 22)])
def test_predictions_of_other_classes_are_refused(ids):
    with pytest.raises(ValueError, match=rf"predictions are of 4 classes, the data have {len(ids)}, and they are not"):
        diagnose(random_predictions(0)[1], classes_of(*ids), **SETTINGS)


def test_a_label_that_is_no_class_is_refused():
    drawn = predictions_of([2, 7], certain([0, 1], 2), [2, 9])
    with pytest.raises(ValueError, match=r"labels \[9\] are not among the 2 classes"):
        diagnose(drawn, classes_of(2, 7), **SETTINGS)


def test_the_settings_are_a_section_of_params():
    assert params.load("diagnose").keys() == params.settings(diagnose)
    with pytest.raises(ValueError, match=r"params\.yaml: diagnose\.bins is 0; .*greater than or equal to 1"):
        diagnose(random_predictions(0)[1], classes_of(2, 7, 12, 17), bins=0, mistakes=1)


# --- tables


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def written(folder, drawn, known):
    found = diagnose(drawn, known, **SETTINGS)
    diagnosis.write_tables(folder, found)
    return found


def test_the_table_of_confusion_has_a_row_an_image_and_gives_the_matrix_back(tmp_path):
    _, drawn = random_predictions(2)
    found = written(tmp_path, drawn, classes_of(*drawn.ids.tolist()))
    table = rows(tmp_path / "confusion.csv")
    assert len(table) == len(drawn.labels["test"])
    matrix = np.zeros_like(found.matrix)
    for row in table:
        matrix[tuple(np.searchsorted(drawn.ids, [int(row["actual"]), int(row["predicted"])]))] += 1
    assert np.array_equal(matrix, found.matrix)


def test_ids_have_as_many_digits_as_the_largest(tmp_path):
    drawn = predictions_of([3, 20, 100], certain([0, 1, 2, 2], 3), [3, 20, 100, 3])
    written(tmp_path, drawn, classes_of(3, 20, 100))
    assert Counter((row["actual"], row["predicted"]) for row in rows(tmp_path / "confusion.csv")) == {
        ("003", "003"): 1,
        ("020", "020"): 1,
        ("100", "100"): 1,
        ("003", "100"): 1,
    }
    assert [row["class"] for row in rows(tmp_path / "per_class.csv")] == ["003", "020", "100"]
    assert rows(tmp_path / "confused.csv") == [{"pair": "003 100", "images": "1"}]


def test_the_scores_of_a_class_are_in_its_row_and_what_is_none_is_empty(tmp_path):
    drawn = predictions_of([0, 1, 2], certain([0, 0, 2, 0], 3), [0, 0, 0, 1])
    found = written(tmp_path, drawn, classes_of(0, 1, 2))
    for row, expected in zip(rows(tmp_path / "per_class.csv"), found.per_class, strict=True):
        assert int(row["images"]) == expected["images"]
        for key in ("precision", "recall", "f1", "valid_probability"):
            assert row[key] == "" if expected[key] is None else float(row[key]) == pytest.approx(expected[key], 1e-5)


def test_names_with_commas_quotes_and_line_breaks_come_back(tmp_path):
    names = ['Stop, "now"', "two\nlines", "Überholverbot 🚗"]
    known = Classes(tuple(SignClass(id, name, "rendered") for id, name in enumerate(names)))
    written(tmp_path, predictions_of([0, 1, 2], certain([0, 1, 2], 3), [0, 1, 2]), known)
    assert [row["name"] for row in rows(tmp_path / "per_class.csv")] == names


def test_the_table_of_reliability_has_the_filled_bins_of_test(tmp_path):
    _, drawn = random_predictions(3)
    found = written(tmp_path, drawn, classes_of(*drawn.ids.tolist()))
    filled = [row for row in found.reliability["test"] if row["images"]]
    table = rows(tmp_path / "reliability.csv")
    assert 0 < len(table) < 5
    for row, expected in zip(table, filled, strict=True):
        assert {key: float(value) for key, value in row.items()} == pytest.approx(expected, rel=1e-5)


def test_the_pairs_have_their_images_both_ways(tmp_path):
    drawn = predictions_of([4, 6, 9], certain([1, 0, 2, 2, 0], 3), [4, 6, 6, 6, 9])
    written(tmp_path, drawn, classes_of(4, 6, 9))
    assert rows(tmp_path / "confused.csv") == [
        {"pair": "4 6", "images": "2"},
        {"pair": "6 9", "images": "2"},
        {"pair": "4 9", "images": "1"},
    ]


def test_where_nothing_is_confused_the_table_is_only_its_header(tmp_path):
    written(tmp_path, predictions_of([4, 6], certain([0, 1], 2), [4, 6]), classes_of(4, 6))
    assert (tmp_path / "confused.csv").read_text() == "pair,images\n"


def test_the_same_predictions_give_the_same_bytes(tmp_path):
    for name in ("first", "second"):
        _, drawn = random_predictions(4)
        found = written(tmp_path / name, drawn, classes_of(*drawn.ids.tolist()))
        attention = np.random.default_rng(0).random((len(found.mistakes), 5, 4), dtype=np.float32)
        diagnosis.write_mistakes(tmp_path / name / "mistakes.npz", found.mistakes, attention)
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("first", "second")
    )
    assert sorted(first) == ["confused.csv", "confusion.csv", "mistakes.npz", "per_class.csv", "reliability.csv"]
    assert first == second


# --- the file of mistakes


@given(
    npst.arrays(
        np.float32,
        st.tuples(st.integers(0, 5), st.integers(1, 6), st.integers(1, 6)),
        elements=st.floats(0, 1, width=32),
    )
)
@settings(max_examples=25)
def test_mistakes_come_back_with_attention_within_half_a_step(tmp_path_factory, attention):
    path = tmp_path_factory.mktemp("mistakes") / "mistakes.npz"
    images = np.arange(len(attention)) * 7
    diagnosis.write_mistakes(path, images, attention)
    read_images, read_attention = diagnosis.read_mistakes(path)
    assert np.array_equal(read_images, images)
    assert (read_attention.shape, read_attention.dtype) == (attention.shape, np.float32)
    assert np.abs(read_attention - attention).max(initial=0) <= 0.5 / 255 + 1e-6
    assert ((read_attention >= 0) & (read_attention <= 1)).all()


def test_a_missing_file_of_mistakes_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"none\.npz holds no arrays images, attention: .*No such file"):
        diagnosis.read_mistakes(tmp_path / "none.npz")

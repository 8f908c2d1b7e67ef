import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from sklearn.metrics import confusion_matrix

from signs.core import params
from signs.core.scores import softmax
from signs.evaluation import diagnosis, reliability
from signs.evaluation.diagnosis import diagnose
from signs.evaluation.metrics import calibration_error
from tests.predicted import certain, classes_of, logits_and_indices, predictions_of, random_predictions

SETTINGS = {"bins": 5, "mistakes": 100}


# --- confusion


def test_confusion_by_hand():
    """Of class 0 one image is right and one is taken for 2; of class 2 both are taken for 0."""
    matrix = diagnosis.confusion(np.array([0, 0, 1, 2, 2]), np.array([0, 2, 1, 0, 0]), 3)
    assert matrix.tolist() == [[1, 0, 1], [0, 1, 0], [2, 0, 0]]


@given(logits_and_indices)
def test_confusion_is_that_of_scikit_learn(drawn):
    predicted, classes = drawn[0].argmax(axis=1), drawn[0].shape[1]
    expected = confusion_matrix(drawn[1], predicted, labels=np.arange(classes))
    assert np.array_equal(diagnosis.confusion(drawn[1], predicted, classes), expected)


def test_confusion_of_a_single_class():
    assert diagnosis.confusion(np.zeros(3, int), np.zeros(3, int), 1).tolist() == [[3]]


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


def share(part, whole):
    return part / whole if whole else None


@given(logits_and_indices)
def test_scores_are_those_of_the_formulas(drawn):
    probabilities, indices = softmax(drawn[0]), drawn[1]
    table = diagnosis.per_class(probabilities, indices, np.eye(probabilities.shape[1]))
    said = probabilities.argmax(axis=1)
    for place, row in enumerate(table):
        hits = int(((said == place) & (indices == place)).sum())
        images, taken = int((indices == place).sum()), int((said == place).sum())
        expected = {
            "images": images,
            "precision": share(hits, taken),
            "recall": share(hits, images),
            "f1": share(2 * hits, images + taken),
        }
        assert {key: row[key] for key in expected} == pytest.approx(expected)


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
        error = calibration_error(logits[split], indices, 5)
        assert reliability.calibration_error(found.reliability[split]) == pytest.approx(error, abs=1e-6)
    assert np.array_equal(found.mistakes, diagnosis.wrong(drawn.softmax["test"], test))


def test_at_most_so_many_mistakes_are_kept_the_most_confident():
    _, drawn = random_predictions(1)
    known = classes_of(*drawn.ids.tolist())
    every = diagnose(drawn, known, **SETTINGS).mistakes
    assert np.array_equal(diagnose(drawn, known, bins=5, mistakes=3).mistakes, every[:3])


@pytest.mark.parametrize("ids", [(2, 7, 12), (2, 7, 12, 18), (2, 7, 12, 17, 22)])
def test_predictions_of_other_classes_are_refused(ids):
    with pytest.raises(ValueError, match=rf"the predictions are of 4 classes, the data set has {len(ids)} others"):
        diagnose(random_predictions(0)[1], classes_of(*ids), **SETTINGS)


def test_a_label_that_is_no_class_is_refused():
    drawn = predictions_of([2, 7], certain([0, 1], 2), [2, 9])
    with pytest.raises(ValueError, match=r"labels \[9\] are not among the 2 classes"):
        diagnose(drawn, classes_of(2, 7), **SETTINGS)


def test_the_settings_are_a_section_of_params():
    assert params.load("diagnose").keys() == params.settings(diagnose)
    with pytest.raises(ValueError, match=r"params\.yaml: diagnose\.bins is 0; .*greater than or equal to 1"):
        diagnose(random_predictions(0)[1], classes_of(2, 7, 12, 17), bins=0, mistakes=1)

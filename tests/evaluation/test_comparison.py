from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signs.core import documents
from signs.evaluation.comparison import compare, is_same_model, judge
from signs.evaluation.predictions import Predictions


def predictions(ids, labels, rows):
    """Of test; of validation there is nothing."""
    softmax = np.array(rows, dtype=np.float32)
    empty = np.zeros((0, len(ids)), np.float32)
    return Predictions(
        np.array(ids), {"valid": empty, "test": softmax}, {"valid": np.zeros(0, np.int64), "test": np.array(labels)}
    )


FIRST = predictions([4, 9], [4, 9, 9], [[0.75, 0.25], [0.625, 0.375], [0.125, 0.875]])


def test_both_say_what_they_make_of_the_images_that_both_were_measured_on():
    """The second knows one class more, whose images lie between the others'."""
    second = predictions(
        [4, 7, 9],
        [7, 4, 9, 7, 9],
        [[0, 1, 0], [0.25, 0.5, 0.25], [0, 0.25, 0.75], [0, 1, 0], [1, 0, 0]],
    )
    one, other = compare(FIRST, second)
    assert (one.rows.tolist(), other.rows.tolist()) == ([0, 1, 2], [1, 2, 4])
    assert one.ids.tolist() == [4, 4, 9]
    assert one.confidence.tolist() == [0.75, 0.625, 0.875]
    assert one.is_correct.tolist() == [True, False, True]
    assert other.ids.tolist() == [7, 9, 4]
    assert other.confidence.tolist() == [0.5, 0.75, 1]
    assert other.is_correct.tolist() == [False, True, False]


def test_models_of_the_same_data_and_settings_are_one(tmp_path):
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    documents.write(first, {"data": "ab", "train": {"seed": 1}})
    for content, is_same in (
        ({"train": {"seed": 1}, "data": "ab"}, True),
        ({"data": "cd", "train": {"seed": 1}}, False),
        ({"data": "ab", "train": {"seed": 2}}, False),
    ):
        documents.write(second, content)
        assert is_same_model(first, second) == is_same


def test_a_model_beside_itself_agrees_on_every_image():
    one, other = compare(FIRST, FIRST)
    assert all(np.array_equal(mine, yours) for mine, yours in zip(one, other, strict=True))


def test_labels_are_ids_and_not_positions():
    first = predictions([100, 7000], [7000, 100], [[0, 1], [0, 1]])
    second = predictions([100, 300, 7000], [7000, 100], [[0, 0, 1], [1, 0, 0]])
    one, other = compare(first, second)
    assert (one.ids.tolist(), one.is_correct.tolist()) == ([7000, 7000], [True, False])
    assert (other.ids.tolist(), other.is_correct.tolist()) == ([7000, 100], [True, True])


@pytest.mark.parametrize("labels", [[9, 4, 9], [4, 9], [4, 9, 9, 9], [4, 4, 9], [7, 7, 7]])
def test_results_on_other_images_are_refused(labels):
    second = predictions([4, 7, 9], labels, np.eye(3)[[0] * len(labels)])
    own = sum(label != 7 for label in labels)
    with pytest.raises(ValueError, match=rf"measured on 3 test images, the second on {own} of .* their labels differ"):
        compare(FIRST, second)


def test_no_prediction_is_altered():
    before = FIRST.softmax["test"].copy()
    compare(FIRST, FIRST)
    assert np.array_equal(FIRST.softmax["test"], before)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=60))
def test_the_p_value_is_that_of_counting_all_ways(pairs):
    """Of all ways to deal out the images that one model alone has right, how many are as uneven?"""
    first, second = (np.array([pair[side] for pair in pairs], dtype=bool) for side in (0, 1))
    verdict = judge(first, second)
    differ, fewer = verdict.only_first + verdict.only_second, min(verdict[:2])
    ways = sum(comb(differ, count) for count in range(fewer + 1))
    expected = min(1.0, 2 * ways / 2**differ)
    assert verdict.p_value == pytest.approx(expected)
    assert verdict.words == (
        "no significant difference" if expected >= 0.05 else "better" if second.sum() > first.sum() else "worse"
    )
    assert judge(second, first)[:3] == (verdict.only_second, verdict.only_first, pytest.approx(verdict.p_value))

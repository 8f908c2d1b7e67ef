import pytest
from hypothesis import given
from hypothesis import strategies as st

from signs.core import history

rows = st.lists(st.fixed_dictionaries({"valid_accuracy": st.floats(0, 1), "valid_loss": st.floats(0, 10)}), min_size=1)


def row(accuracy, loss):
    return {"valid_accuracy": accuracy, "valid_loss": loss}


@pytest.mark.parametrize(
    ("rows", "best"),
    [
        ([row(0.1, 3.0), row(0.9, 0.5), row(0.8, 0.1)], 1),
        ([row(0.1, 3.0), row(0.9, 0.5), row(0.9, 0.4)], 2),
        ([row(0.9, 0.4), row(0.9, 0.4), row(0.1, 0.0)], 0),
    ],
)
def test_the_best_epoch_has_the_highest_accuracy_then_the_lowest_loss_then_comes_first(rows, best):
    assert history.best_epoch(rows) == best


@given(rows)
def test_no_epoch_is_better_than_the_best(rows):
    best = history.best_epoch(rows)
    keys = [(row["valid_accuracy"], -row["valid_loss"]) for row in rows]
    assert keys[best] == max(keys)
    assert keys.index(max(keys)) == best


def test_without_validation_the_last_epoch_is_the_best():
    assert history.best_epoch([{"train_accuracy": 0.9}, {"train_accuracy": 0.5}]) == 1


@given(rows)
def test_the_epoch_kept_is_the_best_or_the_last(rows):
    assert history.kept_epoch(rows, "best") == history.best_epoch(rows)
    assert history.kept_epoch(rows, "last") == len(rows) - 1

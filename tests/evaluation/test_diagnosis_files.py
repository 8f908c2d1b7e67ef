import csv
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from signs.core.errors import UserError
from signs.data.classes import Classes, SignClass
from signs.evaluation import diagnosis_files
from signs.evaluation.diagnosis import diagnose
from tests.predicted import certain, classes_of, predictions_of, random_predictions

SETTINGS = {"bins": 5, "mistakes": 100}


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def written(folder, drawn, known):
    found = diagnose(drawn, known, **SETTINGS)
    diagnosis_files.write_tables(folder, found)
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


@pytest.mark.parametrize("files", [None, np.array(["a.png", "b, c.png", "d.png", "e.png"])])
def test_the_mistakes_are_listed_with_their_files_most_confident_first(tmp_path, files):
    softmax = np.array([[0.6, 0.4, 0], [0.9, 0.1, 0], [0, 0.25, 0.75], [0, 0.5, 0.5]])
    drawn = predictions_of([4, 6, 9], softmax, [6, 6, 9, 9])
    found = diagnose(drawn, classes_of(4, 6, 9), **SETTINGS)
    diagnosis_files.write_mistake_table(tmp_path / "mistakes.csv", drawn, found, files)
    named = ["", "", ""] if files is None else ["b, c.png", "a.png", "e.png"]
    assert [tuple(row.values()) for row in rows(tmp_path / "mistakes.csv")] == [
        ("1", named[0], "class 6", "class 4", "0.9"),
        ("0", named[1], "class 6", "class 4", "0.6"),
        ("3", named[2], "class 9", "class 6", "0.5"),
    ]


def test_the_same_predictions_give_the_same_bytes(tmp_path):
    for name in ("first", "second"):
        _, drawn = random_predictions(4)
        found = written(tmp_path / name, drawn, classes_of(*drawn.ids.tolist()))
        heatmaps = np.random.default_rng(0).random((len(found.mistakes), 5, 4), dtype=np.float32)
        diagnosis_files.write_mistakes(tmp_path / name / "mistakes.npz", found.mistakes, heatmaps)
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("first", "second")
    )
    assert first == second


# --- read back


@pytest.mark.parametrize("seed", range(3))
def test_the_tables_come_back_to_six_digits_without_empty_bins(tmp_path, seed):
    _, drawn = random_predictions(seed)
    known = classes_of(*drawn.ids.tolist())
    found = written(tmp_path, drawn, known)
    read = diagnosis_files.read_tables(tmp_path, known)
    assert np.array_equal(read.matrix, found.matrix)
    for row, expected in zip(read.per_class, found.per_class, strict=True):
        assert row == pytest.approx(expected, rel=1e-5)
    for split in ("valid", "test"):
        filled = [row for row in found.reliability[split] if row["images"]]
        for row, expected in zip(read.reliability[split], filled, strict=True):
            assert row == pytest.approx(expected, rel=1e-5)


def test_what_is_undefined_comes_back_as_none(tmp_path):
    drawn = predictions_of([0, 1, 2], certain([0, 0, 2, 0], 3), [0, 0, 0, 1])
    found = written(tmp_path, drawn, classes_of(0, 1, 2))
    read = diagnosis_files.read_tables(tmp_path, classes_of(0, 1, 2))
    assert (read.per_class[1]["precision"], read.per_class[2]["recall"]) == (None, None)
    assert [row["images"] for row in read.per_class] == [row["images"] for row in found.per_class]


@pytest.mark.parametrize("name", ["confusion.csv", "per_class.csv", "reliability.csv", "valid_reliability.csv"])
@pytest.mark.parametrize("content", [None, "", "a,b\n1,2\n", "half"], ids=["none", "empty", "other", "half"])
def test_a_missing_or_damaged_table_is_named(tmp_path, name, content):
    _, drawn = random_predictions(0)
    written(tmp_path, drawn, classes_of(*drawn.ids.tolist()))
    path = tmp_path / name
    if content is None:
        path.unlink()
    else:
        path.write_text(path.read_text().splitlines()[0] + "\n1" if content == "half" else content)
    with pytest.raises(UserError, match=rf"{name} is no table .*; dvc repro diagnose writes it again"):
        diagnosis_files.read_tables(tmp_path, classes_of(*drawn.ids.tolist()))


def test_tables_of_other_classes_and_damaged_cells_are_refused(tmp_path):
    _, drawn = random_predictions(0)
    written(tmp_path, drawn, classes_of(*drawn.ids.tolist()))
    with pytest.raises(UserError, match="are of other classes than the data set"):
        diagnosis_files.read_tables(tmp_path, classes_of(2, 7, 12))
    path = tmp_path / "confusion.csv"
    path.write_text(path.read_text().replace("07", "seven", 1))
    with pytest.raises(UserError, match=r"holds a table with a damaged cell: .*seven"):
        diagnosis_files.read_tables(tmp_path, classes_of(*drawn.ids.tolist()))


# --- the file of mistakes


@given(
    npst.arrays(
        np.float32,
        st.tuples(st.integers(0, 5), st.integers(1, 6), st.integers(1, 6)),
        elements=st.floats(0, 1, width=32),
    )
)
@settings(max_examples=25)
def test_mistakes_come_back_with_heatmaps_within_half_a_step(tmp_path_factory, heatmaps):
    path = tmp_path_factory.mktemp("mistakes") / "mistakes.npz"
    images = np.arange(len(heatmaps)) * 7
    diagnosis_files.write_mistakes(path, images, heatmaps)
    read_images, read_heatmaps = diagnosis_files.read_mistakes(path)
    assert np.array_equal(read_images, images)
    assert (read_heatmaps.shape, read_heatmaps.dtype) == (heatmaps.shape, np.float32)
    assert np.abs(read_heatmaps - heatmaps).max(initial=0) <= 0.5 / 255 + 1e-6
    assert ((read_heatmaps >= 0) & (read_heatmaps <= 1)).all()


def test_a_missing_file_of_mistakes_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"none\.npz is missing; dvc repro writes it again"):
        diagnosis_files.read_mistakes(tmp_path / "none.npz")

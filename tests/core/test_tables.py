import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signs.core import tables
from signs.core.errors import UserError


def test_a_table_is_written_as_csv_to_six_digits(tmp_path):
    tables.write(tmp_path / "table.csv", [{"severity": 0, "blur": 1.0}, {"severity": 1, "blur": 1 / 3}])
    assert (tmp_path / "table.csv").read_text() == "severity,blur\n0,1\n1,0.333333\n"


def test_the_table_holds_a_row_for_each_epoch(tmp_path):
    path = tmp_path / "metrics" / "history.csv"
    rows = [{"epoch": 0, "train_loss": 3.7612345678}, {"epoch": 1, "train_loss": 1.5e-9}]
    tables.write(path, rows)
    assert path.read_text(encoding="utf-8") == "epoch,train_loss\n0,3.76123\n1,1.5e-09\n"
    with path.open(newline="") as file:
        assert [float(row["train_loss"]) for row in csv.DictReader(file)] == pytest.approx([3.76123, 1.5e-9])


def test_the_table_replaces_an_earlier_one(tmp_path):
    path = tmp_path / "history.csv"
    path.write_text("old")
    tables.write(path, [{"epoch": 0}])
    assert path.read_text() == "epoch\n0\n"
    assert list(tmp_path.iterdir()) == [path]


def test_names_empty_cells_and_large_counts_come_back_as_text(tmp_path):
    rows = [{"name": 'Stop, "now"\n🚗', "images": 12_345_678, "recall": None}]
    tables.write(tmp_path / "table.csv", rows)
    read = tables.read_text(tmp_path / "table.csv", ["name", "recall"], "diagnose")
    assert read == [{"name": 'Stop, "now"\n🚗', "images": "12345678", "recall": ""}]


def test_a_table_without_rows_has_its_columns(tmp_path):
    tables.write(tmp_path / "table.csv", [], ["pair", "images"])
    assert (tmp_path / "table.csv").read_text() == "pair,images\n"
    assert tables.read_text(tmp_path / "table.csv", ["images"], "diagnose") == []
    with pytest.raises(ValueError, match=r"no table of name: it has the columns 'pair, images'; dvc repro diag"):
        tables.read_text(tmp_path / "table.csv", ["name"], "diagnose")


finite = st.floats(-1e6, 1e6).filter(lambda value: abs(value) > 1e-6 or value == 0)


@given(st.lists(st.tuples(finite, finite, finite), min_size=1, max_size=5))
def test_a_table_comes_back_to_six_digits(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("history") / "history.csv"
    rows = [
        {"epoch": epoch, "train_accuracy": accuracy, "train_loss": loss, "squared_change": change}
        for epoch, (accuracy, loss, change) in enumerate(values)
    ]
    tables.write(path, rows)
    read = tables.read(path, "train_accuracy", "train")
    assert [list(row) for row in read] == [list(row) for row in rows]
    for row, expected in zip(read, rows, strict=True):
        assert row == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"epoch,train_accuracy\n",
        b"epoch,train_loss\n0,1\n",
        b"epoch,train_accuracy\n0\n",
        b"epoch,train_accuracy\n0,0.5,7\n",
        b"epoch,train_accuracy\n0,half\n",
        b"epoch,train_accuracy\n0,0.5\n1,",
        b"epoch,train_accuracy\n0,nan\n",
        b"epoch,train_accuracy\n0,inf\n",
        b"\xff\xfe\x00",
        b"train_accuracy\n" + b"9" * 200_000,
    ],
    ids=range(12),
)
def test_what_is_no_table_is_named(tmp_path, content):
    path = tmp_path / "history.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValueError, match=r"history\.csv is no table of .*; dvc repro train writes it again"):
        tables.read(path, "train_accuracy", "train")


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1", "''-1"])
def test_no_name_is_a_formula_and_each_comes_back(tmp_path, name):
    tables.write(tmp_path / "table.csv", [{"name": name, "change": -0.5}])
    with (tmp_path / "table.csv").open(newline="") as file:
        assert next(csv.DictReader(file)) == {"name": f"'{name}", "change": "-0.5"}
    assert tables.read_text(tmp_path / "table.csv", ["name"], "diagnose") == [{"name": name, "change": "-0.5"}]


def test_control_characters_and_overrides_of_direction_are_written_as_codes(tmp_path):
    tables.write(tmp_path / "table.csv", [{"name": "St\x1b[2Jop\r \u202egnol \x85\ud800 שלום"}])
    assert (tmp_path / "table.csv").read_text() == "name\nSt\\x1b[2Jop\\r \\u202egnol \\x85\\ud800 שלום\n"


# --- as text


def test_cells_come_as_text_whatever_marks_a_table_has():
    content = '\ufeffname;size\r\nStop;3\r\n"Yield; now";\r\n'.encode()
    assert tables.parse(content, "a.csv", ["name"]) == [
        {"name": "Stop", "size": "3"},
        {"name": "Yield; now", "size": ""},
    ]


def test_a_short_row_lacks_only_columns_that_are_not_asked_for():
    assert tables.parse(b"name,size\nStop\n", "a.csv", ["name"]) == [{"name": "Stop", "size": None}]
    with pytest.raises(UserError, match=r"^a\.csv is no table of name, size: row 1 has more or fewer cells than the"):
        tables.parse(b"name,size\nStop\n", "a.csv", ["name", "size"])


def test_a_name_with_an_unquoted_comma_is_refused():
    with pytest.raises(
        UserError, match=r"^a\.csv is no table of name: row 2 has more or fewer cells than the header; quote"
    ):
        tables.parse(b"id,name\n1,Stop\n2,Turn left, then right\n", "a.csv", ["name"])

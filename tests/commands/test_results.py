import json

import pytest

from signs.commands import records, results, text
from signs.commands.records import Record
from signs.core.errors import UserError


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def record(recipe, metrics, description="A network"):
    return Record(recipe, description, "0" * 40, {"source": "gtsrb"}, None, "portable", {}, metrics)


def original(*accuracies):
    return {seed: {"original": {"test": {"accuracy": value}}} for seed, value in enumerate(accuracies, start=1)}


def test_a_record_is_read_as_it_was_written_its_seeds_in_order():
    written = record("a", {10: {"original": {}}, 9: {"original": {}}})
    records.write(written)
    (read,) = records.read_all()
    assert read == written
    assert list(read.metrics) == [9, 10]


def test_a_record_is_never_written_again():
    records.write(record("a", original(0.5)))
    before = records.path("a").read_bytes()
    with pytest.raises(UserError, match=r"results/a\.json exists, and a record is never edited"):
        records.write(record("a", original(0.9)))
    assert records.path("a").read_bytes() == before


@pytest.mark.parametrize("content", ["{", "[]", "{}", json.dumps({"recipe": "a", "metrics": {"one": {}}})])
def test_a_file_that_is_no_record_is_an_error_in_one_line(content):
    records.write(record("a", {}))
    records.path("a").write_text(content)
    with pytest.raises(UserError, match=r"results/a\.json is no record of a recipe"):
        records.read_all()


def test_the_best_network_comes_last_and_models_have_columns_of_their_own(capsys):
    augmented = {"test": {"original": {"accuracy": 0.97}, "synthetic": {"accuracy": 0.5}}}
    records.write(record("best", original(0.99)))
    records.write(record("good", {1: {"original": {"test": {"accuracy": 0.9}}, "augmented": augmented}}))
    records.write(record("plain", original(0.94, 0.95, 0.96)))
    results.main(markdown=True)
    assert capsys.readouterr().out.splitlines()[2:] == [
        "| A network | plain | 95.00 ± 1.00 |  |  | 3 |",
        "| A network | good | 90.00 | 97.00 | 50.00 | 1 |",
        "| A network | best | 99.00 |  |  | 1 |",
    ]


def test_classes_learned_from_drawings_have_a_table_of_their_own(capsys):
    hidden = {"recall": 0.8, "accuracy": 0.7}
    all_hidden = {1: {"augmented": {"test": {"hidden": hidden}}}}
    some_hidden = {1: {"augmented": {"test": {"hidden": hidden | {"recall": 0.9}, "others": {"accuracy": 0.6}}}}}
    records.write(record("all", all_hidden))
    records.write(record("some", some_hidden))
    results.main(markdown=False)
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [row[2:] for row in rows[1:]] == [["all", "80.00", "70.00", "1"], ["some", "90.00", "70.00", "60.00", "1"]]


def test_a_table_aligns_words_on_the_left_and_numbers_on_the_right():
    rows = [["a", "10", "1"], ["long", "2", "100"]]
    assert text.table(["x", "n", "m"], rows, markdown=False).splitlines() == [
        "x      n    m",
        "a     10    1",
        "long   2  100",
    ]
    assert text.table(["x", "n"], [["a", "10"]], markdown=True) == "| x | n |\n| --- | ---: |\n| a | 10 |"

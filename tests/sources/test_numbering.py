"""Ids and names of the classes of folders and tables."""

import re
from pathlib import Path

import pytest

from signs.core.errors import UserError
from signs.data.classes import SignClass
from signs.sources.numbering import number


def numbered(tmp_path: Path, names: set[str], table: str | bytes = "") -> dict[str, SignClass]:
    path = tmp_path / "signnames.csv"
    if table:
        path.write_bytes(table.encode() if isinstance(table, str) else table)
    return number(names, path if table else None, Path("photos"))


def test_ids_count_from_0_in_order_of_the_names(tmp_path):
    assert numbered(tmp_path, {"stop", "Yield", "7"}) == {
        "7": SignClass(0, "7", "photographs"),
        "Yield": SignClass(1, "Yield", "photographs"),
        "stop": SignClass(2, "stop", "photographs"),
    }


def test_numbers_are_ids(tmp_path):
    assert {name: row.id for name, row in numbered(tmp_path, {"00014", "9"}).items()} == {"00014": 14, "9": 9}


def test_two_numbers_of_one_id_are_refused(tmp_path):
    with pytest.raises(UserError, match="photos has classes 01 and 1, both of id 1; rename one"):
        numbered(tmp_path, {"1", "01", "2"})


def test_a_table_names_numbers_and_their_mirror_images(tmp_path):
    table = "ClassId;SignName;Mirrored\n1;Turn left;Turn right\n2;Turn right;Turn left\n3;Stop;\n"
    assert numbered(tmp_path, {"01", "2"}, table) == {
        "01": SignClass(1, "Turn left", "photographs", "Turn right"),
        "2": SignClass(2, "Turn right", "photographs", "Turn left"),
    }


def test_a_table_gives_ids_to_names_in_any_unicode_form(tmp_path):
    found = numbered(tmp_path, {"Stop", "Fu\u00dfg\u00e4nger"}, "ClassId,SignName\n14,Stop\n27,Fu\u00dfga\u0308nger\n")
    assert {name: row.id for name, row in found.items()} == {"Stop": 14, "Fu\u00dfg\u00e4nger": 27}


@pytest.mark.parametrize(
    ("names", "table", "message"),
    [
        (
            {"1", "2", "3"},
            "ClassId,SignName\n1,Stop\n",
            "signnames.csv has no line for some classes (2 in all; add them): 2, 3",
        ),
        ({"Stop", "Yield"}, "ClassId,SignName\n1,Stop\n", "has no line for some classes (1 in all; add them): Yield"),
        (
            {"1"},
            "ClassId,SignName\n1,Left, then right\n",
            "row 1 has more or fewer cells than the header; quote a cell",
        ),
        ({"1"}, "ClassId,SignName,Origin\n1,Left, then right\n", "origin 'then right' of class 1 is not one of"),
        ({"1"}, "ClassId,SignName,Mirrored\n1,Left, then right\n", "Mirrored names no class of the table: then right"),
        ({"1"}, "ClassId,SignName\n1,Fu\u00df\n".encode("cp1252"), "save it as CSV in UTF-8, with commas"),
        ({"1"}, "ClassId,SignName\n1,Stop\n".encode("utf-16"), "it is in UTF-16; save it as CSV in UTF-8, with commas"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_in_one_line(tmp_path, names, table, message):
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        numbered(tmp_path, names, table)
    assert "signnames.csv" in str(caught.value)
    assert "\n" not in str(caught.value)

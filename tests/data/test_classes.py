import re
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from signs.core.errors import UserError
from signs.data import classes
from signs.data.classes import ORIGINS, SEEN_DRAWINGS, Classes, SignClass

ROOT = Path(__file__).parents[2]

GAPS = np.array([3, 7, 8, 250])

names = st.text(st.characters(exclude_categories=("C", "Z"), include_characters=', "ß'), max_size=20).map(str.strip)
rows = st.lists(
    st.builds(SignClass, st.integers(0, 2**31), names, st.sampled_from(ORIGINS), names), unique_by=lambda row: row.id
)


def test_ids_with_gaps_map_to_their_positions():
    assert classes.indices(np.array([250, 3, 8, 8, 7]), GAPS).tolist() == [3, 0, 2, 2, 1]


def test_a_class_missing_from_the_labels_shifts_nothing():
    ids = np.arange(43)
    assert classes.indices(np.array([0, 42]), ids).tolist() == [0, 42]


@given(npst.arrays(np.uint8, st.integers(0, 30), elements=st.sampled_from(GAPS.tolist())))
def test_indices_point_back_to_the_labels(labels):
    indices = classes.indices(labels, GAPS)
    assert indices.dtype == np.int64
    assert np.array_equal(GAPS[indices], labels)


@pytest.mark.parametrize("label", [0, 4, 251])
def test_an_unknown_label_is_an_error(label):
    with pytest.raises(ValueError, match=rf"labels \[{label}\] are not among the 4 classes of the training set"):
        classes.indices(np.array([3, label, 7, label]), GAPS)


def test_no_label_is_known_where_there_are_no_classes():
    with pytest.raises(ValueError, match=r"labels \[1\] are not among the 0 classes"):
        classes.indices(np.array([1]), np.array([], dtype=np.int64))


def test_one_hot_rows_are_those_of_the_identity():
    rows = classes.one_hot(np.array([8, 3, 250]), GAPS)
    assert rows.dtype == np.float32
    assert rows.tolist() == [[0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]]


def test_one_hot_refuses_an_unknown_label():
    with pytest.raises(ValueError, match=r"labels \[9\] are not among the 4 classes"):
        classes.one_hot(np.array([9]), GAPS)


@given(rows)
def test_classes_are_in_order_of_their_ids(rows):
    known = Classes(tuple(rows))
    assert len(known) == len(rows)
    assert known.ids.dtype == np.int64
    assert known.ids.tolist() == sorted(row.id for row in rows)
    assert known.names == [unicodedata.normalize("NFC", row.name) for row in sorted(rows)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(1, "a", "photographs"), (1, "b", "rendered")], "class id 1 occurs twice; each class needs its own"),
        ([(-1, "a", "photographs")], "class id -1 is negative; ids start at 0"),
        (
            [(4, "a", "painted")],
            "origin 'painted' of class 4 is not one of photographs, rendered, synthetic",
        ),
    ],
)
def test_impossible_classes_are_an_error(rows, message):
    with pytest.raises(ValueError, match=message):
        Classes(tuple(SignClass(*row) for row in rows))


def test_with_origin_changes_the_origin_alone():
    known = Classes((SignClass(2, "Stop", "photographs"), SignClass(9, "Yield", "synthetic")))
    changed = known.with_origin("rendered")
    assert changed.rows == (SignClass(2, "Stop", "rendered"), SignClass(9, "Yield", "rendered"))
    assert known.rows[0].origin == "photographs"


@pytest.mark.parametrize(
    ("origins", "said"),
    [
        (["photographs"] * 12, {"original": "12 classes"}),
        (["photographs"], {"original": "1 class"}),
        (["synthetic", SEEN_DRAWINGS], {"synthetic": "2 classes"}),
        (
            ["photographs", "rendered", "synthetic"],
            {"original": "2 original classes", "synthetic": "1 synthetic class"},
        ),
        ([], {}),
    ],
)
def test_original_and_synthetic_classes_are_counted_apart(origins, said):
    assert Classes(tuple(SignClass(id, str(id), origin) for id, origin in enumerate(origins))).counts == said


def test_classes_from_labels_take_known_names_and_else_their_ids():
    known = Classes((SignClass(5, "Stop", "rendered", "Stop"), SignClass(6, "Yield", "rendered")))
    found = classes.classes_from_labels(np.array([9, 5, 5, 9], dtype=np.uint8), known)
    assert found.rows == (SignClass(5, "Stop", "rendered", "Stop"), SignClass(9, "9", "photographs"))


PAIRS = (
    SignClass(3, "No entry", "photographs", "No entry"),
    SignClass(7, "Turn left", "photographs", "Turn right"),
    SignClass(9, "Stop", "photographs"),
    SignClass(12, "Turn right", "photographs", "Turn left"),
)


def test_partners_are_the_positions_of_the_mirror_images():
    assert Classes(PAIRS).partners.tolist() == [0, 3, -1, 1]
    assert Classes(PAIRS).partners.dtype == np.int64


def test_without_its_partner_a_class_has_none():
    assert Classes(PAIRS[:3]).partners.tolist() == [0, -1, -1]
    assert Classes(()).partners.tolist() == []


def test_the_partners_of_the_benchmark_are_symmetric_signs_and_left_and_right():
    known = classes.read(ROOT / "data" / classes.FILE_NAME)
    partners = known.partners
    has = np.flatnonzero(partners >= 0)
    assert np.array_equal(partners[partners[has]], has)  # a mirror image's mirror image is the sign
    pairs = {(int(known.ids[i]), int(known.ids[partners[i]])) for i in has if i < partners[i]}
    assert pairs == {(19, 20), (33, 34), (36, 37), (38, 39)}


@given(rows)
def test_ids_alone_make_no_partners(rows):
    assert (classes.classes_from_labels(np.array([row.id for row in rows], dtype=np.int64)).partners == -1).all()


@given(rows)
def test_a_table_reads_as_it_was_written(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("classes") / "signnames.csv"
    known = Classes(tuple(rows))
    classes.write(path, known)
    assert classes.read(path) == known
    first = path.read_bytes()
    classes.write(path, known)
    assert path.read_bytes() == first


def test_names_keep_commas_quotes_and_umlauts(tmp_path):
    path = tmp_path / "signnames.csv"
    names = ['Turn left, then "right"', "Fußgängerzone", "禁止通行", "|; '", ""]
    classes.write(path, Classes(tuple(SignClass(id, name, "rendered") for id, name in enumerate(names))))
    assert classes.read(path).names == names


def test_the_article_s_table_without_origins_means_photographs(tmp_path):
    path = tmp_path / "signnames.csv"
    path.write_bytes("\ufeffClassId,SignName\r\n0,Speed limit (20km/h)\r\n1, Stop \r\n".encode())
    assert classes.read(path).rows == (
        SignClass(0, "Speed limit (20km/h)", "photographs"),
        SignClass(1, "Stop", "photographs"),
    )


def test_a_line_may_leave_out_origin_and_mirror_image(tmp_path):
    path = tmp_path / "signnames.csv"
    path.write_text("ClassId,SignName,Origin,Mirrored\n0,Left,rendered,Right\n1,Right\n2,Stop,,\n")
    assert classes.read(path).rows == (
        SignClass(0, "Left", "rendered", "Right"),
        SignClass(1, "Right", "photographs"),
        SignClass(2, "Stop", "photographs"),
    )


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_semicolons_and_tabs_separate_cells_as_commas_do(separator):
    lines = (("ClassId", "SignName"), ("0", "Fußgänger"), ("1", f'"Stop{separator} now"'))
    content = "\r\n".join(separator.join(line) for line in lines).encode()
    assert classes.parse(content, "a.csv").names == ["Fußgänger", f"Stop{separator} now"]


def test_names_in_two_unicode_forms_are_one_name():
    known = Classes((SignClass(0, "Fußga\u0308nger", "photographs", "Fußg\u00e4nger"),))
    assert known.names == ["Fußg\u00e4nger"]
    assert known.partners.tolist() == [0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "is missing; it names the classes, a line each: ClassId,SignName,Origin,Mirrored"),
        (b"", "is no table of ClassId, SignName: it has the columns ''"),
        (b"ClassId|SignName\n0|Stop\n", "is no table of ClassId, SignName: it has the columns 'ClassId|SignName'"),
        (
            "ClassId,SignName\n0,Stop\n".encode("utf-16"),
            "is no table of ClassId, SignName: it is in UTF-16; save it as",
        ),
        (b"ClassId,SignName\n0\n", "is no table of ClassId, SignName: row 1 has more or fewer cells than the header"),
        (b"ClassId,SignName\n0,Left, then right\n", "is no table of ClassId, SignName: row 1 has more or fewer cells"),
        (b"ClassId,SignName\n0,\xff\xfe\n", "is no table of ClassId, SignName: 'utf-8' codec can't decode byte 0xff"),
        (b"ClassId,SignName\nfive,Stop\n", ": ClassId 'five' is not a whole number from 0"),
        (b"ClassId,SignName\n-1,Stop\n", ": ClassId '-1' is not a whole number from 0"),
        (b"ClassId,SignName\n" + b"9" * 50 + b",Stop\n", ": ClassId '9999"),
        (b"ClassId,SignName\n5,Stop\n5,Yield\n", ": class id 5 occurs twice"),
        (b"ClassId,SignName,Origin\n5,Stop,made up\n", ": origin 'made up' of class 5 is not one of"),
    ],
)
def test_a_file_of_another_form_is_an_error_that_names_it(tmp_path, content, message):
    path = tmp_path / "signnames.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=rf"^{re.escape(str(path))} ?{re.escape(message)}"):
        classes.read(path)


# --- names that occur twice


def named(*names: str, first: int = 0) -> Classes:
    return Classes(tuple(SignClass(first + 2 * place, name, "photographs") for place, name in enumerate(names)))


def test_classes_of_one_name_are_said():
    assert classes.namesakes(named("Stop", "Yield", "Parking")) is None
    found = classes.namesakes(named("Fußgänger", "Yield", "Fußga\u0308nger", "Yield"))
    assert found == "Several classes are called 'Fußgänger' (ids 0, 4), 'Yield' (ids 2, 6); rename all but one."


def test_synthetic_classes_that_join_an_original_one_are_said():
    assert classes.joined(named("Stop", "Yield"), named("Bus lane")) is None
    found = classes.joined(named("Stop", "Parking"), named("Bus lane", "Parking"))
    assert found == "Synthetic images join the original classes of the same name: 'Parking' (id 2)."

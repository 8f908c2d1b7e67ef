"""Images that CSV tables list."""

import re
from collections import Counter
from pathlib import Path

import pytest

from signs.core.errors import UserError
from signs.sources import image_tables, table_layout
from signs.sources.image_tables import Row
from signs.sources.layouts import Entry
from signs.sources.listing import Listing

KAGGLE = "Width,Height,Roi.X1,Roi.Y1,Roi.X2,Roi.Y2,ClassId,Path\n27,26,5,5,22,20,"


def parsed(content: str | bytes) -> image_tables.Table | None:
    return image_tables.parse(content.encode() if isinstance(content, str) else content, "labels.csv")


def placed(images: list[str], **tables: str):
    """The layout of images with these tables, whose names have `_` for `.csv` and `__` for `/`."""
    contents = {name.replace("__", "/").replace("_csv", ".csv"): content for name, content in tables.items()}
    listing = Listing(Path("photos"), sorted(images), sorted(contents), [], Counter())
    found = {path: image_tables.parse(contents[path].encode(), path) for path in table_layout.candidates(listing)}
    return table_layout.place(listing, {path: table for path, table in found.items() if table})


def assert_refused(message: str, images: list[str], **tables: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        placed(images, **tables)
    assert "\n" not in str(caught.value)


# One table


@pytest.mark.parametrize(
    "content",
    [
        KAGGLE + "20,Train/20/a.png\n",
        "filename,width,height,class,xmin,ymin,xmax,ymax\nTrain/20/a.png,27,26,20,5,5,22,20\n",
        "File Name;x1;y1;x2;y2;Label\r\nTrain\\20\\a.png;5.2;4.8;22;20;20\r\n",
        "\ufeffimage_path\tROI X1\tROI Y1\tROI X2\tROI Y2\tcategory\nTrain/20/a.png\t5\t5\t22\t20\t20\n",
    ],
)
def test_columns_have_the_usual_names(content):
    assert parsed(content).rows == [Row(2, "Train/20/a.png", "20", (5, 5, 22, 20))]


def test_a_box_may_be_missing():
    assert parsed("path,class\na.png,stop\n").rows == [Row(2, "a.png", "stop", None)]
    assert parsed("path,class,xmin,ymin,xmax,ymax\na.png,stop,,,,\n").rows == [Row(2, "a.png", "stop", None)]


@pytest.mark.parametrize("content", ["ClassId,SignName\n0,Stop\n", "Path\na.png\n", "filename,stop,yield\na,0,1\n", ""])
def test_other_tables_list_no_images(content):
    assert parsed(content) is None


def test_bad_rows_are_kept_apart():
    found = parsed("path,class,x1,y1,x2,y2\na,b,1,2,3\n,b,,,,\na,,,,,\na,b,1,2,3,four\na,b,1,2,3,inf\na,b,1,2,3,4,5\n")
    assert found.rows == []
    assert found.faults == [
        "labels.csv line 2: more or fewer cells than the header",
        "labels.csv line 3: no file or no class",
        "labels.csv line 4: no file or no class",
        "labels.csv line 5: the box '1, 2, 3, four' is not four numbers",
        "labels.csv line 6: the box '1, 2, 3, inf' is not four numbers",
        "labels.csv line 7: more or fewer cells than the header",
    ]


@pytest.mark.parametrize(
    "content", ["path,class\na.png,Fußgänger\n".encode("cp1252"), "path,class\na.png,stop\n".encode("utf-16")]
)
def test_another_encoding_is_refused_with_the_one_that_is_read(content):
    with pytest.raises(
        UserError, match=r"^labels\.csv is no table of images: .*; save it as CSV in UTF-8, with commas"
    ):
        parsed(content)


# Layouts


def test_kaggles_edition_of_the_benchmark_is_read_as_it_comes():
    layout = placed(
        ["Meta/20.png", "Test/00000.png", "Train/20/00020_00000_00000.png", "test/00000.png"],
        Train_csv=KAGGLE + "20,Train/20/00020_00000_00000.png\n",
        Test_csv=KAGGLE + "20,Test/00000.png\n",
        Meta_csv="Path,ClassId,ShapeId\nMeta/20.png,20,0\n",
    )
    assert layout.entries == [
        Entry("Test/00000.png", "20", "test", (5, 5, 22, 20)),
        Entry("Train/20/00020_00000_00000.png", "20", "train", (5, 5, 22, 20)),
    ]
    assert layout.form == "listed in Train.csv and Test.csv"
    assert +layout.passed_over == {"images that no table lists": 2}


def test_one_table_leaves_the_splits_open():
    layout = placed(["images/a.jpg", "images/b.jpg"], labels_csv="filename,class\na.jpg,stop\nimages/b.jpg,yield\n")
    assert layout.entries == [Entry("images/a.jpg", "stop"), Entry("images/b.jpg", "yield")]


def test_a_table_in_the_folder_of_a_split_lists_what_lies_there():
    layout = placed(
        ["train/a.jpg", "valid/a.jpg"],
        train___annotations_csv="filename,class,xmin,ymin,xmax,ymax\na.jpg,stop,0,0,9,9\na.jpg,yield,9,9,20,20\n",
        valid___annotations_csv="filename,class\na.jpg,stop\n",
    )
    assert [(entry.split, entry.file, entry.name) for entry in layout.entries] == [
        ("train", "train/a.jpg", "stop"),
        ("train", "train/a.jpg", "yield"),
        ("valid", "valid/a.jpg", "stop"),
    ]


def test_a_name_in_another_unicode_form_is_found():
    layout = placed(["a\u0308.png"], labels_csv="path,class\n\u00e4.png,Fußga\u0308nger\n")
    assert layout.entries == [Entry("a\u0308.png", "Fußg\u00e4nger")]


def test_a_row_that_is_there_twice_counts_once():
    layout = placed(["a.png"], labels_csv="path,class\na.png,stop\na.png,stop\n")
    assert len(layout.entries) == 1
    assert +layout.passed_over == {"rows that list an image again": 1}


def test_all_bad_rows_are_named():
    missing = "".join(f"{number}.png,stop\n" for number in range(11))
    assert_refused(
        "photos has rows of tables that cannot be used (12 in all; mend or remove them): labels.csv line 2: no file or "
        "no class, labels.csv line 3: there is no image 0.png, labels.csv line 4",
        ["a.png"],
        labels_csv=f"path,class\n,stop\n{missing}",
    )


@pytest.mark.parametrize("file", ["../a.png", "/etc/passwd", "stop/a.png", "A.png", "*.png"])
def test_a_file_that_is_not_there_is_not_guessed(file):
    assert_refused(f"there is no image {file}", ["yield/a.png"], labels_csv=f"path,class\n{file},stop\n")


def test_a_file_name_that_two_folders_have_is_not_guessed():
    assert_refused("there is no image a.png", ["x/a.png", "y/a.png"], labels_csv="path,class\na.png,stop\n")


def test_an_image_of_two_classes_or_splits_is_refused():
    assert_refused(
        "labels.csv line 3: a.png is 'yield', and before it is 'stop'",
        ["a.png"],
        labels_csv="path,class\na.png,stop\na.png,yield\n",
    )
    assert_refused(
        "train.csv line 2: a.png is 'stop' of train, and before it is 'stop' of test",
        ["a.png"],
        train_csv="path,class\na.png,stop\n",
        test_csv="path,class\na.png,stop\n",
    )


def test_splits_of_tables_must_fit_together():
    table = "path,class\na.png,stop\n"
    assert_refused("tables of images labels.csv and train.csv, of", ["a.png"], train_csv=table, labels_csv=table)
    assert_refused("has test.csv, but no train", ["a.png"], test_csv=table)
    assert_refused("two of them for one split", ["a.png"], train_csv=table, training_csv=table)
    assert_refused("has tables that list no image: labels.csv", ["a.png"], labels_csv="path,class\n")

"""Class and split of images by the folders that they lie in."""

import re
from collections import Counter
from pathlib import Path

import pytest

from signs.core.errors import UserError
from signs.sources.folder_layout import place, unwrapped
from signs.sources.layouts import Entry, Layout, split_of
from signs.sources.listing import Listing


def listing(*images: str, folders: tuple[str, ...] = (), tables: tuple[str, ...] = ()) -> Listing:
    """What `survey` finds where these images lie."""
    parents = {parent.as_posix() for image in images for parent in list(Path(image).parents)[:-1]}
    return Listing(Path("photos"), sorted(images), list(tables), sorted({*parents, *folders}), Counter())


def classes(layout: Layout) -> dict[str, str]:
    return {entry.file: entry.name for entry in layout.entries}


def assert_refused(found: Listing, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        place(found)
    assert "\n" not in str(caught.value)


def test_each_folder_is_a_class():
    layout = place(listing("stop/1.png", "stop/2.png", "yield/1.png"))
    assert layout.entries == [Entry("stop/1.png", "stop"), Entry("stop/2.png", "stop"), Entry("yield/1.png", "yield")]
    assert (layout.form, layout.splits, layout.passed_over.total()) == ("one folder a class", set(), 0)


def test_images_in_folders_within_a_class_belong_to_it():
    layout = place(listing("stop/1.png", "stop/night/far/2.png", "yield/1.png"))
    assert classes(layout) == {"stop/1.png": "stop", "stop/night/far/2.png": "stop", "yield/1.png": "yield"}
    assert layout.form == "one folder a class, with the folders in it"


def test_classes_may_lie_one_level_deeper():
    layout = place(listing("round/30/1.png", "round/50/1.png", "triangle/yield/1.png"))
    assert set(classes(layout).values()) == {"30", "50", "yield"}
    assert layout.form == "class folders one level deeper"


@pytest.mark.parametrize("valid", ["val", "valid", "Validation"])
def test_folders_named_after_splits_are_splits(valid):
    layout = place(listing("Train/stop/1.png", f"{valid}/stop/2.png", "test/stop/3.png"))
    assert {entry.file: (entry.name, entry.split) for entry in layout.entries} == {
        "Train/stop/1.png": ("stop", "train"),
        f"{valid}/stop/2.png": ("stop", "valid"),
        "test/stop/3.png": ("stop", "test"),
    }
    assert layout.form == f"one folder a class, in Train, {valid} and test as given"


def test_splits_may_hold_classes_one_level_deeper():
    layout = place(listing("train/round/30/1.png", "train/round/50/1.png", "test/round/30/1.png"))
    assert {(entry.name, entry.split) for entry in layout.entries} == {("30", "train"), ("50", "train"), ("30", "test")}


def test_splits_may_be_incomplete():
    assert place(listing("train/stop/1.png", "test/stop/1.png")).splits == {"train", "test"}
    assert place(listing("train/stop/1.png")).splits == {"train"}


def test_meta_beside_splits_is_passed_over():
    layout = place(listing("Train/0/1.png", "Test/0/1.png", "Meta/0.png"))
    assert len(layout.entries) == 2
    assert +layout.passed_over == {"images of Meta": 1}


def test_a_class_may_be_called_like_a_split_or_meta():
    assert set(classes(place(listing("train/1.png", "tram/1.png"))).values()) == {"train", "tram"}
    assert set(classes(place(listing("meta/1.png", "stop/1.png"))).values()) == {"meta", "stop"}


def test_images_beside_class_folders_are_counted():
    assert +place(listing("stop/1.png", "2.png")).passed_over == {"images outside of class folders": 1}
    found = listing("train/stop/1.png", "train/2.png", "3.png", "test/stop/1.png")
    assert +place(found).passed_over == {"images outside of class folders": 2}


def test_a_name_in_two_unicode_forms_is_one_class():
    decomposed, composed = "train/Fußga\u0308nger/1.png", "test/Fußg\u00e4nger/1.png"
    assert set(classes(place(listing(decomposed, composed))).values()) == {"Fußg\u00e4nger"}


# What fits no layout


def test_splits_that_hold_images_directly_are_refused():
    assert_refused(
        listing("train/1.png", "val/1.png", "test/1.png"),
        "fetch.path: your folders are called train, val and test, and hold images directly; put them in a folder for",
    )
    assert_refused(
        listing("Train/0/1.png", "Test/1.png", "Meta/1.png"),
        "your folders are called Train and Test, and Test holds images directly; put them in a folder for each class, "
        "such as Test/stop, or list them in Test.csv with the columns Path and ClassId",
    )


def test_splits_beside_other_folders_are_refused():
    assert_refused(
        listing("train/stop/1.png", "test/stop/1.png", "extra/1.png"),
        "photos has folders for splits (train, test) beside others (extra); keep the one or the other",
    )


def test_two_folders_for_one_split_are_refused():
    assert_refused(listing("train/a/1.png", "val/a/1.png", "valid/a/1.png"), "two of them for one split; keep one")


def test_splits_without_training_are_refused():
    assert_refused(listing("val/a/1.png", "test/a/1.png"), "photos has val and test, but no train; name the training")


def test_folders_of_images_beside_folders_of_folders_are_refused():
    assert_refused(
        listing("DATA/0/1.png", "DATA/1/1.png", "TESTING SET/1.png"),
        "folders of folders beside folders of images, so that it is not clear what the classes are (1 in all; move "
        "either): DATA",
    )


def test_images_deep_down_are_refused():
    assert_refused(listing("a/b/c/1.png", "a/b/d/1.png"), "photos holds images 3 folders deep (a/b/c/1.png), so that")


def test_images_without_folders_are_refused():
    assert_refused(
        listing("1.png", "2.png", "3.png", "4.png"), "directly (1.png, 2.png, 3.png and 1 more), and no fold"
    )
    assert_refused(listing(folders=("a",)), "fetch.path: photos holds no images; make a folder for each class")


def test_all_empty_folders_are_named():
    many = tuple(f"empty {number:02}" for number in range(12))
    assert_refused(
        listing("stop/1.png", folders=many), f"(12 in all; fill or remove them): {', '.join(many[:10])} and 2 more"
    )
    assert_refused(
        listing("train/a/1.png", folders=("val", "train/b")), "(2 in all; fill or remove them): train/b, val"
    )
    assert_refused(listing("round/30/1.png", folders=("round/50",)), "(1 in all; fill or remove them): round/50")


def test_an_empty_folder_within_a_class_does_no_harm():
    assert place(listing("stop/1.png", folders=("stop/old",))).entries == [Entry("stop/1.png", "stop")]


def test_folders_of_one_name_are_refused():
    assert_refused(
        listing("round/new/1.png", "square/new/1.png"),
        "folders of one name, so of one class (1 in all; join or rename them): round/new and square/new",
    )
    assert_refused(listing("stop/1.png", "stop /1.png"), "folders of one name, so of one class (1 in all;")


# What is around


def test_the_only_folder_is_looked_into():
    found = unwrapped(listing("signs-v2/data/stop/1.png", "signs-v2/data/yield/1.png", tables=("signs-v2/data/a.csv",)))
    assert found.folder == Path("photos/signs-v2/data")
    assert (found.images, found.tables) == (["stop/1.png", "yield/1.png"], ["a.csv"])


@pytest.mark.parametrize(
    "found",
    [
        listing("stop/1.png"),
        listing("train/stop/1.png"),
        listing("all/stop/1.png", "2.png"),
        listing("a/stop/1.png", "b/stop/1.png"),
        listing("images/stop/1.png", tables=("labels.csv",)),
    ],
)
def test_other_folders_are_left_as_they_are(found):
    assert unwrapped(found) is found


@pytest.mark.parametrize(
    ("name", "split"),
    [("Train", "train"), ("val_labels", "valid"), ("GT-final_test", "test"), ("labels", None), ("train_test", None)],
)
def test_a_split_is_told_by_a_word_of_the_name(name, split):
    assert split_of(name) == split

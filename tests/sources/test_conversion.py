"""Pickles as people have them."""

import re

import numpy as np
import pytest

from signs.core.errors import UserError
from signs.sources.conversion import converted

PIXELS = np.arange(6 * 4 * 5 * 3).reshape(6, 4, 5, 3).astype(np.uint8)
IDS = np.array([0, 1, 2, 0, 1, 2])
WHERE = "a.zip/train.p"


def one(features: object = PIXELS, labels: object = IDS, **more: object) -> dict:
    return converted({WHERE: {"features": features, "labels": labels, **more}})[WHERE]


def assert_refused(message: str, **content: object) -> None:
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        one(**content)
    assert str(caught.value).startswith(f"{WHERE}: ")
    assert "\n" not in str(caught.value)


def mended(line: str, **arrays: np.ndarray) -> np.ndarray:
    """What the line of NumPy in an error makes of `data`."""
    data = dict(arrays)
    exec(re.search(r"(data\[.*) mends it", line)[1], {"data": data, "np": np})
    return data


def line_of(**content: object) -> str:
    with pytest.raises(UserError) as caught:
        one(**content)
    return str(caught.value)


def test_what_is_as_it_should_be_stays_and_nothing_is_said(capsys):
    found = one(sizes=[1, 2])
    assert found["features"] is PIXELS
    assert found["labels"] is IDS
    assert found["sizes"] == [1, 2]
    assert capsys.readouterr().out == ""


# Labels


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (IDS.tolist(), "labels is a list, and read as an array of shape (6,)"),
        (tuple(IDS), "labels is a list, and read as an array of shape (6,)"),
        (IDS[:, None], "labels of shape (6, 1) are read as (6,)"),
        (IDS.astype(np.float32), "labels are float32, and read as whole numbers"),
        (IDS[:, None].astype(float).tolist(), "labels are float64, and read as whole numbers"),
        (np.eye(3)[IDS], "labels are one-hot, and read as ids from 0 to 2"),
        (np.eye(3, dtype=bool)[IDS], "labels are one-hot, and read as ids from 0 to 2"),
        (np.eye(3, dtype=int)[IDS].tolist(), "labels are one-hot, and read as ids from 0 to 2"),
    ],
)
def test_labels_become_ids_and_it_says_so(capsys, labels, said):
    found = one(labels=labels)["labels"]
    assert found.tolist() == IDS.tolist()
    assert found.dtype.kind == "i"
    assert f"{WHERE}: {said}\n" in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [IDS + 0.5, np.where(IDS == 1, np.nan, IDS), np.where(IDS == 1, np.inf, IDS)])
def test_labels_that_are_no_whole_numbers_are_refused(wrong):
    assert_refused("labels have fractions or are not finite; class ids are whole numbers", labels=wrong)


def test_probabilities_are_refused_with_what_takes_the_largest():
    scores = np.full((6, 3), 0.2) + np.eye(3)[IDS] * 0.4
    assert mended(line_of(labels=scores), labels=scores)["labels"].tolist() == IDS.tolist()


def test_names_are_refused_with_what_makes_ids():
    names = np.array(["a", "b", "c"])[IDS]
    for labels in (names, names.tolist()):
        assert_refused('labels are text; names, data["labels"] = np.unique(data["labels"], return_in', labels=labels)


def test_one_hot_columns_that_may_be_other_classes_in_each_split_are_refused():
    contents = {
        f"{name}.p": {"features": PIXELS, "labels": np.eye(width)[IDS]} for name, width in (("train", 4), ("test", 3))
    }
    with pytest.raises(UserError, match=r"^labels have 4 columns in train\.p, 3 columns in test\.p, so that"):
        converted(contents)


# Images


@pytest.mark.parametrize(
    ("features", "said"),
    [
        (PIXELS.astype(np.float32), "features are float32 from 0 to 255, and read as 0 to 255"),
        (PIXELS.astype(np.float64) / 255, "features are float64 from 0 to 1, and read as 0 to 1"),
        (PIXELS.astype(np.float16), "features are float16 from 0 to 255, and read as 0 to 255"),
        (PIXELS.astype(np.int64), "features are int64 from 0 to 255, and read as 0 to 255"),
        (list(PIXELS), "features is a list, and read as an array of shape (6, 4, 5, 3)"),
        (PIXELS.tolist(), "features are int64 from 0 to 255, and read as 0 to 255"),
    ],
)
def test_images_become_uint8_and_it_says_so(capsys, features, said):
    found = one(features=features)["features"]
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, PIXELS)
    assert f"{WHERE}: {said}\n" in capsys.readouterr().out


def test_a_dark_split_is_as_bright_as_the_others_say():
    contents = {
        f"{name}.p": {"features": PIXELS * scale, "labels": IDS} for name, scale in (("train", 1.0), ("test", 1 / 255))
    }
    assert converted(contents)["test.p"]["features"].max() == 1


@pytest.mark.parametrize(
    ("features", "expected"),
    [
        (PIXELS / np.float32(127.5) - 1, PIXELS),
        (PIXELS.astype(np.uint16) * 257, PIXELS),
        (PIXELS > 127, np.where(PIXELS > 127, 255, 0)),
    ],
)
def test_other_values_are_refused_with_a_line_that_mends_them(features, expected):
    assert_refused("expected uint8 from 0 to 255, or floats from 0 to 1", features=features)
    found = mended(line_of(features=features), features=features)["features"]
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, expected)


def test_channels_in_front_are_refused_with_a_line_that_moves_them():
    for features in (PIXELS.transpose(0, 3, 1, 2), PIXELS[..., :1].transpose(0, 3, 1, 2)):
        assert_refused("have their channels first", features=features)
        found = mended(line_of(features=features), features=features)["features"]
        np.testing.assert_array_equal(found, PIXELS[..., : found.shape[3]])


def test_rgba_is_refused_with_a_line_that_drops_the_transparency():
    features = np.concatenate([PIXELS, PIXELS[..., :1]], axis=3)
    assert_refused("features of shape (6, 4, 5, 4) have 4 channels, as RGBA has", features=features)
    np.testing.assert_array_equal(mended(line_of(features=features), features=features)["features"], PIXELS)


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (PIXELS.reshape(6, -1), "features of shape (6, 60) have no rows and columns; data"),
        (PIXELS[..., :2], "features of shape (6, 4, 5, 2) have 2 channels; expected 1 (grey) or 3 (red, green, blue)"),
        ([PIXELS[0], PIXELS[1, :2]], "features is a list of 2 arrays of different shapes; give all images one size"),
        (np.full((6, 4, 5, 3), np.nan), "features are float64 from nan to nan; expected uint8"),
        (PIXELS * 2.0, "features are float64 from 0 to 510; expected uint8"),
    ],
)
def test_images_of_which_the_meaning_is_not_clear_are_refused(features, message):
    assert_refused(message, features=features)


# Lists that are small until they are arrays


@pytest.mark.parametrize(
    "features",
    [[np.zeros((512, 512), np.uint8)] * 1000, [(0,) * 1000] * 100_000, ["a" * 100_000, *["b"] * 10_000]],
    ids=["arrays", "tuples", "texts"],
)
def test_a_list_that_would_become_gigabytes_is_refused(features):
    with pytest.raises(UserError, match=r"features is a list of [0-9,]+ values that would take [0-9,]{10,} bytes"):
        one(features=features)


def test_lists_in_lists_without_end_are_refused():
    features: list = []
    for _ in range(10_000):
        features = [features]
    assert_refused("features is a list of lists of lists and so on; give an array", features=features)


def test_a_list_of_many_small_equal_values_is_read():
    assert one(labels=[7] * 100_000)["labels"].shape == (100_000,)

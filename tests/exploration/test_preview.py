import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signs.core import params
from signs.data.classes import Classes, SignClass
from signs.data.datasets import DataSet
from signs.data.splits import Split
from signs.exploration.preview import preview as made

CLASSES = Classes((SignClass(0, "Bus lane", "synthetic"), SignClass(4, "Parking", "synthetic")))
DRAWINGS = {"Bus lane": [np.full((40, 30, 4), 255, np.uint8)], "Parking": [np.full((9, 9, 4), 255, np.uint8)] * 2}


def preview(dataset, drawings, nearest=1, **limits):
    return made(dataset, dataset, drawings, nearest=nearest, **limits)


def dataset(train=12, valid=2, test=6, channels=3, seed=0):
    """Noise; each count is of images a class."""
    rng = np.random.default_rng(seed)
    splits = [
        Split(rng.integers(0, 256, (2 * count, 6, 5, channels), dtype=np.uint8), np.tile(CLASSES.ids, count))
        for count in (train, valid, test)
    ]
    return DataSet(*splits, CLASSES)


def of_class(data, id):
    return np.concatenate([split.features[split.labels == id] for split in data.splits.values()])


def test_each_class_has_its_drawing_in_the_order_of_ids():
    first, second = preview(dataset(), DRAWINGS, sample_every=5, brightness_steps=3)
    assert (first.name, second.name) == ("Bus lane", "Parking")
    assert (first.drawing.shape, second.drawing.shape) == ((40, 30, 3), (9, 9, 3))
    assert (first.drawing_count, second.drawing_count) == (1, 2)
    assert [name for name, _ in first.nearest] == ["Parking"]


@given(st.integers(1, 25), st.integers(1, 12), st.sampled_from([1, 3]), st.integers(1, 9))
@settings(max_examples=25)
def test_samples_are_one_image_in_so_many_and_brightness_rises(every, steps, channels, train):
    data = dataset(train=train, channels=channels)
    before = data.train.features.copy()
    for sign, id in zip(preview(data, DRAWINGS, sample_every=every, brightness_steps=steps), CLASSES.ids, strict=True):
        own = of_class(data, id)
        assert np.array_equal(sign.samples, own[::every])
        levels = sign.by_brightness.mean(axis=(1, 2, 3))
        assert len(levels) == min(steps, len(own))
        assert (np.diff(levels) >= 0).all()
        assert len({bytes(image) for image in sign.by_brightness}) == len(levels)
        assert levels[0] == own.mean(axis=(1, 2, 3)).min()
        assert len(levels) == 1 or levels[-1] == own.mean(axis=(1, 2, 3)).max()
    assert np.array_equal(data.train.features, before)


def test_brightness_rises_in_equal_steps_of_the_order():
    labels = np.zeros(9, np.int64)
    shades = np.array([80, 10, 60, 0, 40, 20, 70, 30, 50], np.uint8).reshape(9, 1, 1, 1).repeat(4, axis=1)
    split = Split(shades, labels)
    few = Split(shades[:1], labels[:1])
    data = DataSet(split, few, few, Classes((SignClass(0, "Parking", "synthetic"),)))
    shown = preview(data, DRAWINGS, sample_every=1, brightness_steps=4)[0].by_brightness
    assert shown[:, 0, 0, 0].tolist() == [0, 30, 70, 80]


def test_known_classes_are_not_shown():
    signs = preview(dataset(), {"Bus lane": DRAWINGS["Bus lane"]}, sample_every=5, brightness_steps=3)
    assert [sign.name for sign in signs] == ["Bus lane"]


def test_a_drawing_without_images_is_ignored():
    signs = preview(dataset(), DRAWINGS | {"Bus stop": DRAWINGS["Parking"]}, sample_every=5, brightness_steps=3)
    assert [sign.name for sign in signs] == ["Bus lane", "Parking"]


def test_an_empty_data_set_shows_no_sign():
    split = Split(np.empty((0, 6, 5, 3), np.uint8), np.empty(0, np.int64))
    empty = DataSet(split, split, split, Classes(()))
    assert made(empty, dataset(), DRAWINGS, nearest=1, sample_every=5, brightness_steps=3) == []


def test_the_settings_are_a_section_of_params():
    assert params.load("preview").keys() == params.settings(made)
    with pytest.raises(ValueError, match=r"params\.yaml: preview\.sample_every is 0; .*greater than or equal to 1"):
        preview(dataset(), DRAWINGS, sample_every=0, brightness_steps=3)

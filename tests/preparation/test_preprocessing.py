import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from signs.core.errors import UserError
from signs.data import pixels
from signs.data.classes import Classes, SignClass
from signs.data.datasets import DataSet
from signs.data.splits import Split
from signs.preparation import preprocessing

EVERY_COMBINATION = list(itertools.product([True, False], repeat=2))


def preprocess(data, **settings):
    return preprocessing.preprocess(data, **{"central_fraction": 1.0} | settings)


def article(x, grey, normalize):
    if grey and x.shape[-1] == 3:
        x = np.dot(x, [0.299, 0.587, 0.114])[..., np.newaxis]
    if normalize:
        x = (x / 255.0 - 0.5) * 2.0
    return x


def dataset(channels=3):
    """Images of brightness 10, 20 and so on to 60 in each split, of classes 4 and 8 in turn."""
    pattern = np.random.default_rng(1).integers(-5, 6, (6, 4, 5, channels))
    pattern[:, :2] = -pattern[:, 2:]
    levels = np.arange(10, 70, 10).reshape(6, 1, 1, 1)
    split = Split((levels + pattern).astype(np.uint8), np.array([4, 8, 4, 8, 4, 8]))
    classes = Classes((SignClass(4, "Stop", "photographs"), SignClass(8, "Yield", "synthetic")))
    return DataSet(split, split, split, classes)


def test_an_empty_data_set_stays_as_it_is():
    nothing = Split(np.empty((0, 4, 5, 3), np.uint8), np.empty(0, np.int64))
    empty = DataSet(nothing, nothing, nothing, Classes(()))
    assert preprocess(empty, grey=True, normalize=True, min_brightness=20) == empty


@pytest.mark.parametrize(("grey", "normalize"), EVERY_COMBINATION)
@pytest.mark.parametrize("channels", [1, 3])
def test_each_combination_is_the_article_s(grey, normalize, channels):
    result = preprocess(dataset(channels), grey=grey, normalize=normalize, min_brightness=None)
    assert result.classes == dataset().classes
    for name, split in result.splits.items():
        stored = dataset(channels).splits[name]
        expected = article(stored.features, grey, normalize)
        assert split.features.shape == expected.shape
        assert split.features.dtype == (np.float32 if normalize else np.uint8)
        assert np.abs(split.features - expected).max() <= (1e-6 if normalize else 1)
        assert np.array_equal(split.labels, stored.labels)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("fraction", [0.25, 0.5, 0.75])
def test_what_is_kept_of_the_middle_fills_the_image(channels, fraction):
    height, width = 40, 80
    rows, columns = (round(length * (1 - fraction) / 2) for length in (height, width))
    features = np.zeros((2, height, width, channels), np.uint8)
    features[0, rows : height - rows, columns : width - columns] = 200
    features[1] = 90
    kept = pixels.middle(features, fraction)
    assert (kept.shape, kept.dtype) == (features.shape, np.uint8)
    border = round(2 / fraction)  # two pixels of the old image, as far as a cubic reaches
    assert (kept[0, border:-border, border:-border] == 200).all()
    assert (kept[0, 0] < 195).all()
    assert (kept[0, :, 0] < 195).all()
    assert (kept[1] == 90).all()


def test_the_middle_of_a_ramp_is_a_ramp_from_and_to_what_it_had_there():
    ramp = np.tile(np.arange(0, 240, 4, dtype=np.uint8)[None, None, :, None], (1, 30, 1, 1))
    kept = pixels.middle(ramp, 0.6).astype(int)
    places = (np.arange(60) + 0.5) * 0.6 + 60 * 0.2 - 0.5
    assert np.abs(kept[0, :, :, 0] - 4 * places).max() <= 1


@given(npst.arrays(np.uint8, st.tuples(st.just(2), st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3]))))
def test_the_middle_of_a_mirror_image_is_the_mirror_image_of_the_middle(features):
    kept = pixels.middle(features, 0.7).astype(int)
    assert np.abs(pixels.middle(features[:, ::-1, ::-1], 0.7)[:, ::-1, ::-1] - kept).max() <= 2
    assert np.array_equal(pixels.middle(features, 1), features)


@pytest.mark.parametrize(("grey", "normalize"), EVERY_COMBINATION)
def test_the_middle_is_taken_first(grey, normalize):
    settings = {"grey": grey, "normalize": normalize, "min_brightness": None}
    stored = dataset().map(lambda split: split._replace(features=pixels.middle(split.features, 0.8)))
    expected = preprocess(stored, **settings)
    found = preprocess(dataset(), central_fraction=0.8, **settings)
    assert all(np.array_equal(found.splits[name].features, expected.splits[name].features) for name in found.splits)


def test_colour_as_it_is_stored_stays_as_it_is():
    result = preprocess(dataset(), grey=False, normalize=False, min_brightness=None)
    assert np.array_equal(result.test.features, dataset().test.features)


def test_dark_images_are_dropped_from_training_alone():
    result = preprocess(dataset(), grey=True, normalize=True, min_brightness=30)
    assert result.train.labels.tolist() == [4, 8, 4, 8]
    kept = preprocess(dataset(), grey=True, normalize=True, min_brightness=None).train.features[2:]
    assert np.array_equal(result.train.features, kept)
    assert len(result.valid.features) == len(result.test.features) == 6


@pytest.mark.parametrize(("grey", "normalize"), EVERY_COMBINATION)
def test_file_names_stay_with_the_images(grey, normalize):
    names = np.array([f"{number}.png" for number in range(6)])
    data = dataset().map(lambda split: split._replace(filenames=names))
    found = preprocess(data, grey=grey, normalize=normalize, min_brightness=30)
    assert found.train.filenames.tolist() == names[2:].tolist()
    assert found.test.filenames.tolist() == names.tolist()


def test_an_image_exactly_as_bright_as_asked_stays():
    assert dataset().train.features[2].mean() == 30
    assert len(preprocess(dataset(), grey=False, normalize=False, min_brightness=30.01).train.labels) == 3
    assert len(preprocess(dataset(), grey=False, normalize=False, min_brightness=30).train.labels) == 4


def test_a_class_that_would_vanish_is_an_error():
    with pytest.raises(UserError, match=r"min_brightness 55\.0 drops all training images of classes \[4\]; choose a"):
        preprocess(dataset(), grey=True, normalize=True, min_brightness=55)


@pytest.mark.parametrize(("grey", "normalize"), [(True, True), (True, False), (False, True)])
def test_what_is_preprocessed_is_not_preprocessed_again(grey, normalize):
    once = preprocess(dataset(), grey=True, normalize=True, min_brightness=None)
    with pytest.raises(UserError, match="images are float32 in 1 channels; expected uint8 in 1 or 3"):
        preprocess(once, grey=grey, normalize=normalize, min_brightness=None)


@pytest.mark.parametrize(("grey", "normalize"), EVERY_COMBINATION)
def test_the_data_set_that_came_in_is_not_altered(grey, normalize):
    original, untouched = dataset(), dataset()
    preprocess(original, grey=grey, normalize=normalize, min_brightness=20)
    assert all(
        np.array_equal(mine, yours)
        for name, split in original.splits.items()
        for mine, yours in zip(split, untouched.splits[name], strict=True)
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"grey": "perhaps"}, r"params\.yaml: preprocess\.grey is 'perhaps'; .*valid boolean"),
        ({"min_brightness": 256}, r"params\.yaml: preprocess\.min_brightness is 256; .*less than or equal to 255"),
        ({"min_brightness": True}, r"params\.yaml: preprocess\.min_brightness is True; a number is expected"),
        ({"central_fraction": 0}, r"params\.yaml: preprocess\.central_fraction is 0; .*greater than 0"),
        ({"central_fraction": 1.1}, r"params\.yaml: preprocess\.central_fraction is 1\.1; .*less than or equal to 1"),
        ({"gray": True}, r"params\.yaml: preprocess\.gray is unknown; preprocess takes central_fraction, grey, min_br"),
    ],
)
def test_a_wrong_setting_is_an_error(settings, message):
    with pytest.raises(UserError, match=message):
        preprocess(dataset(), **{"grey": True, "normalize": True, "min_brightness": None} | settings)

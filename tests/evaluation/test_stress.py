import numpy as np
import pytest

from signs.core import params
from signs.data.splits import Split
from signs.evaluation import stress
from signs.evaluation.corruption import CORRUPTIONS

IDS = np.array([3, 7])
SETTINGS = {
    "seed": 1,
    "max_images": 30,
    "corruptions": {
        "blur": [0.0, 0.1],
        "noise": [0.0, 0.1],
        "dark": [1.0, 0.2],
        "contrast": [1.0, 0.5],
        "fog": [0.0, 0.2],
        "occlusion": [0.0, 0.2],
        "jpeg": [100, 60],
        "tight": [0.0, 0.1],
        "loose": [0.0, 0.1],
    },
}


def split_of(count=50, side=8):
    labels = IDS[np.arange(count) % 2]
    features = np.where(labels == 7, 200, 60).astype(np.uint8)[:, None, None, None] * np.ones((side, side, 3), np.uint8)
    return Split(features, labels)


def by_brightness(images, scale=1.0):
    """A model that takes what is brighter than 128 for the second class, and is the surer the farther it is."""
    mean = images.mean(axis=(1, 2, 3)) - 128.0
    return IDS[(mean > 0).astype(int)], 1 / (1 + np.exp(-2 * scale * np.abs(mean)))


def test_accuracy_falls_where_a_corruption_deceives_the_model():
    metrics, table = stress.stress(by_brightness, split_of(), 0.99, **SETTINGS)
    assert [row["severity"] for row in table] == [0, 1, 2]
    assert list(table[0]) == ["severity", *SETTINGS["corruptions"]]
    assert set(list(table[0].values())[1:]) == {1.0}
    assert table[2]["dark"] == 0.5  # what was bright is dark too
    assert table[2]["jpeg"] == 1
    assert metrics["corrupted"]["dark"] == 0.75
    means = [value for name, value in metrics["corrupted"].items() if name != "mean"]
    assert metrics["corrupted"]["mean"] == pytest.approx(np.mean(means))


def test_images_without_a_sign_are_turned_away_by_a_model_that_doubts():
    sure, _ = stress.stress(by_brightness, split_of(), 0.0, **SETTINGS)
    assert sure["turned_away"] == {"noise": 0, "backgrounds": 0, "pictures": 0}
    doubting, _ = stress.stress(lambda images: by_brightness(images, 1e-9), split_of(), 0.9, **SETTINGS)
    assert doubting["turned_away"] == {"noise": 1, "backgrounds": 1, "pictures": 1}


def test_without_a_threshold_nothing_is_said_to_be_turned_away():
    metrics, _ = stress.stress(by_brightness, split_of(), None, **SETTINGS)
    assert list(metrics) == ["corrupted"]


def test_backgrounds_are_cut_from_test_images():
    """Test images here are of two greys; corners of any other image would show another one."""
    seen = []

    def predict(images):
        seen.append(images)
        return by_brightness(images)

    stress.stress(predict, split_of(), 0.5, **SETTINGS)
    noise, backgrounds, pictures = seen[-3:]
    assert set(np.unique(backgrounds)) == {60, 200}
    assert len(np.unique(noise)) > 200 < len(np.unique(pictures))


def test_the_images_of_a_larger_test_set_are_picked_evenly():
    seen = []

    def predict(images):
        seen.append(len(images))
        return by_brightness(images)

    stress.stress(predict, split_of(50), 0.5, **SETTINGS)
    assert set(seen) == {30}
    seen.clear()
    stress.stress(predict, split_of(12), 0.5, **SETTINGS)
    assert seen == [12] * (1 + 2 * len(CORRUPTIONS)) + [30] * 3


def test_the_severities_may_be_those_of_a_preset():
    _, table = stress.stress(by_brightness, split_of(), None, **params.load("stress") | {"max_images": 2})
    assert [row["severity"] for row in table] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(("qualities", "message"), [([0, 1], r"jpeg\.0 is 0"), ([50], ".*same number of severities")])
def test_a_wrong_setting_is_named(qualities, message):
    settings = SETTINGS | {"corruptions": SETTINGS["corruptions"] | {"jpeg": qualities}}
    with pytest.raises(ValueError, match=rf"params\.yaml: stress\.corruptions.?{message}"):
        stress.stress(by_brightness, split_of(), 0.5, **settings)

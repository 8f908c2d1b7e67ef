import numpy as np
import pytest

from signs.data.classes import Classes, SignClass
from signs.data.datasets import DataSet, Split
from signs.evaluation import stress

IDS = np.array([3, 7])
CLASSES = Classes((SignClass(3, "dark", "rendered"), SignClass(7, "bright", "rendered")))
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
    },
}


def dataset(count=50):
    labels = IDS[np.arange(count) % 2]
    features = np.where(labels == 7, 200, 60).astype(np.uint8)[:, None, None, None] * np.ones((8, 8, 3), np.uint8)
    split = Split(features, labels)
    return DataSet(split, split, split, CLASSES)


def by_brightness(images):
    """Logits of a model that takes what is brighter than 128 for the second class."""
    mean = images.mean(axis=(1, 2, 3)) - 128.0
    return np.stack([-mean, mean], axis=1)


def test_accuracy_falls_where_a_corruption_deceives_the_model():
    metrics, table = stress.stress(by_brightness, dataset(), IDS, 0.99, **SETTINGS)
    assert [row["severity"] for row in table] == [0, 1, 2]
    assert list(table[0]) == ["severity", *SETTINGS["corruptions"]]
    assert set(list(table[0].values())[1:]) == {1.0}
    assert table[2]["dark"] == 0.5  # what was bright is dark too
    assert table[2]["jpeg"] == 1
    assert metrics["corrupted"]["dark"] == 0.75
    means = [value for name, value in metrics["corrupted"].items() if name != "mean"]
    assert metrics["corrupted"]["mean"] == pytest.approx(np.mean(means))


def test_what_is_no_sign_is_turned_away_by_a_model_that_doubts():
    sure, _ = stress.stress(by_brightness, dataset(), IDS, 0.0, **SETTINGS)
    assert sure["turned_away"] == {"noise": 0, "backgrounds": 0, "pictures": 0}
    doubting, _ = stress.stress(lambda images: by_brightness(images) * 1e-9, dataset(), IDS, 0.9, **SETTINGS)
    assert doubting["turned_away"] == {"noise": 1, "backgrounds": 1, "pictures": 1}


def test_the_images_of_a_larger_test_set_are_picked_evenly():
    seen = []

    def logits(images):
        seen.append(len(images))
        return by_brightness(images)

    stress.stress(logits, dataset(50), IDS, 0.5, **SETTINGS)
    assert set(seen) == {30}
    seen.clear()
    stress.stress(logits, dataset(12), IDS, 0.5, **SETTINGS)
    assert seen == [12] * 15 + [30] * 3


@pytest.mark.parametrize(
    ("qualities", "message"), [([0, 1], r"jpeg\.0 is 0"), ([50], ".* as many amounts as the others")]
)
def test_a_wrong_setting_is_named(qualities, message):
    settings = SETTINGS | {"corruptions": SETTINGS["corruptions"] | {"jpeg": qualities}}
    with pytest.raises(ValueError, match=rf"params\.yaml: stress\.corruptions.?{message}"):
        stress.stress(by_brightness, dataset(), IDS, 0.5, **settings)

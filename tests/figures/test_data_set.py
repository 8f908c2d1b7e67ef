import numpy as np
import pytest
from specimens import texts

from signs.data.classes import Classes, SignClass
from signs.data.datasets import DataSet
from signs.data.splits import Split
from signs.exploration.summary import explore
from signs.figures.data_set import data_set_figures


def figures(classes, channels=3):
    """The figures of noise; the first test image is the first training image."""
    rng = np.random.default_rng(0)
    known = Classes(tuple(SignClass(3 * id, f"class {id}", "photographs") for id in range(classes)))
    labels = [np.repeat(known.ids, count) for count in (4, 1, 3)]
    splits = [Split(rng.integers(0, 256, (len(own), 16, 16, channels), dtype=np.uint8), own) for own in labels]
    splits[2].features[:1] = splits[0].features[:1]
    data = DataSet(*splits, known)
    return dict(data_set_figures("original", data, explore(data, seed=1, max_images=100, similarity=0.99)))


@pytest.mark.parametrize(("classes", "channels"), [(1, 1), (3, 3)])
def test_every_figure_of_a_data_set_carries_its_name(classes, channels):
    made = figures(classes, channels)
    assert list(made) == [
        *("counts", "typical", "brightest", "darkest", "brightness_train", "brightness_valid", "grey"),
        *("copies_train_valid", "copies_train_test", "copies_valid_test"),
    ]
    assert all(texts(figure)[0].startswith("original: ") for figure in made.values())


def test_an_empty_data_set_is_said_to_be_one():
    assert texts(figures(0)["counts"]) == ["original: images per class", "There are no classes."]


def test_the_figure_of_copies_says_how_many_there_are():
    said = texts(figures(3)["copies_train_test"])
    assert "original: copies of train images among 9 test images, 1 exact and 0 near" in said
    assert "train 0, test 0: 1.000" in said

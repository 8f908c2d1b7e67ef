import numpy as np
import pytest
from matplotlib.figure import Figure

from signs.core.scores import softmax
from signs.data.classes import Classes, SignClass
from signs.data.datasets import DataSet, Split
from signs.evaluation.diagnosis import diagnose
from signs.evaluation.predictions import Predictions
from signs.exploration.statistics import explore
from signs.figures import diagnosis_album as model_album
from signs.figures import exploration_album as data_album

HISTORY = [
    {"epoch": epoch, "train_accuracy": 0.5, "train_loss": 1.0, "valid_accuracy": 0.4, "valid_loss": 1.2}
    for epoch in range(3)
]
OF_DATA = [
    "counts",
    "typical",
    "brightest",
    "darkest",
    "brightness_train",
    "brightness_valid",
    "grey",
    "copies_train_valid",
    "copies_train_test",
    "copies_valid_test",
]
OF_MODEL = ["learning_curves", "confusion", "per_class", "probabilities", "reliability", "confused", "mistakes"]


def dataset(classes, channels=3):
    rng = np.random.default_rng(0)
    rows = tuple(SignClass(3 * id, f"class {id}", "photographs") for id in range(classes))
    splits = []
    for count in (4, 1, 3):
        labels = np.repeat([row.id for row in rows], count)
        splits.append(Split(rng.integers(0, 256, (len(labels), 16, 16, channels), dtype=np.uint8), labels))
    splits[2].features[0] = splits[0].features[0]
    return DataSet(*splits, Classes(rows))


def diagnosed(data, right=False):
    """What is said of random predictions, or of such as are all right."""
    rng = np.random.default_rng(1)
    probabilities, labels = {}, {}
    for name in ("valid", "test"):
        labels[name] = data.splits[name].labels
        logits = rng.normal(size=(len(labels[name]), len(data.classes)))
        logits[np.arange(len(logits)), np.searchsorted(data.classes.ids, labels[name])] += 99 * right
        probabilities[name] = softmax(logits.astype(np.float32))
    predictions = Predictions(data.classes.ids, probabilities, labels)
    return predictions, diagnose(predictions, data.classes, bins=5, mistakes=50)


def figures_of(album):
    figures = dict(album)
    assert all(isinstance(figure, Figure) for figure in figures.values())
    return figures


@pytest.mark.parametrize(("classes", "channels"), [(1, 1), (3, 3)])
def test_the_figures_of_a_data_set_are_these(classes, channels):
    data = dataset(classes, channels)
    figures = figures_of(data_album.album(data, explore(data, seed=1, max_images=100, similarity=0.99)))
    assert list(figures) == OF_DATA


@pytest.mark.parametrize(("classes", "channels"), [(2, 1), (5, 3)])
def test_the_figures_of_a_model_are_these(classes, channels):
    data = dataset(classes, channels)
    predictions, found = diagnosed(data)
    assert len(found.mistakes) > 0
    attention = np.random.default_rng(2).random((len(found.mistakes), 5, 5))
    figures = figures_of(model_album.album(data.test.features, HISTORY, predictions, found, attention))
    assert list(figures) == OF_MODEL


@pytest.mark.parametrize("classes", [1, 3])
def test_a_model_that_is_always_right_has_the_same_figures(classes):
    data = dataset(classes)
    predictions, found = diagnosed(data, right=True)
    assert len(found.mistakes) == 0
    none = np.zeros((0, 1, 1), np.float32)
    figures = figures_of(model_album.album(data.test.features, HISTORY, predictions, found, none))
    assert list(figures) == OF_MODEL


def words(figure):
    return " ".join(text.get_text() for axes in figure.axes for text in axes.texts)


def test_the_figure_of_copies_says_how_many_there_are():
    data = dataset(3)
    figures = figures_of(data_album.album(data, explore(data, seed=1, max_images=100, similarity=0.99)))
    assert "1 exact and 0 near copies of train images among 9 test images" in words(figures["copies_train_test"])


def test_the_captions_of_mistakes_say_what_was_said_and_what_is():
    data = dataset(2)
    predictions, found = diagnosed(data)
    attention = np.zeros((len(found.mistakes), 1, 1))
    figures = figures_of(model_album.album(data.test.features, HISTORY, predictions, found, attention))
    row = found.mistakes[0]
    truth = data.test.labels[row]
    said, sure = 3 if truth == 0 else 0, predictions.softmax["test"][row].max()
    caption = f"said: {said} class {said // 3}\nis: {truth} class {truth // 3}\n{sure:.1%} sure"
    assert caption in words(figures["mistakes"])

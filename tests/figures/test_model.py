import numpy as np
import pytest
from specimens import texts

from signs.core.scores import softmax
from signs.data.classes import Classes, SignClass
from signs.evaluation.diagnosis import diagnose
from signs.evaluation.predictions import Predictions
from signs.figures.model import model_figures


def figures(classes, channels=3, right=False):
    """The figures of a model with random predictions, or with correct ones, and these predictions."""
    rng = np.random.default_rng(1)
    known = Classes(tuple(SignClass(3 * id, f"class {id}", "photographs") for id in range(classes)))
    labels = {split: np.repeat(known.ids, count) for split, count in (("valid", 1), ("test", 3))}
    logits = {split: rng.normal(size=(len(own), classes)).astype(np.float32) for split, own in labels.items()}
    for split, own in labels.items():
        logits[split][np.arange(len(own)), own // 3] += 99 * right
    predictions = Predictions(known.ids, {split: softmax(own) for split, own in logits.items()}, labels)
    diagnosis = diagnose(predictions, known, bins=5, mistakes=50)
    assert bool(len(diagnosis.mistakes)) != right
    features = rng.integers(0, 256, (3 * classes, 16, 16, channels), dtype=np.uint8)
    heatmaps = rng.random((len(diagnosis.mistakes), 5, 5))
    return dict(model_figures("augmented", features, predictions, diagnosis, heatmaps)), predictions, diagnosis


@pytest.mark.parametrize(("classes", "channels", "right"), [(2, 1, False), (5, 3, False), (1, 3, True), (3, 3, True)])
def test_every_figure_of_a_model_carries_its_name(classes, channels, right):
    made, _, _ = figures(classes, channels, right)
    assert list(made) == ["probabilities", "confused", "mistakes"]
    assert all(texts(figure)[0].startswith("augmented: ") for figure in made.values())


def test_the_captions_of_mistakes_tell_predicted_and_true_class():
    made, predictions, diagnosis = figures(2)
    row = diagnosis.mistakes[0]
    truth = predictions.labels["test"][row]
    predicted, confidence = 3 - truth, predictions.softmax["test"][row].max()
    caption = f"predicted: {predicted} class {predicted // 3}\ntrue: {truth} class {truth // 3}\n"
    assert f"{caption}{confidence:.1%} confident, test image {row}" in texts(made["mistakes"])


def test_a_pair_tells_how_many_images_of_one_class_are_predicted_as_the_other():
    made, _, diagnosis = figures(2)
    count = diagnosis.matrix[0, 1]
    assert count
    assert f"0 class 0: {count} predicted as 3" in texts(made["confused"])

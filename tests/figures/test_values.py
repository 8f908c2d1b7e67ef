import matplotlib
import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from specimens import PLAIN, frozen, saved, shares, stored, texts

from signs.figures import canvas, confidence, confusions, distributions, learning, preprocessing


def test_bars_are_as_high_as_the_numbers_of_images():
    given = {"train": frozen([5, 0, 7]), "valid": frozen([1, 2, 3]), "test": frozen([0, 0, 0])}
    figure = distributions.counts(given, [1, 4, 9], PLAIN)
    for axes, (split, expected) in zip(figure.axes[1:], given.items(), strict=True):
        assert [bar.get_height() for bar in axes.patches] == expected.tolist()
        assert {bar.get_facecolor() for bar in axes.patches} == {matplotlib.colors.to_rgba(canvas.SPLIT_COLOURS[split])}
        assert axes.get_title(loc="left") == f"{split}: {expected.sum()} images"


def test_histograms_of_brightness_have_numpy_s_heights():
    values, labels = frozen(shares(60) * 255), frozen([3, 8] * 30)
    figure = distributions.brightness(values, labels, [3, 5, 8], PLAIN, "Brightness")
    drawn = [patch.get_data() for patch in figure.axes[0].patches]
    for id, (tops, _, base) in zip((3, 5, 8), drawn, strict=True):
        heights = base - tops
        expected, _ = np.histogram(values[labels == id], bins=range(0, 261, 10))
        assert heights / max(1, heights.max()) == pytest.approx(expected / max(1, expected.max()))
    assert [text for text in texts(figure) if text.endswith(" images")] == ["30 images", "0 images", "30 images"]


def test_the_brightest_image_is_in_the_last_bin():
    figure = distributions.brightness(np.array([255.0, 0.0]), np.array([1, 1]), [1], ["a"], "b")
    tops, _, base = figure.axes[0].patches[0].get_data()
    assert np.flatnonzero(base - tops).tolist() == [0, 25]


def test_pixels_before_and_after_and_the_one_are_printed():
    image = stored(6, 6, 3)
    grey = stored(6, 6, 1)
    normalized = frozen(grey / np.float32(127.5) - 1, np.float32)
    shown = texts(preprocessing.colour_beside_grey(image, grey, normalized, np.eye(43)[41], "End of no passing"))
    assert "\n".join(map(str, image[1, 1])) in shown
    assert "\n".join(map(str, image[4, 4])) in shown
    assert f"{normalized[2, 3, 0]:.4f}" in shown
    assert "\n".join(map(str, image[5, 5])) not in shown
    assert "[0. 0. 0. … 0. 1. 0.]" in shown
    assert shown.count("1") == 1
    assert any("43 numbers, the 1 at position 41" in text for text in shown)


def test_learning_curves_are_the_history():
    history = [{"epoch": 0, "train_accuracy": 0.1, "train_loss": 3.0, "valid_accuracy": 0.2, "valid_loss": 2.9}]
    history += [
        {"epoch": i, "train_accuracy": 0.5, "train_loss": 3.0 / i, "valid_accuracy": 0.6, "valid_loss": 2.0}
        | {"squared_change": 9.0 / i**4}
        for i in range(1, 5)
    ]
    figure = learning.learning_curves(history, 3)
    accuracy, loss, change = ({line.get_label(): line for line in axes.get_lines()} for axes in figure.axes[1:])
    assert accuracy["train"].get_ydata().tolist() == [row["train_accuracy"] for row in history]
    assert accuracy["valid"].get_ydata().tolist() == [row["valid_accuracy"] for row in history]
    assert loss["train"].get_ydata().tolist() == [row["train_loss"] for row in history]
    assert change["squared"].get_ydata() == pytest.approx([np.nan, *(9.0 / i**4 for i in range(1, 5))], nan_ok=True)
    assert all(axes.get_lines()[0].get_xdata() == [3, 3] for axes in figure.axes[1:])
    assert [axes.get_yscale() for axes in figure.axes[1:]] == ["linear", "linear", "log"]
    assert any("epoch 3, the one kept, with an accuracy of 0.6000 on valid" in text for text in texts(figure))


@pytest.mark.parametrize("epochs", [1, 2, 30])
def test_a_history_without_validation_and_changes_is_drawn(epochs, tmp_path):
    history = [{"epoch": i, "train_accuracy": 0.0, "train_loss": 0.0} for i in range(epochs)]
    figure = learning.learning_curves(history, epochs - 1)
    assert saved(tmp_path / "a.png", figure)
    assert "no values" in texts(figure)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["train"]


def test_colours_of_confusions_are_shares_of_the_true_class():
    matrix = frozen([[8, 2, 0], [0, 0, 0], [1, 0, 3]])
    figure = confusions.confusion(matrix, [0, 1, 2], PLAIN, "Confusions")
    image = figure.axes[1].images[0]
    expected = [[0.8, 0.2, 0], [np.nan] * 3, [0.25, 0, 0.75]]
    assert image.get_array().filled(np.nan) == pytest.approx(np.array(expected), nan_ok=True)
    assert image.norm(0.01) > 0.1
    printed = {text.get_position(): text.get_text() for text in figure.axes[1].texts}
    assert printed == {(1, 0): "2", (0, 2): "1"}


def test_a_share_counts_images_taken_for_a_class_that_is_not_shown():
    matrix = np.zeros((101, 101), int)
    matrix[0, [0, 100]] = 1
    figure = confusions.confusion(matrix, range(101), [""] * 101, "Confusions")
    assert figure.axes[1].images[0].get_array()[0, 0] == 0.5


def test_the_class_of_the_lowest_f1_is_on_top_and_an_undefined_one_below():
    precision, recall = frozen([0.9, np.nan, 0.5]), frozen([0.8, np.nan, 0.6])
    f1 = frozen([0.85, np.nan, 0.55])
    figure = confusions.per_class(precision, recall, f1, frozen([30.0, 0.0, 1234.0]), [4, 5, 6], ["a", "b", "c"])
    axes = figure.axes[1]
    lines = {line.get_label(): line.get_xdata() for line in axes.get_lines()}
    for name, values in (("precision", precision), ("recall", recall), ("F1", f1)):
        assert lines[name] == pytest.approx(values[[2, 0, 1]], nan_ok=True)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["6: c", "4: a", "5: b"]
    assert axes.yaxis_inverted()
    assert [text for text in texts(figure) if text in {"1,234", "30", "0"}] == ["1,234", "30", "0"]
    assert " undefined" in texts(figure)


def test_bars_of_probabilities_are_as_high_as_the_probabilities():
    matrix = frozen([[0.7, 0.29, 0.01], [0.01, 0.98, 0.01], [np.nan] * 3])
    figure = confidence.average_probabilities(matrix, [3, 10, 17], PLAIN, "Probabilities")
    bars = {
        collection.get_label(): np.array([path.vertices[:-1, 1] for path in collection.get_paths()])
        for collection in figure.axes[0].collections
        if isinstance(collection, PolyCollection)
    }
    heights = {kind: (base := vertices.max()) - vertices[:, 1::4] for kind, vertices in bars.items()}
    assert base > 0
    assert heights["right"] / 84 == pytest.approx(np.diag(matrix.diagonal())[:2])
    assert heights["wrong"] / 84 == pytest.approx(np.where(np.eye(3), 0, matrix)[:2])
    assert "no images" in texts(figure)
    assert texts(figure).count("10") == 1
    assert "3" not in texts(figure)


def test_reliability_shows_the_bins_that_hold_images():
    sure, right = frozen([np.nan, 0.3, 0.7, 0.95]), frozen([np.nan, 0.2, 0.9, 1.0])
    images = frozen([0, 4, 50, 3000])
    figure = confidence.reliability({"valid": (sure, right, images)}, "Reliability")
    diagram, histogram = figure.axes[1:]
    assert diagram.get_lines()[0].get_xydata().tolist() == [[0, 0], [1, 1]]
    assert diagram.get_lines()[1].get_xydata().tolist() == [[0.3, 0.2], [0.7, 0.9], [0.95, 1.0]]
    assert [bar.get_height() for bar in histogram.patches] == images.tolist()
    assert [bar.get_x() for bar in histogram.patches] == [0, 0.25, 0.5, 0.75]
    assert histogram.get_yscale() == "log"


def test_reliability_without_any_image_is_drawn(tmp_path):
    nothing = np.full(15, np.nan)
    curve = nothing, nothing, np.zeros(15, int)
    assert saved(tmp_path / "a.png", confidence.reliability({"valid": curve, "test": curve}, "Reliability"))


def test_print_on_a_pixel_of_middle_grey_has_one_colour_wherever_the_pixel_lies_in_memory():
    memory = np.full(200, 127, dtype=np.uint8)
    colours = {preprocessing._is_bright(memory[start : start + 3]) for start in range(190)}
    assert colours == {False}
    assert preprocessing._is_bright(np.full(3, 128, dtype=np.uint8))

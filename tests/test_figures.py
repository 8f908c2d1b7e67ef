import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import PolyCollection
from matplotlib.text import Text

from signs import figures
from signs.figures import diagnosis, exploration
from signs.figures import mistakes as mistaken
from signs.figures.mistakes import ConfusedPair

PLAIN = ["Stop", "No passing for vehicles over 3.5 metric tons", "Yield"]
STRANGE = [
    "<b>Stop</b> &amp; 'a' \"b\"",
    "$x^2$ \\frac{a}{b} \\$ _a_ $",
    "\N{GRINNING FACE}\N{AUTOMOBILE} 漢字 \ud800",
    "תמרור עצור",
    "ممنوع الوقوف",
    "one\ntwo\r\n\tthree\x00\x07\u2028four \u202egnol",
    "W" * 300,
    "word " * 60,
    "",
]


def stored(*shape, seed=1):
    """Random pixels that may not be written to."""
    return frozen(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


def frozen(values, dtype=None):
    array = np.array(values, dtype=dtype)
    array.flags.writeable = False
    return array


def shares(*shape):
    return frozen(np.random.default_rng(2).random(shape))


def numbers(*shape):
    return frozen(np.random.default_rng(3).integers(1, 200, shape))


def ids_of(names):
    """Ids with gaps."""
    return frozen(np.arange(len(names)) * 7 + 3)


def counts(names):
    splits = ("train", "valid", "test")
    return exploration.counts({split: numbers(len(names)) for split in splits}, ids_of(names), names)


def gallery(names):
    return exploration.gallery(stored(len(names), 32, 32, 3), ids_of(names), names, names[0])


def brightness(names):
    labels = frozen(np.repeat(ids_of(names), 5))
    return exploration.brightness(frozen(shares(len(labels)) * 255), labels, ids_of(names), names, names[0])


def colour_beside_grey(names):
    grey = stored(32, 32, 1)
    normalized = frozen(grey / np.float32(127.5) - 1, np.float32)
    return exploration.colour_beside_grey(stored(32, 32, 3), grey, normalized, frozen(np.eye(len(names))[0]), names[0])


def near_duplicates(names):
    images = stored(len(names), 32, 32, 3)
    return exploration.near_duplicates(list(images), list(images), names, names[0])


def new_sign(names):
    return exploration.new_sign(names[0], stored(64, 64, 3), stored(8, 32, 32, 3), stored(20, 32, 32, 3), 3)


def learning_curves(names):
    splits = ("train", "valid")
    history = [
        {"epoch": epoch, "squared_change": 0.5 * epoch}
        | {f"{split}_accuracy": 0.1 * epoch for split in splits}
        | {f"{split}_cost": 3 * 0.3**epoch for split in splits}
        for epoch in range(6)
    ]
    return diagnosis.learning_curves(history, 4)


def confusion(names):
    return diagnosis.confusion(numbers(len(names), len(names)), ids_of(names), names, names[0])


def per_class(names):
    scores = shares(3, len(names))
    return diagnosis.per_class(*scores, numbers(len(names)), ids_of(names), names)


def average_probabilities(names):
    matrix = shares(len(names), len(names))
    return diagnosis.average_probabilities(
        frozen(matrix / matrix.sum(axis=1, keepdims=True)), ids_of(names), names, names[0]
    )


def reliability(names):
    curve = (*shares(2, 15), numbers(15))
    return diagnosis.reliability({"valid": curve, "test": curve}, names[0])


def confused_pairs(names):
    images = stored(10, 32, 32, 3)
    return mistaken.confused_pairs([ConfusedPair(name, name, images, name, images[:3]) for name in names])


def mistakes(names):
    return mistaken.mistakes(stored(len(names), 32, 32, 3), shares(len(names), 5, 5), names, names[0])


OF_CLASSES = [counts, gallery, brightness, confusion, per_class, average_probabilities]
EVERY = [
    *OF_CLASSES,
    colour_beside_grey,
    near_duplicates,
    new_sign,
    learning_curves,
    reliability,
    confused_pairs,
    mistakes,
]
every_figure = pytest.mark.parametrize("draw", EVERY, ids=lambda draw: draw.__name__)
every_figure_of_classes = pytest.mark.parametrize("draw", OF_CLASSES, ids=lambda draw: draw.__name__)


@functools.cache
def plain(draw):
    """The figure of three classes of ordinary names, for tests that only look at it."""
    return draw(PLAIN)


@functools.cache
def strange(draw):
    """The same with names that are not."""
    return draw(STRANGE)


@functools.cache
def plain_file(draw):
    """The bytes of the file of `plain`."""
    with tempfile.TemporaryDirectory() as folder:
        return saved(Path(folder, "figures", "a.png"), plain(draw))


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def saved(path, figure):
    figures.save(path, figure)
    return path.read_bytes()


def pixels(path, figure):
    """What the file shows, uint8 (height, width, 3)."""
    content = np.frombuffer(saved(path, figure), np.uint8)
    return cv2.cvtColor(cv2.imdecode(content, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def shows(picture, image, zoom):
    """Whether an enlarged image is there, pixel for pixel."""
    enlarged = image.repeat(3 // image.shape[2], axis=2).repeat(zoom, axis=0).repeat(zoom, axis=1)
    corner = np.ascontiguousarray(enlarged[:12, :12])
    left, top = cv2.minMaxLoc(cv2.matchTemplate(picture, corner, cv2.TM_SQDIFF))[2]
    found = picture[top : top + enlarged.shape[0], left : left + enlarged.shape[1]]
    return np.array_equal(found, enlarged)


# --- the file


@every_figure
def test_the_same_input_gives_the_same_bytes_whatever_the_user_s_settings(draw, tmp_path):
    settings = {
        "figure.dpi": 37,
        "savefig.dpi": 50,
        "savefig.facecolor": "black",
        "savefig.bbox": "tight",
        "font.family": ["serif"],
        "font.size": 30,
        "axes.facecolor": "red",
        "axes.prop_cycle": matplotlib.cycler(color=["pink"]),
        "lines.linewidth": 9,
        "text.color": "yellow",
        "text.antialiased": False,
        "text.hinting": "none",
        "text.parse_math": True,
        "image.origin": "lower",
        "image.cmap": "jet",
        "xtick.labelsize": 40,
        "path.simplify": False,
    }
    with matplotlib.rc_context(settings):
        assert saved(tmp_path / "a.png", draw(PLAIN)) == plain_file(draw)
        assert all(matplotlib.rcParams[key] == value for key, value in settings.items())


@every_figure
def test_the_file_is_a_png_of_the_figure_s_size(draw):
    content = plain_file(draw)
    width, height = (plain(draw).get_size_inches() * figures.DPI).round().astype(int)
    assert content[:16] == b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
    assert (int.from_bytes(content[16:20]), int.from_bytes(content[20:24])) == (width, height)
    assert 700 <= width <= 1600
    assert b"matplotlib" not in content.lower()


def test_saving_twice_gives_the_same_bytes(tmp_path):
    assert saved(tmp_path / "a.png", plain(reliability)) == plain_file(reliability)


def test_another_process_gives_the_same_bytes_and_loads_neither_pyplot_nor_tensorflow(tmp_path):
    (tmp_path / "matplotlibrc").write_text("font.size: 30\nsavefig.dpi: 40\nfigure.facecolor: red\n")
    program = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from signs import figures; from signs.figures import diagnosis, exploration\n"
        "matrix = np.arange(9).reshape(3, 3)\n"
        "figures.save(Path(sys.argv[1]), diagnosis.confusion(matrix, [1, 2, 3], ['a', 'b', 'c'], 'd'))\n"
        "sys.exit(bool({'matplotlib.pyplot', 'tensorflow', 'keras'} & sys.modules.keys()))\n"
    )
    environment = os.environ | {"MATPLOTLIBRC": str(tmp_path), "PYTHONHASHSEED": "7"}
    root = Path(figures.__file__).parents[2]
    subprocess.run([sys.executable, "-c", program, tmp_path / "a.png"], cwd=root, env=environment, check=True)
    figure = diagnosis.confusion(np.arange(9).reshape(3, 3), [1, 2, 3], ["a", "b", "c"], "d")
    assert saved(tmp_path / "b.png", figure) == (tmp_path / "a.png").read_bytes()


def test_a_figure_that_cannot_be_written_leaves_the_earlier_file(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    figure = learning_curves(PLAIN)
    path.write_bytes(b"before")
    monkeypatch.setattr(figure, "savefig", lambda partial, **_: partial.write_bytes(b"half") and 1 / 0)
    with pytest.raises(ZeroDivisionError):
        figures.save(path, figure)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


# --- text


@every_figure
def test_names_are_shown_as_they_are_and_nothing_leaves_the_figure(draw, tmp_path):
    figure = strange(draw)
    assert len(saved(tmp_path / "a.png", figure)) > 1000
    assert not any(text.get_parse_math() for text in figure.findobj(Text))
    box = figure.get_tightbbox(FigureCanvasAgg(figure).get_renderer())
    width, height = figure.get_size_inches()
    assert min(box.x0, box.y0, width - box.x1, height - box.y1) > -0.03


@every_figure_of_classes
def test_html_and_formulas_and_other_scripts_are_in_the_labels(draw):
    shown = " ".join(texts(strange(draw)))
    assert "<b>Stop</b>" in shown
    assert "$x^2$" in shown
    assert "תמרור" in shown
    assert "ممنوع" in shown
    assert "…" in shown


@every_figure
def test_text_is_in_the_fonts_that_come_with_matplotlib(draw):
    files = {text.get_fontproperties().get_file() for text in plain(draw).findobj(Text)}
    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    assert files <= {str(folder / "DejaVuSans.ttf"), str(folder / "DejaVuSans-Bold.ttf")}


def test_what_the_fonts_lack_is_an_empty_box():
    assert figures.printable("a漢b\ud800c") == "a□b□c"
    assert figures.printable("a\nb\r\n\x00c\u202ed ") == "a b cd"
    assert figures.printable("é שלום سرعة") == "é שלום سرعة"


def test_no_character_makes_matplotlib_warn(tmp_path):
    figure, axes = figures.canvas(800, "")
    every = [chr(code) for code in [*range(0, 0x3000, 7), *range(0x3000, 0x110000, 997)]]
    for row in range(40):
        line = "".join(every[row::40])
        axes.text(10, 20 * row, figures.printable(line), parse_math=False, weight="bold" if row % 2 else "normal")
    assert saved(tmp_path / "a.png", figure)


@pytest.mark.parametrize("text", [*STRANGE, *PLAIN])
@pytest.mark.parametrize("lines", [1, 2, 3])
def test_text_fits_and_only_text_that_does_not_fit_is_cut(text, lines):
    for width in (5, 60, 200, 10000):
        rows = figures.fitted(text, width, lines=lines).split("\n")
        assert len(rows) <= lines
        assert all(figures.text_width(row) <= width or row == "…" for row in rows)
        words = figures.printable(text)
        shown = " ".join(rows)
        assert shown == words or (shown.endswith("…") and words.startswith(shown[:-1]))
    assert figures.fitted(text, 10000, lines=lines) == figures.printable(text)


@pytest.mark.parametrize("bold", [False, True])
def test_the_width_of_text_is_about_what_matplotlib_draws(bold):
    figure, axes = figures.canvas(100, "")
    sentence = "End of no passing by vehicles over 3.5 metric tons"
    text = axes.text(0, 0, sentence, size=figures.TEXT, weight="bold" if bold else "normal")
    drawn = text.get_window_extent(FigureCanvasAgg(figure).get_renderer()).width
    assert figures.text_width(sentence, figures.TEXT, bold=bold) == pytest.approx(drawn, rel=0.03)


# --- classes


@every_figure_of_classes
def test_ids_with_gaps_are_shown_as_they_are(draw):
    shown = " ".join(texts(plain(draw))).replace("\n", " ")
    assert "3: Stop" in shown
    assert "10: No passing" in shown
    assert "17: Yield" in shown


@every_figure
def test_one_class_is_drawn(draw, tmp_path):
    assert len(saved(tmp_path / "a.png", draw(["Stop"]))) > 1000


@every_figure_of_classes
def test_of_many_classes_100_are_shown_and_the_title_says_so(draw):
    names = [f"class{i}" for i in range(150)]
    labels = texts(draw(names))
    kind = "worst" if draw is per_class else "first"
    assert labels.count(next(text for text in labels if text.endswith(f", {kind} 100 of 150 classes"))) == 1
    shown = {text.partition(": ")[2] for text in labels if ": class" in text}
    assert len(shown) == figures.MOST_CLASSES
    if draw is not per_class:
        assert shown == set(names[:100])


@pytest.mark.parametrize("draw", [gallery, per_class])
def test_up_to_100_classes_the_title_stays(draw):
    assert not any("100 of" in text for text in texts(draw([f"class{i}" for i in range(100)])))


def test_of_many_classes_those_of_the_lowest_f1_are_shown():
    names = [f"class{i}" for i in range(150)]
    f1 = np.linspace(1, 0, 150)
    figure = diagnosis.per_class(f1, f1, f1, np.ones(150, int), ids_of(names), names)
    assert {text.partition(": ")[2] for text in texts(figure) if ": class" in text} == set(names[50:])


# --- images


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 4, 3), (300, 200, 1)])
def test_images_of_any_size_and_of_one_channel_are_drawn(shape, tmp_path):
    images, grey = stored(2, *shape), stored(2, *shape[:2], 1)
    normalized = grey[0] / np.float32(127.5) - 1
    for figure in (
        exploration.gallery(images, [0, 1], ["a", "b"], "c"),
        exploration.colour_beside_grey(images[0], grey[0], normalized, np.eye(2)[1], "b"),
        exploration.near_duplicates(images, grey, ["a", "b"], "c"),
        exploration.new_sign("a", images[0], images, images, 1),
        mistaken.confused_pairs([ConfusedPair("a", "b", images, "c", grey)]),
        mistaken.mistakes(images, shares(2, 3, 3), ["a", "b"], "c"),
    ):
        assert len(saved(tmp_path / "a.png", figure)) > 1000


@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_shown_pixel_for_pixel(channels, tmp_path):
    images = stored(10, 32, 32, channels)
    gallery = exploration.gallery(images, range(10), [""] * 10, "")
    pairs = exploration.near_duplicates(images[:2], images[2:4], [""] * 2, "")
    wrong = mistaken.mistakes(images[:2], shares(2, 4, 4), [""] * 2, "")
    confused = mistaken.confused_pairs([ConfusedPair("", "", images[:4], "", images[4:8])])
    for figure, count, zoom in ((gallery, 10, 4), (pairs, 4, 4), (wrong, 2, 4), (confused, 8, 2)):
        picture = pixels(tmp_path / "a.png", figure)
        assert all(shows(picture, image, zoom) for image in images[:count])
        assert not shows(picture, stored(32, 32, channels, seed=9), zoom)


def test_enlarging_is_by_whole_numbers_and_shrinking_keeps_the_mean():
    image = stored(10, 20, 3)
    assert np.array_equal(figures.scaled(image, 70, 70), image.repeat(3, axis=0).repeat(3, axis=1))
    small = figures.scaled(image, 5, 5)
    assert small.shape == (2, 5, 3)
    assert small.mean() == pytest.approx(image.mean(), abs=4)


def test_a_new_sign_shows_drawing_ladder_and_samples(tmp_path):
    drawing, ladder, samples = stored(64, 64, 3), stored(8, 32, 32, 3, seed=4), stored(5, 32, 32, 3)
    figure = exploration.new_sign("Parking", drawing, ladder, samples, 3)
    picture = pixels(tmp_path / "a.png", figure)
    assert shows(picture, drawing, 4)
    assert all(shows(picture, image, 2) for image in [*ladder, *samples])
    assert {"New sign: Parking", "One in 3 synthetic images: 5"} <= set(texts(figure))
    many = exploration.new_sign("Parking", drawing, ladder.repeat(3, axis=0), samples.repeat(30, axis=0), 1)
    assert "All synthetic images: the first 100 of 150" in texts(many)


def test_attention_shows_in_colour_where_it_is(tmp_path):
    images = np.full((1, 32, 32, 3), 128, np.uint8)
    attention = np.zeros((1, 4, 4))
    attention[0, :, 2:] = 1
    picture = pixels(tmp_path / "a.png", mistaken.mistakes(images, attention, [""], ""))
    right = picture[140:200, 24 + 128 + 4 + 80 : 24 + 128 + 4 + 120].mean()
    left = picture[140:200, 24 + 128 + 4 : 24 + 128 + 4 + 40].mean()
    assert (picture[140:200, 24 : 24 + 128] == 128).all()
    assert right > left + 60


# --- what is plotted is what was given


def test_bars_are_as_high_as_the_numbers_of_images():
    given = {"train": frozen([5, 0, 7]), "valid": frozen([1, 2, 3]), "test": frozen([0, 0, 0])}
    figure = exploration.counts(given, [1, 4, 9], PLAIN)
    for axes, (split, expected) in zip(figure.axes[1:], given.items(), strict=True):
        assert [bar.get_height() for bar in axes.patches] == expected.tolist()
        assert {bar.get_facecolor() for bar in axes.patches} == {
            matplotlib.colors.to_rgba(figures.SPLIT_COLOURS[split])
        }
        assert axes.get_title(loc="left") == f"{split}: {expected.sum()} images"


def test_histograms_of_brightness_have_numpy_s_heights():
    values, labels = frozen(shares(60) * 255), frozen([3, 8] * 30)
    figure = exploration.brightness(values, labels, [3, 5, 8], PLAIN, "Brightness")
    drawn = [patch.get_data() for patch in figure.axes[0].patches]
    for id, (tops, _, base) in zip((3, 5, 8), drawn, strict=True):
        heights = base - tops
        expected, _ = np.histogram(values[labels == id], bins=range(0, 261, 10))
        assert heights / max(1, heights.max()) == pytest.approx(expected / max(1, expected.max()))
    assert [text for text in texts(figure) if text.endswith(" images")] == ["30 images", "0 images", "30 images"]


def test_the_brightest_image_is_in_the_last_bin():
    figure = exploration.brightness(np.array([255.0, 0.0]), np.array([1, 1]), [1], ["a"], "b")
    tops, _, base = figure.axes[0].patches[0].get_data()
    assert np.flatnonzero(base - tops).tolist() == [0, 25]


def test_pixels_before_and_after_and_the_one_are_printed():
    image = stored(6, 6, 3)
    grey = stored(6, 6, 1)
    normalized = frozen(grey / np.float32(127.5) - 1, np.float32)
    shown = texts(exploration.colour_beside_grey(image, grey, normalized, np.eye(43)[41], "End of no passing"))
    assert "\n".join(map(str, image[1, 1])) in shown
    assert "\n".join(map(str, image[4, 4])) in shown
    assert f"{normalized[2, 3, 0]:.4f}" in shown
    assert "\n".join(map(str, image[5, 5])) not in shown
    assert "[0. 0. 0. … 0. 1. 0.]" in shown
    assert shown.count("1") == 1
    assert any("43 numbers, the 1 at position 41" in text for text in shown)


def test_learning_curves_are_the_history():
    history = [{"epoch": 0, "train_accuracy": 0.1, "train_cost": 3.0, "valid_accuracy": 0.2, "valid_cost": 2.9}]
    history += [
        {"epoch": i, "train_accuracy": 0.5, "train_cost": 3.0 / i, "valid_accuracy": 0.6, "valid_cost": 2.0}
        | {"squared_change": 9.0 / i**4}
        for i in range(1, 5)
    ]
    figure = diagnosis.learning_curves(history, 3)
    accuracy, cost, change = ({line.get_label(): line for line in axes.get_lines()} for axes in figure.axes[1:])
    assert accuracy["train"].get_ydata().tolist() == [row["train_accuracy"] for row in history]
    assert accuracy["valid"].get_ydata().tolist() == [row["valid_accuracy"] for row in history]
    assert cost["train"].get_ydata().tolist() == [row["train_cost"] for row in history]
    assert change["squared"].get_ydata() == pytest.approx([np.nan, *(9.0 / i**4 for i in range(1, 5))], nan_ok=True)
    assert all(axes.get_lines()[0].get_xdata() == [3, 3] for axes in figure.axes[1:])
    assert [axes.get_yscale() for axes in figure.axes[1:]] == ["linear", "linear", "log"]
    assert any("epoch 3, the one kept, with an accuracy of 0.6000 on valid" in text for text in texts(figure))


@pytest.mark.parametrize("epochs", [1, 2, 30])
def test_a_history_without_validation_and_changes_is_drawn(epochs, tmp_path):
    history = [{"epoch": i, "train_accuracy": 0.0, "train_cost": 0.0} for i in range(epochs)]
    figure = diagnosis.learning_curves(history, epochs - 1)
    assert saved(tmp_path / "a.png", figure)
    assert "no values" in texts(figure)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["train"]


def test_colours_of_confusions_are_shares_of_the_true_class():
    matrix = frozen([[8, 2, 0], [0, 0, 0], [1, 0, 3]])
    figure = diagnosis.confusion(matrix, [0, 1, 2], PLAIN, "Confusions")
    image = figure.axes[1].images[0]
    expected = [[0.8, 0.2, 0], [np.nan] * 3, [0.25, 0, 0.75]]
    assert image.get_array().filled(np.nan) == pytest.approx(np.array(expected), nan_ok=True)
    assert image.norm(0.01) > 0.1
    printed = {text.get_position(): text.get_text() for text in figure.axes[1].texts}
    assert printed == {(1, 0): "2", (0, 2): "1"}


def test_a_share_counts_images_taken_for_a_class_that_is_not_shown():
    matrix = np.zeros((101, 101), int)
    matrix[0, [0, 100]] = 1
    figure = diagnosis.confusion(matrix, range(101), [""] * 101, "Confusions")
    assert figure.axes[1].images[0].get_array()[0, 0] == 0.5


def test_the_class_of_the_lowest_f1_is_on_top_and_an_undefined_one_below():
    precision, recall = frozen([0.9, np.nan, 0.5]), frozen([0.8, np.nan, 0.6])
    f1 = frozen([0.85, np.nan, 0.55])
    figure = diagnosis.per_class(precision, recall, f1, frozen([30.0, 0.0, 1234.0]), [4, 5, 6], ["a", "b", "c"])
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
    figure = diagnosis.average_probabilities(matrix, [3, 10, 17], PLAIN, "Probabilities")
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
    confidence, accuracy = frozen([np.nan, 0.3, 0.7, 0.95]), frozen([np.nan, 0.2, 0.9, 1.0])
    images = frozen([0, 4, 50, 3000])
    figure = diagnosis.reliability({"valid": (confidence, accuracy, images)}, "Reliability")
    diagram, histogram = figure.axes[1:]
    assert diagram.get_lines()[0].get_xydata().tolist() == [[0, 0], [1, 1]]
    assert diagram.get_lines()[1].get_xydata().tolist() == [[0.3, 0.2], [0.7, 0.9], [0.95, 1.0]]
    assert [bar.get_height() for bar in histogram.patches] == images.tolist()
    assert [bar.get_x() for bar in histogram.patches] == [0, 0.25, 0.5, 0.75]
    assert histogram.get_yscale() == "log"


def test_reliability_without_any_image_is_drawn(tmp_path):
    nothing = np.full(15, np.nan)
    curve = nothing, nothing, np.zeros(15, int)
    assert saved(tmp_path / "a.png", diagnosis.reliability({"valid": curve, "test": curve}, "Reliability"))


# --- nothing to show, and more than is shown


def test_where_there_is_nothing_to_show_the_figure_says_so(tmp_path):
    none = stored(0, 32, 32, 3)
    for figure, title, sentence in (
        (exploration.near_duplicates([], [], [], "Copies"), "Copies", "No near-duplicates were found."),
        (mistaken.mistakes(none, shares(0, 4, 4), [], "Mistakes"), "Mistakes", "There is no mistake."),
        (mistaken.confused_pairs([]), "Confused classes", "No class was taken for another."),
    ):
        assert texts(figure) == [title, sentence]
        assert saved(tmp_path / "a.png", figure)
    pair = ConfusedPair("Pair", "left", none, "right", stored(1, 32, 32, 3))
    assert texts(mistaken.confused_pairs([pair])).count("no images") == 1


def test_of_many_pairs_and_mistakes_the_first_are_shown():
    images = stored(40, 8, 8, 3)
    captions = [f"caption {i}" for i in range(40)]
    pairs = texts(exploration.near_duplicates(images, images, captions, "Copies"))
    assert "Copies, first 24 of 40 pairs" in pairs
    assert [text for text in pairs if text.startswith("caption")] == captions[:24]
    wrong = texts(mistaken.mistakes(images, shares(40, 4, 4), captions, "Mistakes"))
    assert [text for text in wrong if text.startswith("caption")] == captions[:32]
    confused = texts(mistaken.confused_pairs([ConfusedPair(name, "a", images, "b", images) for name in captions]))
    assert [text for text in confused if text.startswith("caption")] == captions[:6]


def test_a_caption_of_a_mistake_keeps_its_lines():
    figure = mistaken.mistakes(stored(1, 8, 8, 3), shares(1, 4, 4), ["one\ntwo\nthree\nfour"], "Mistakes")
    assert "one\ntwo\nthree" in texts(figure)

import os
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from specimens import (
    PLAIN,
    every_figure,
    every_figure_of_classes,
    gallery,
    ids_of,
    learning_curves,
    per_class,
    plain,
    plain_file,
    reliability,
    saved,
    strange,
    texts,
)

from signs.figures import canvas, confusions
from signs.figures.text import DPI

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
    width, height = (plain(draw).get_size_inches() * DPI).round().astype(int)
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
        "from signs import figures; from signs.figures import confusions\n"
        "matrix = np.arange(9).reshape(3, 3)\n"
        "figures.save(Path(sys.argv[1]), confusions.confusion(matrix, [1, 2, 3], ['a', 'b', 'c'], 'd'))\n"
        "sys.exit(bool({'matplotlib.pyplot', 'tensorflow', 'keras'} & sys.modules.keys()))\n"
    )
    environment = os.environ | {"MATPLOTLIBRC": str(tmp_path), "PYTHONHASHSEED": "7"}
    root = Path(canvas.__file__).parents[2]
    subprocess.run([sys.executable, "-c", program, tmp_path / "a.png"], cwd=root, env=environment, check=True)
    figure = confusions.confusion(np.arange(9).reshape(3, 3), [1, 2, 3], ["a", "b", "c"], "d")
    assert saved(tmp_path / "b.png", figure) == (tmp_path / "a.png").read_bytes()


def test_a_figure_that_cannot_be_written_leaves_the_earlier_file(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    figure = learning_curves(PLAIN)
    path.write_bytes(b"before")
    monkeypatch.setattr(figure, "savefig", lambda partial, **_: partial.write_bytes(b"half") and 1 / 0)
    with pytest.raises(ZeroDivisionError):
        canvas.save(path, figure)
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
    assert len(shown) == canvas.MOST_CLASSES
    if draw is not per_class:
        assert shown == set(names[:100])


@pytest.mark.parametrize("draw", [gallery, per_class])
def test_up_to_100_classes_the_title_stays(draw):
    assert not any("100 of" in text for text in texts(draw([f"class{i}" for i in range(100)])))


def test_of_many_classes_those_of_the_lowest_f1_are_shown():
    names = [f"class{i}" for i in range(150)]
    f1 = np.linspace(1, 0, 150)
    figure = confusions.per_class(f1, f1, f1, np.ones(150, int), ids_of(names), names)
    assert {text.partition(": ")[2] for text in texts(figure) if ": class" in text} == set(names[50:])

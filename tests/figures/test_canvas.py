import os
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from specimens import (
    PLAIN,
    average_probabilities,
    counts,
    every_figure,
    every_figure_of_classes,
    one_per_class,
    plain,
    plain_file,
    saved,
    strange,
    texts,
)

from signs.figures import canvas
from signs.figures.text import DPI

# --- the file


@every_figure
def test_the_same_input_gives_the_same_bytes_whatever_the_user_s_settings(plot, tmp_path):
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
        assert saved(tmp_path / "a.png", plot(PLAIN)) == plain_file(plot)
        assert all(matplotlib.rcParams[key] == value for key, value in settings.items())


@every_figure
def test_the_file_is_a_png_of_the_figure_s_size(plot):
    content = plain_file(plot)
    width, height = (plain(plot).get_size_inches() * DPI).round().astype(int)
    assert content[:16] == b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
    assert (int.from_bytes(content[16:20]), int.from_bytes(content[20:24])) == (width, height)
    assert 700 <= width <= 1600
    assert b"matplotlib" not in content.lower()


def test_saving_twice_gives_the_same_bytes(tmp_path):
    assert saved(tmp_path / "a.png", plain(counts)) == plain_file(counts)


def test_another_process_gives_the_same_bytes_and_loads_neither_pyplot_nor_tensorflow(tmp_path):
    (tmp_path / "matplotlibrc").write_text("font.size: 30\nsavefig.dpi: 40\nfigure.facecolor: red\n")
    program = (
        "import sys; from pathlib import Path; import specimens\n"
        "specimens.saved(Path(sys.argv[1]), specimens.counts(specimens.PLAIN))\n"
        "sys.exit(bool({'matplotlib.pyplot', 'tensorflow', 'keras'} & sys.modules.keys()))\n"
    )
    environment = os.environ | {"MATPLOTLIBRC": str(tmp_path), "PYTHONHASHSEED": "7", "PYTHONPATH": "tests"}
    root = Path(canvas.__file__).parents[2]
    subprocess.run([sys.executable, "-c", program, tmp_path / "a.png"], cwd=root, env=environment, check=True)
    assert (tmp_path / "a.png").read_bytes() == plain_file(counts)


def test_a_figure_that_cannot_be_written_leaves_the_earlier_file(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    figure = counts(PLAIN)
    path.write_bytes(b"before")
    monkeypatch.setattr(figure, "savefig", lambda partial, **_: partial.write_bytes(b"half") and 1 / 0)
    with pytest.raises(ZeroDivisionError):
        canvas.save(path, figure)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


# --- text


@every_figure
def test_names_are_shown_as_they_are_and_nothing_leaves_the_figure(plot, tmp_path):
    figure = strange(plot)
    assert len(saved(tmp_path / "a.png", figure)) > 1000
    assert not any(text.get_parse_math() for text in figure.findobj(Text))
    box = figure.get_tightbbox(FigureCanvasAgg(figure).get_renderer())
    width, height = figure.get_size_inches()
    assert min(box.x0, box.y0, width - box.x1, height - box.y1) > -0.03


@every_figure_of_classes
def test_html_and_formulas_and_other_scripts_are_in_the_labels(plot):
    shown = " ".join(texts(strange(plot)))
    assert "<b>Stop</b>" in shown
    assert "$x^2$" in shown
    assert "תמרור" in shown
    assert "ممنوع" in shown
    assert "…" in shown


@every_figure
def test_text_is_in_the_fonts_that_come_with_matplotlib(plot):
    files = {text.get_fontproperties().get_file() for text in plain(plot).findobj(Text)}
    folder = Path(matplotlib.get_data_path(), "fonts", "ttf")
    assert files <= {str(folder / "DejaVuSans.ttf"), str(folder / "DejaVuSans-Bold.ttf")}


# --- classes


@every_figure_of_classes
def test_ids_with_gaps_are_shown_as_they_are(plot):
    shown = " ".join(texts(plain(plot))).replace("\n", " ")
    assert "3: Stop" in shown
    assert "10: No passing" in shown
    assert "17: Yield" in shown


@every_figure
def test_one_class_is_drawn(plot, tmp_path):
    assert len(saved(tmp_path / "a.png", plot(["Stop"]))) > 1000


@every_figure_of_classes
def test_of_many_classes_the_first_100_are_shown_and_the_title_says_so(plot):
    names = [f"class{i}" for i in range(150)]
    labels = texts(plot(names))
    assert sum(text.endswith(", first 100 of 150 classes") for text in labels) == 1
    assert {text.partition(": ")[2] for text in labels if ": class" in text} == set(names[:100])


@pytest.mark.parametrize("plot", [one_per_class, average_probabilities])
def test_up_to_100_classes_the_title_stays(plot):
    assert not any("100 of" in text for text in texts(plot([f"class{i}" for i in range(100)])))

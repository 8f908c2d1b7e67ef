import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from specimens import PLAIN, STRANGE, saved

from signs.figures import canvas
from signs.figures.text import TEXT, fitted, printable, text_width


def test_what_the_fonts_lack_is_an_empty_box():
    assert printable("a漢b\ud800c") == "a□b□c"
    assert printable("a\nb\r\n\x00c\u202ed ") == "a b cd"
    assert printable("é שלום سرعة") == "é שלום سرعة"


def test_no_character_makes_matplotlib_warn(tmp_path):
    figure, axes = canvas.canvas(800, "")
    every = [chr(code) for code in [*range(0, 0x3000, 7), *range(0x3000, 0x110000, 997)]]
    for row in range(40):
        line = "".join(every[row::40])
        axes.text(10, 20 * row, printable(line), parse_math=False, weight="bold" if row % 2 else "normal")
    assert saved(tmp_path / "a.png", figure)


@pytest.mark.parametrize("text", [*STRANGE, *PLAIN])
@pytest.mark.parametrize("lines", [1, 2, 3])
def test_text_fits_and_only_text_that_does_not_fit_is_cut(text, lines):
    for width in (5, 60, 200, 10000):
        rows = fitted(text, width, lines=lines).split("\n")
        assert len(rows) <= lines
        assert all(text_width(row) <= width or row == "…" for row in rows)
        words = printable(text)
        shown = " ".join(rows)
        assert shown == words or (shown.endswith("…") and words.startswith(shown[:-1]))
    assert fitted(text, 10000, lines=lines) == printable(text)


@pytest.mark.parametrize("bold", [False, True])
def test_the_width_of_text_is_about_what_matplotlib_draws(bold):
    figure, axes = canvas.canvas(100, "")
    sentence = "End of no passing by vehicles over 3.5 metric tons"
    text = axes.text(0, 0, sentence, size=TEXT, weight="bold" if bold else "normal")
    rendered = text.get_window_extent(FigureCanvasAgg(figure).get_renderer()).width
    assert text_width(sentence, TEXT, bold=bold) == pytest.approx(rendered, rel=0.03)

"""A new sign: its drawing beside some of its synthetic images."""

from matplotlib.figure import Figure

from signs.exploration.preview import Preview
from signs.figures.canvas import HEADER, MARGIN, MUTED, WIDTH, canvas, house_style
from signs.figures.pictures import scaled, show
from signs.figures.text import TEXT, fitted

MAX_SAMPLES = 100


@house_style
def new_sign(preview: Preview, sample_every: int, title: str) -> Figure:
    """Shows the drawing of a new class beside some of its synthetic images.

    Args:
        preview: Of the class; up to 100 of its samples are shown.
        sample_every: One in this number of its images is a sample.
        title: Of the figure.
    """
    side, pitch, line, top, left = 288, 68, 20, HEADER + 24, 352
    columns = (WIDTH - MARGIN - left) // pitch
    steps = [scaled(image, pitch - 4, pitch - 4) for image in preview.by_brightness]
    tiles = [scaled(image, pitch - 4, pitch - 4) for image in preview.samples[:MAX_SAMPLES]]
    below = top + -(-len(steps) // columns) * pitch + 34
    nearest = top + side + 34
    bottom = max(nearest + len(preview.nearest) * line, below + -(-len(tiles) // columns) * pitch)
    figure, axes = canvas(bottom + MARGIN, title, "The drawing beside synthetic images")
    places = [(MARGIN, top)]
    places += [(left + index % columns * pitch, top + index // columns * pitch) for index in range(len(steps))]
    places += [(left + index % columns * pitch, below + index // columns * pitch) for index in range(len(tiles))]
    show(axes, [scaled(preview.drawing, side, side), *steps, *tiles], places)
    heading = "Drawing" if preview.drawing_count == 1 else f"First of {preview.drawing_count} drawings"
    headings = [(MARGIN, top, heading), (left, top, "From darkest to brightest")]
    headings += [(left, below, _samples(sample_every, len(tiles), len(preview.samples)))]
    headings += [(MARGIN, nearest, "Most similar classes, by correlation")] if preview.nearest else []
    for x, y, text in headings:
        axes.text(x, y - 8, text, size=TEXT, color=MUTED, va="bottom")
    for number, (other, similarity) in enumerate(preview.nearest):
        text = fitted(f"{similarity:.2f} {other}", side, size=TEXT)
        axes.text(MARGIN, nearest + number * line, text, size=TEXT, va="top")
    return figure


def _samples(every: int, shown: int, samples: int) -> str:
    kind = f"One in {every} synthetic images" if every > 1 else "All synthetic images"
    return f"{kind}: the first {shown} of {samples:,}" if samples > shown else f"{kind}: {shown}"

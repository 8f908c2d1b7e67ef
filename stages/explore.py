"""Stage `explore`: looks at a data set before a network is trained on it."""

from pathlib import Path

from signs.core import params
from signs.core.files import replaced
from signs.data.datasets import read
from signs.exploration import statistics
from signs.figures import canvas
from signs.figures.exploration_album import album


def main(dataset: Path, out: Path) -> None:
    """Counts and compares the images of `dataset`; writes what was found and its figures to the folder `out`."""
    data = read(dataset)
    explored = statistics.explore(data, **params.load("explore"))
    with replaced(out) as partial:
        partial.mkdir()
        statistics.write(partial / "found.json", explored.found)
        for name, figure in album(data, explored):
            canvas.save(partial / f"{name}.png", figure)

"""Stage `explore`: summarizes a data set."""

from pathlib import Path

from signs.core import documents, params
from signs.core.files import replaced
from signs.data.datasets import read
from signs.exploration.summary import explore
from signs.figures import canvas
from signs.figures.data_set import data_set_figures


def main(dataset: Path, out: Path) -> None:
    """Writes a summary of `dataset` and its figures to the folder `out`."""
    data = read(dataset)
    exploration = explore(data, **params.load("explore"))
    with replaced(out) as partial:
        partial.mkdir()
        documents.write(partial / "found.json", exploration.found)
        for name, figure in data_set_figures(dataset.name, data, exploration):
            canvas.save(partial / f"{name}.png", figure)

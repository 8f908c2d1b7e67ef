"""Stage `explore`: looks at a data set before a network is trained on it."""

from pathlib import Path

from signs import exploration, figures, params
from signs.albums.exploration import album
from signs.datasets import read
from signs.files import replaced
from stages import run


def main(dataset: Path, out: Path) -> None:
    """Counts and compares the images of `dataset`; writes what was found and its figures to the folder `out`."""
    data = read(dataset)
    explored = exploration.explore(data, **params.load("explore"))
    with replaced(out) as partial:
        partial.mkdir()
        exploration.write(partial / "found.json", explored.found)
        for name, figure in album(data, explored):
            figures.save(partial / f"{name}.png", figure)


if __name__ == "__main__":
    run(main)

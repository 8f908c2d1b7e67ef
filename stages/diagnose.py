"""Stage `diagnose`: finds out where a model errs."""

from pathlib import Path

from signs import classes, diagnosis, figures, params, predictions, tables
from signs.albums.diagnosis import album
from signs.datasets import read_split
from signs.files import replaced
from signs.images import displayed
from stages import run


def main(dataset: Path, model: Path, probabilities: Path, history: Path, plotted: Path, out: Path) -> None:
    """Writes what DVC plots to the folder `plotted`; figures, and where the network looked, to the folder `out`."""
    predicted, known = predictions.read(probabilities), classes.read(model / classes.FILE_NAME)
    path = dataset / "test.p"  # the other splits take a second to read
    with path.open("rb") as file:
        test = read_split(file, str(path))
    found = diagnosis.diagnose(predicted, known, **params.load("diagnose"))
    places = predictions.read_attention(probabilities, found.mistakes)
    diagnosis.write_tables(plotted, found)
    rows = tables.read(history, "train_accuracy", "train")
    with replaced(out) as partial:
        partial.mkdir()
        diagnosis.write_mistakes(partial / "mistakes.npz", found.mistakes, places)
        for name, figure in album(displayed(test.features), rows, predicted, found, places):
            figures.save(partial / f"{name}.png", figure)


if __name__ == "__main__":
    run(main)

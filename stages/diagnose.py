"""Stage `diagnose`: finds out where a model errs."""

from pathlib import Path

from signs.core import params, tables
from signs.core.files import replaced
from signs.data import classes
from signs.data.datasets import read_split
from signs.data.pixels import displayed
from signs.evaluation import diagnosis, predictions
from signs.figures import canvas
from signs.figures.diagnosis_album import album


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
            canvas.save(partial / f"{name}.png", figure)

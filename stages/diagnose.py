"""Stage `diagnose`: shows where a model fails."""

from pathlib import Path

from signs.core import params
from signs.core.files import replaced
from signs.data import classes, shards, split_files
from signs.data.pixels import displayed
from signs.evaluation import diagnosis, diagnosis_files, predictions
from signs.figures import canvas
from signs.figures.model import model_figures


def main(dataset: Path, model: Path, probabilities: Path, plotted: Path, out: Path) -> None:
    """Writes the tables that DVC plots to the folder `plotted`, figures and mistakes to the folder `out`."""
    predicted, known = predictions.read(probabilities), classes.read(model / classes.FILE_NAME)
    test = split_files.read(dataset, "test")  # reading the other splits takes a second
    found = diagnosis.diagnose(predicted, known, **params.load("diagnose"))
    heatmaps = predictions.read_heatmaps(probabilities, found.mistakes)
    diagnosis_files.write_tables(plotted, found)
    with replaced(out) as partial:
        partial.mkdir()
        diagnosis_files.write_mistakes(partial / "mistakes.npz", found.mistakes, heatmaps)
        diagnosis_files.write_mistake_table(partial / "mistakes.csv", predicted, found, test.filenames)
        images = shards.mapped(test.features, displayed)
        for name, figure in model_figures(model.name, images, predicted, found, heatmaps):
            canvas.save(partial / f"{name}.png", figure)

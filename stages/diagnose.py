"""Stage `diagnose`: finds out where a model errs."""

from pathlib import Path

from signs import diagnosis, figures, history, models, params, predictions
from signs.albums.diagnosis import album
from signs.attention import attention
from signs.backend import reproducible
from signs.datasets import replaced, unpickle
from signs.images import displayed
from stages import run


def main(dataset: Path, model: Path, probabilities: Path, learning: Path, tables: Path, out: Path) -> None:
    """Writes what DVC plots to the folder `tables`; figures, and where the network looked, to the folder `out`."""
    settings = params.load("train")
    reproducible(settings["seed"], settings["threads"])
    predicted, trained = predictions.read(probabilities), models.read(model)
    path = dataset / "test.p"  # the other splits take a second to read
    with path.open("rb") as file:
        test = unpickle(file, str(path))
    found = diagnosis.diagnose(predicted, trained.classes, **params.load("diagnose"))
    said = predicted.softmax["test"][found.mistakes].argmax(axis=1)
    places = attention(trained.network, test.features[found.mistakes], said)
    diagnosis.write_tables(tables, found)
    with replaced(out) as partial:
        partial.mkdir()
        diagnosis.write_mistakes(partial / "mistakes.npz", found.mistakes, places)
        for name, figure in album(displayed(test.features), history.read(learning), predicted, found, places):
            figures.save(partial / f"{name}.png", figure)


if __name__ == "__main__":
    run(main)

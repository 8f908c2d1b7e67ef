"""Stage `card`: writes the model card."""

from pathlib import Path

from signs import cards, classes, evaluation, modelcard, params, predictions
from stages import run


def main(model: Path, measured: Path, stress: Path, probabilities: Path, out: Path) -> None:
    """Puts together what is known of `model`, from its metrics `measured` and under `stress`; writes Markdown."""
    text = modelcard.describe(
        model.name,
        cards.read(model / cards.FILE_NAME),
        classes.read(model / classes.FILE_NAME),
        evaluation.read(measured),
        evaluation.read(stress),
        predictions.read(probabilities),
        params.load("fetch")["source"],
        **params.load("card"),
    )
    modelcard.write(out, text)


if __name__ == "__main__":
    run(main)

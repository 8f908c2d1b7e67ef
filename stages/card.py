"""Stage `card`: writes the model card."""

from pathlib import Path

from signs.core import params
from signs.data import classes
from signs.evaluation import metrics, predictions
from signs.networks import model_json
from signs.report import model_card


def main(model: Path, measured: Path, stress: Path, probabilities: Path, out: Path) -> None:
    """Puts together what is known of `model`, from its metrics `measured` and under `stress`; writes Markdown."""
    text = model_card.describe(
        model.name,
        model_json.read(model / model_json.FILE_NAME),
        classes.read(model / classes.FILE_NAME),
        metrics.read(measured),
        metrics.read(stress),
        predictions.read(probabilities),
        params.load("fetch")["source"],
        **params.load("card"),
    )
    model_card.write(out, text)

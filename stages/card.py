"""Stage `card`: writes the model card."""

from pathlib import Path

from signs.core import params
from signs.data import classes
from signs.evaluation import predictions
from signs.evaluation.measured import read_metrics, read_stress
from signs.networks import model_json
from signs.report import model_card
from signs.report.model_card import Results


def main(model: Path, measured: Path, stressed: Path, probabilities: Path, out: Path) -> None:
    """Describes `model` in Markdown, from its metrics `measured` and `stressed` and its predictions."""
    text = model_card.describe(
        model.name,
        model_json.read(model / model_json.FILE_NAME),
        classes.read(model / classes.FILE_NAME),
        Results(read_metrics(measured), read_stress(stressed), predictions.read(probabilities)),
        {"fetch": params.load("fetch"), "merge": params.load("merge")},
        **params.load("card"),
    )
    model_card.write(out, text)

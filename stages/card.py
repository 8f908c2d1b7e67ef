"""Stage `card`: writes the model card."""

from pathlib import Path

from signs.core import params
from signs.data import classes
from signs.evaluation import predictions
from signs.evaluation.comparison import is_same_model
from signs.evaluation.measured import read_metrics, read_stress
from signs.networks import model_json
from signs.report import model_card
from signs.report.model_card import Results


def main(model: Path, original: Path, measured: Path, stressed: Path, probabilities: Path, out: Path) -> None:
    """Describes `model` in Markdown, from its metrics `measured` and `stressed` and its predictions.

    Says so where it is the same model as `original`.
    """
    paths = [folder / model_json.FILE_NAME for folder in (model, original)]
    text = model_card.describe(
        model.name,
        model_json.read(paths[0]),
        classes.read(model / classes.FILE_NAME),
        Results(read_metrics(measured), read_stress(stressed), predictions.read(probabilities)),
        {"fetch": params.load("fetch"), "merge": params.load("merge")},
        original.name if model != original and is_same_model(*paths) else None,
        **params.load("card"),
    )
    model_card.write(out, text)

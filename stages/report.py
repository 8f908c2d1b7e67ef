"""Stage `report`: puts everything on one page."""

from pathlib import Path

from signs.core import params
from signs.exploration.preview import preview
from signs.rendering.drawings import of_names
from signs.report import inputs
from signs.report import page as report


def main(data: Path, metrics: Path, predictions: Path, reports: Path, page: Path) -> None:
    """Reads data sets, metrics, predictions and what `reports` holds of them; writes the page `page`."""
    settings = {
        "fetch": params.load("fetch"),
        "explore": params.load("explore"),
        "preprocess": params.load("preprocess"),
        "synthesize": params.load("synthesize", recipe="synthesis_recipes"),
        "preview": params.load("preview"),
        "train": params.load("train", network="networks", schedule="schedules", augmentation="augmentations"),
        "evaluate": params.load("evaluate"),
        "stress": params.load("stress"),
        "diagnose": params.load("diagnose"),
    }
    original, synthetic = explored = [inputs.explored(name, data, reports) for name in ("original", "synthetic")]
    seen = [inputs.seen(part.dataset, settings["preprocess"]) for part in explored]
    datasets = {"original": seen[0], "augmented": inputs.augmented(*seen)}
    diagnosed = [
        inputs.diagnosed(name, dataset, metrics, predictions, reports, settings["diagnose"])
        for name, dataset in datasets.items()
    ]
    drawn = of_names(data / "new_signs")
    previews = preview(synthetic.dataset, original.dataset, drawn, **settings["preview"])
    report.write(page, report.build(explored, previews, diagnosed, settings, **params.load("report")))
    print(f"report: {page}, {page.stat().st_size / 1e6:.1f} MB")

"""Stage `report`: puts data and models on one page."""

from itertools import accumulate
from pathlib import Path

from signs.core import params
from signs.exploration.preview import preview
from signs.rendering.drawings import read_by_name
from signs.report import inputs
from signs.report import page as report


def main(data: Path, models: Path, metrics: Path, predictions: Path, reports: Path, page: Path) -> None:
    """Reads data sets, models, metrics, predictions and the mistakes in `reports`; writes the page `page`."""
    settings = {
        "fetch": params.load("fetch"),
        "explore": params.load("explore"),
        "preprocess": params.load("preprocess"),
        "synthesize": params.load("synthesize", recipe="synthesis_recipes"),
        "preview": params.load("preview"),
        "merge": params.load("merge"),
        "train": params.load("train", network="networks", schedule="schedules", augmentation="augmentations"),
        "native": params.value("native"),
        "predict": params.load("predict"),
        "evaluate": params.load("evaluate"),
        "stress": params.load("stress"),
        "diagnose": params.load("diagnose"),
    }
    explored = inputs.all_explored(data, models, reports)
    stored = [part.dataset for part in explored]
    inputs.check_data(stored, models, settings)
    seen = accumulate((inputs.seen(dataset, settings["preprocess"]) for dataset in stored), inputs.augmented)
    diagnosed = [
        inputs.diagnosed(name, dataset, metrics, predictions, reports)
        for name, dataset in zip(inputs.MODELS, seen, strict=False)
    ]
    drawings = read_by_name(data / "new_signs")
    previews = preview(stored[1], stored[0], drawings, **settings["preview"]) if stored[1:] else []
    report.write(page, report.build(explored, previews, diagnosed, settings, **params.load("report")))
    print(f"report: {page}, {page.stat().st_size / 1e6:.1f} MB")

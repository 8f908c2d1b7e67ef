"""Stage `report`: puts data and models on one page."""

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
    original, synthetic = explored = [inputs.explored(name, data, reports) for name in ("original", "synthetic")]
    inputs.check_data(original.dataset, synthetic.dataset, models, settings)
    seen = [inputs.seen(part.dataset, settings["preprocess"]) for part in explored]
    datasets = {"original": seen[0], "augmented": inputs.augmented(*seen)}
    diagnosed = [inputs.diagnosed(name, dataset, metrics, predictions, reports) for name, dataset in datasets.items()]
    drawings = read_by_name(data / "new_signs")
    previews = preview(synthetic.dataset, original.dataset, drawings, **settings["preview"])
    report.write(page, report.build(explored, previews, diagnosed, settings, **params.load("report")))
    print(f"report: {page}, {page.stat().st_size / 1e6:.1f} MB")

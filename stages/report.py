"""Stage `report`: puts everything on one page."""

from pathlib import Path

from signs import findings, params, report
from signs.preview import preview
from signs.templates import of_names
from stages import run


def main(data: Path, metrics: Path, predictions: Path, reports: Path, page: Path) -> None:
    """Reads data sets, metrics, predictions and what `reports` holds of them; writes the page `page`."""
    settings = {
        "fetch": params.load("fetch"),
        "explore": params.load("explore"),
        "preprocess": params.load("preprocess"),
        "synthesize": params.load("synthesize"),
        "preview": params.load("preview"),
        "train": params.load("train"),
        "evaluate": params.load("evaluate"),
        "stress": params.load("stress"),
        "diagnose": params.load("diagnose"),
    }
    original, synthetic = explored = [findings.explored(name, data, reports) for name in ("original", "synthetic")]
    seen = [findings.seen(part.dataset, settings["preprocess"]) for part in explored]
    datasets = {"original": seen[0], "augmented": findings.augmented(*seen)}
    diagnosed = [
        findings.diagnosed(name, dataset, metrics, predictions, reports, settings["diagnose"])
        for name, dataset in datasets.items()
    ]
    drawn = of_names(data / "new_signs")
    previews = preview(synthetic.dataset, original.dataset, drawn, **settings["preview"])
    report.write(page, report.build(explored, previews, diagnosed, settings, **params.load("report")))
    print(f"report: {page}, {page.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    run(main)

"""README's figures are those of the runs in `results/` and of the committed sample run."""

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
import yaml

ROOT = Path(__file__).parents[2]
ROWS = {
    "LeNet `original`, photographs": ("lenet", "original", "accuracy"),
    "LeNet `augmented`, photographs": ("lenet", "augmented", "original.accuracy"),
    "LeNet `augmented`, synthetic images": ("lenet", "augmented", "synthetic.accuracy"),
    "LeNet `augmented`, all": ("lenet", "augmented", "accuracy"),
    "LeNet `original` with augmentation, photographs": ("lenet-camera", "original", "accuracy"),
    "`convnet` `original`, whole photographs": ("convnet-whole", "original", "accuracy"),
    "`convnet` with rendered images, whole photographs": ("convnet-whole", "augmented", "original.accuracy"),
    "`convnet` with rendered images, middle of photographs": ("convnet", "augmented", "original.accuracy"),
}

SYNTHESIZED = {
    "21 of 43, the article's recipe": "one-shot-article",
    "21 of 43": "one-shot",
    "all 43": "drawings",
}


def measured_value(text, key):
    value = json.loads(text)["test"]
    for part in key.split("."):
        value = value[part]
    return 100 * value


def summary(values):
    deviation = f" ± {np.std(values, ddof=1):.2f}" if len(values) > 1 else ""
    return f"{np.mean(values):.2f}{deviation}"


def table():
    lines = (ROOT / "README.md").read_text().splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return {row[0]: row[1:] for row in cells}


@pytest.mark.parametrize("row", ROWS)
def test_a_row_of_the_table_is_what_the_runs_gave(row):
    network, name, key = ROWS[row]
    runs = sorted((ROOT / "results").glob(f"{network}-seed*"))
    values = [measured_value((run / f"{name}.json").read_text(), key) for run in runs]
    *seeds, last = table()[row][:4]
    assert seeds == [f"{value:.2f}" for value in values]
    assert last == summary(values)


@pytest.mark.parametrize("row", SYNTHESIZED)
def test_what_synthesis_is_worth_is_what_the_runs_gave(row):
    keys = ["withheld.recall", "withheld.accuracy", *(["others.accuracy"] if row != "all 43" else [])]
    runs = sorted((ROOT / "results").glob(f"{SYNTHESIZED[row]}-seed*"))
    values = {key: [measured_value((run / "augmented.json").read_text(), key) for run in runs] for key in keys}
    assert [cell for cell in table()[row][1:] if cell] == [summary(seeds) for seeds in values.values()]


def committed(path):
    return subprocess.run(["git", "show", f"HEAD:{path}"], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def test_the_figures_of_the_sample_are_those_of_the_committed_run():
    text = " ".join((ROOT / "README.md").read_text().split())
    said = re.search(r"sample, seed 1: ([\d.]+) % of 43 classes, ([\d.]+) % of 48;", text)
    files = [f"metrics/{name}.json" for name in ("original", "augmented")]
    # A run here that is not committed has others, on another kind of processor; or it is about to be.
    runs = [[committed(file) for file in files], [(ROOT / file).read_text() for file in files]]
    assert list(said.groups()) in [[f"{measured_value(text, 'accuracy'):.1f}" for text in run] for run in runs]


def test_every_run_says_on_which_data_and_with_which_settings():
    for run in sorted((ROOT / "results").iterdir()):
        measured = {path.name for path in run.iterdir()} - {"params.yaml"}
        assert (run / "params.yaml").is_file()
        assert measured
        assert measured <= {"original.json", "augmented.json"}


def keys(settings, above=""):
    """The keys of nested mappings, joined by dots."""
    found = set()
    for key, value in settings.items():
        found |= keys(value, f"{above}{key}.") if isinstance(value, dict) else {f"{above}{key}"}
    return found


@pytest.mark.parametrize("run", sorted((ROOT / "results").iterdir()), ids=lambda run: run.name)
def test_the_settings_of_a_run_are_those_that_the_pipeline_takes(run):
    ours, theirs = (keys(yaml.safe_load((folder / "params.yaml").read_text())) for folder in (ROOT, run))
    assert theirs == ours

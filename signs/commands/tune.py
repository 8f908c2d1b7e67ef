"""`signs tune`: searches settings that do well on validation, each trial a DVC experiment."""

import functools
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml

from signs.cluster import search, spaces
from signs.cluster.search import VALUE
from signs.cluster.spaces import Range
from signs.commands import experiments, recipes, text
from signs.commands.recipes import SHARDS, Recipe
from signs.core import params, tables
from signs.core.errors import UserError
from signs.training import settings

STORAGE = Path("logs/tune")
FAILED = -1e30  # worse than any trial that came to an end
IMAGES = 10_000  # training images of a check of settings: their number decides none
SHOWN = 10  # trials
MEASURED = ("accuracy", "loss")


def main(
    space: Path, trials: int, together: int, recipe: str | None, model: str, objective: str, seed: int | None
) -> None:
    """Runs the trials that did not run before, prints the best, and writes all as a CSV file beside the space.

    The test split decides nothing, and is not shown.
    """
    base = (recipes.read(recipe) if recipe else recipes.PLAIN).changed([f"evaluate@{model}"], [])
    base = base._replace(name=space.stem)
    ranges = spaces.read(space, base.values, functools.partial(_fault, base, model))
    chosen_seed = params.load("train")["seed"] if seed is None else seed
    stages = experiments.needed(base.targets)
    experiments.check_held(base, stages)
    print(f"{trials} trials; {experiments.LOGS} has their logs", file=sys.stderr)
    measure = functools.partial(_measure, Path.cwd(), base, chosen_seed, stages, model, objective)
    found = search.search(
        ranges,
        measure,
        trials=trials,
        together=together,
        cores=base.values[SHARDS],
        seed=chosen_seed,
        storage=STORAGE,
    )
    _check_unchanged(found, base, chosen_seed, stages)
    table = [_row(number, trial, ranges) for number, trial in enumerate(found, start=1)]
    path = space.with_suffix(".csv")
    tables.write(path, table)
    print(_best(found, table, ranges))
    print(f"\n{path} has all trials; dvc exp apply {max(found, key=_rank)['experiment']} takes the best")


def _fault(base: Recipe, model: str, key: str, value: Any) -> str | None:
    """What is wrong with a value of a setting, as far as can be told before training."""
    if key in base.varied:
        return f"{key} is the seed; give it as --seed"
    if not key.startswith("train."):
        return None
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(_nested(base.values | {key: value}), file)
        file.flush()
        try:
            path = Path(file.name)
            section = params.load("train", path, network="networks", schedule="schedules", augmentation="augmentations")
            settings.of_model(model, section, params.load("load_from", path), IMAGES)
        except UserError as error:
            return str(error).partition(": ")[2]
    return None


def _nested(values: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in values.items():
        *parents, last = key.split(".")
        place = found
        for parent in parents:
            place = place.setdefault(parent, {})
        place[last] = value
    return found


def _measure(
    project: Path,
    base: Recipe,
    seed: int,
    stages: list[str],
    model: str,
    objective: str,
    values: dict[str, str],
) -> dict[str, Any]:
    """Runs a trial, on a worker. One that fails counts as worse than all others."""
    recipe = _of(base, values)
    experiments.check_seen(project)  # a machine that does not see it says nothing of the settings
    try:
        reference = experiments.found_or_run(project, recipe, seed, stages)
    except UserError as error:
        return {VALUE: FAILED, "settings": values, "error": str(error)}
    measured = experiments.metrics(reference, stages)[f"metrics/{model}.json"].get("valid", {})
    if not set(MEASURED) <= set(measured):
        raise UserError(f"{model} has no validation images, by which trials are judged; give some")
    value = measured[objective] * (1 if objective == "accuracy" else -1)
    shown = {key: measured[key] for key in MEASURED}
    return {VALUE: value, "settings": values, "experiment": reference.rpartition("/")[2], **shown}


def _of(base: Recipe, values: dict[str, str]) -> Recipe:
    return base._replace(settings=base.settings | values)


def _check_unchanged(found: list[dict[str, Any]], base: Recipe, seed: int, stages: list[str]) -> None:
    done = [trial for trial in found if "experiment" in trial]
    if not done:
        raise UserError(f"every trial failed; the first: {found[0]['error']}")
    if not all(experiments.find(_of(base, trial["settings"]), seed, stages) for trial in done):
        raise UserError("code, data or settings changed while trials ran; run the same command again")


def _row(number: int, trial: dict[str, Any], ranges: dict[str, Range]) -> dict[str, Any]:
    values = {key: trial["settings"][key].strip('"') for key in ranges}
    measured = {f"valid.{key}": trial.get(key) for key in MEASURED}
    return {"trial": number, **values, **measured, "experiment": trial.get("experiment"), "error": trial.get("error")}


def _best(found: list[dict[str, Any]], table: list[dict[str, Any]], ranges: dict[str, Range]) -> str:
    order = sorted(range(len(found)), key=lambda place: _rank(found[place]), reverse=True)
    columns = ["trial", *ranges, *(f"valid.{key}" for key in MEASURED)]
    rows = [[_cell(table[place][column]) for column in columns] for place in order[:SHOWN]]
    return text.table(columns, rows, markdown=False)


def _cell(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else json.dumps(value) if value is None else str(value)


def _rank(trial: dict[str, Any]) -> tuple[float, ...]:
    """What orders trials: the objective, then accuracy, then loss."""
    return (trial[VALUE], trial.get("accuracy", 0.0), -trial.get("loss", 0.0))

"""`signs run`: runs a recipe with several seeds, or on several folds, each a DVC experiment."""

import statistics
import sys
from pathlib import Path
from typing import Any

from signs.cluster import nodes
from signs.commands import experiments, git, recipes, records, text
from signs.commands.recipes import SHARDS, Recipe, flat
from signs.commands.records import Record
from signs.core import params, processor, ray_tasks
from signs.core.errors import UserError

METRICS, ORIGINAL = Path("metrics"), "data/original"
NOT_OF_TEST = ("train", "valid", "hidden", "calibration")  # keys of metrics
HIDDEN_RECALL = "test.hidden.recall"

Measured = dict[int, dict[str, Any]]  # by seed or fold the content of each file of metrics, by its path


def main(
    name: str | None,
    seeds: list[int] | None,
    folds: int | None,
    settings: list[str],
    targets: list[str],
    here: bool,
    record: bool,
    markdown: bool,
) -> None:
    """Runs a recipe, or params.yaml as it is; prints each metric by seed, its mean and its standard deviation.

    With folds, each part of the training images validates once, and what was measured on test is not printed: folds are
    there to choose by. A seed or fold that ran before on the same code, data and settings does not run again. The
    workspace stays as it is, unless the recipe runs `here`.
    """
    recipe = (recipes.read(name) if name else recipes.PLAIN).changed(targets, settings)
    if folds:
        _check_folds(here=here, record=record)
        if recipe.refit:
            print("--folds holds out the images that train.refit would learn; it is left out", file=sys.stderr)
        recipe = recipe.folded(folds)
    if here:
        _run_here(recipe, seeds, record=record)
        return
    commit = _recordable_commit(recipe) if record else ""
    stages = experiments.needed(recipe.targets)
    experiments.check_held(recipe, stages)
    numbers = list(range(1, folds + 1)) if folds else sorted(set(seeds or [params.load("train")["seed"]]))
    if len(numbers) > 1:
        experiments.check_tracked(recipe)
    references = _run(recipe, numbers, stages)
    measured = {number: experiments.metrics(reference, stages) for number, reference in references.items()}
    measured = {number: _without_test(files) for number, files in measured.items()} if folds else measured
    print("\n\n".join([*_answers(measured), *_tables(measured, recipe.word, markdown=markdown)]))
    if record:
        records.write(_record(recipe, commit, next(iter(references.values())), measured))
        print(f"\n{records.path(recipe.name)} is the record of it; git add it")


def _run_here(recipe: Recipe, seeds: list[int] | None, *, record: bool) -> None:
    first, *others = seeds or [params.load("train")["seed"]]
    if others or record:
        raise UserError("--here runs one seed and records nothing; give one seed and no --record, or leave --here out")
    experiments.run_here(recipe, first)


def _without_test(files: dict[str, Any]) -> dict[str, Any]:
    """What was measured on other images than test."""
    kept = {path: {key: content[key] for key in NOT_OF_TEST if key in content} for path, content in files.items()}
    return {path: content for path, content in kept.items() if content}


def _check_folds(*, here: bool, record: bool) -> None:
    if here or record:
        raise UserError("folds are runs of their own that choose and record nothing; leave --here and --record out")


def _recordable_commit(recipe: Recipe) -> str:
    """The commit that a record will name."""
    if not recipe.name:
        raise UserError("--record needs the name of a recipe, as signs run lenet --record")
    records.check_new(recipe.name)
    if changes := git.git("status", "--porcelain", "--untracked-files=no", "--", ".").splitlines():
        raise UserError(f"a record names the commit that ran, and {changes[0][3:]} is not committed; commit it first")
    return git.git("rev-parse", "HEAD").strip()


def _run(recipe: Recipe, numbers: list[int], stages: list[str]) -> dict[int, str]:
    """The experiment of each seed or fold, as a git reference."""
    return (_run_on_cluster if ray_tasks.is_chosen() else _run_in_turn)(recipe, numbers, stages)


def _run_on_cluster(recipe: Recipe, numbers: list[int], stages: list[str]) -> dict[int, str]:
    """Runs the seeds or folds side by side, each on as many cores as training has shards."""
    print(f"{len(numbers)} {recipe.word}s run on the cluster; {experiments.LOGS} has their logs", file=sys.stderr)
    tasks = [(Path.cwd(), recipe, number, stages) for number in numbers]
    try:
        found = dict(zip(numbers, nodes.run(experiments.found_or_run, tasks, recipe.values[SHARDS]), strict=True))
    except KeyboardInterrupt:
        raise UserError(f"stopped; the {recipe.word}s that are done are kept") from None
    for number in numbers:
        if not experiments.find(recipe, number, stages):
            raise UserError(_changed(recipe, number))
    return found


def _run_in_turn(recipe: Recipe, numbers: list[int], stages: list[str]) -> dict[int, str]:
    found: dict[int, str] = {}
    for number in numbers:
        try:
            done = experiments.find(recipe, number, stages)
            # Before hours of training: is the first run still the one of this code, data and settings?
            if found and not done and not experiments.find(recipe, numbers[0], stages):
                raise UserError(_changed(recipe, number))
            found[number] = done or experiments.run(recipe, number)
        except KeyboardInterrupt:
            raise UserError(f"stopped; the {recipe.word}s that are done are kept") from None
        first, last = (experiments.inputs(found[one], recipe, stages) for one in (numbers[0], number))
        if first != last:
            raise UserError(_changed(recipe, number))
    return found


def _changed(recipe: Recipe, number: int) -> str:
    return f"code, data or settings changed before {recipe.word} {number} ran; run the same command again"


def _answers(measured: Measured) -> list[str]:
    """What a recipe that hides photographs asks: the recall of classes learned from drawings alone."""
    values = [flat(files) for files in measured.values()]
    recalls = [value for seed in values for key, value in seed.items() if key.endswith(HIDDEN_RECALL)]
    return [f"recall of the classes learned from drawings alone: {text.percent(recalls)} %"] if recalls else []


def _tables(measured: Measured, word: str, *, markdown: bool) -> list[str]:
    """A table for each file of metrics: a row for each number that every run has, a column for each run."""
    return [
        _table(path, {f"{word} {number}": flat(files[path]) for number, files in measured.items()}, markdown=markdown)
        for path in next(iter(measured.values()))
    ]


def _table(path: str, columns: dict[str, dict[str, Any]], *, markdown: bool) -> str:
    summaries = {"mean": statistics.fmean} | ({"standard deviation": statistics.stdev} if len(columns) > 1 else {})
    rows = []
    for key in next(iter(columns.values())):
        values: list[Any] = [column.get(key) for column in columns.values()]
        if all(type(value) in (int, float) for value in values):
            rows.append([key, *(f"{number:.5g}" for number in [*values, *(of(values) for of in summaries.values())])])
    return text.table([path, *columns, *summaries], rows, markdown=markdown)


def _record(recipe: Recipe, commit: str, reference: str, measured: Measured) -> Record:
    values = recipe.values
    return Record(
        recipe.name,
        recipe.description,
        commit,
        data={"source": values["fetch.source"], "md5": experiments.digest(reference, ORIGINAL)},
        processor=processor.name(),
        instructions="native" if values["native"] else "portable",
        settings={key: values[key] for key in recipe.settings},
        metrics={seed: {_model(path): content for path, content in files.items()} for seed, files in measured.items()},
    )


def _model(path: str) -> str:
    return Path(path).relative_to(METRICS).with_suffix("").as_posix()

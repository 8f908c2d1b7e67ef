"""Runs of recipes as DVC experiments, each in a copy of the workspace that DVC makes and removes."""

import hashlib
import itertools
import json
import os
import platform
import re
import sys
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import yaml

from signs.commands import dvc, git
from signs.commands.recipes import Recipe, flat
from signs.core import params
from signs.core.errors import UserError

LOGS = Path("logs/runs")
LOCK, PIPELINE = Path("dvc.lock"), Path("dvc.yaml")
NAMES_FILES = ("path", "url")  # last parts of settings that may name files which git does not hold

Stages = dict[str, Any]  # by name, as dvc.lock has them


def needed(targets: tuple[str, ...]) -> list[str]:
    """The stages that the targets (none: all stages) need, themselves included.

    Raises:
        UserError: A target is unknown, or none of the stages writes metrics.
    """
    graphs = [dvc.read("dag", "--dot", target) for target in targets or [str(PIPELINE)]]
    nodes = {name for graph in graphs for name in re.findall(r'"(.+?)"', graph)}
    stages = sorted(name for name in nodes if not name.endswith(dvc.POINTER))
    if not any("metrics" in entry for entry in _entries(PIPELINE.read_text(encoding="utf-8"), stages)):
        raise UserError(f"{' '.join(targets)} has no stage that writes metrics; evaluate@original is one")
    return stages


def check_held(recipe: Recipe, stages: list[str]) -> None:
    """Refuses inputs that git does not hold, as an experiment would run without them.

    Files that a setting names are no matter: an experiment gets a copy.

    Raises:
        UserError: There is such an input.
    """
    scope = ["--with-deps", *recipe.targets] if recipe.targets else []
    status = json.loads(dvc.read("status", "--json", *scope))
    _check_added(status)
    changes = [change for stage in status.values() for change in stage if isinstance(change, dict)]
    read, written = (
        {path for change in changes for path in change.get(f"changed {kind}", {})} for kind in ("deps", "outs")
    )
    locked = _locked(LOCK.read_text(encoding="utf-8"), stages) if LOCK.is_file() else {}
    inputs = _sources(read | _deps(locked), written | _outs(locked))
    missing = set(git.untracked(_held(_inside(inputs)))) - set(git.untracked(_copied(recipe)))
    if missing:
        raise UserError(f"{min(missing)} is not in git, so no experiment would have it; git add it, or remove it")


def _check_added(status: dict[str, Any]) -> None:
    """Refuses images that changed since `dvc add`: an experiment would run on those that were added."""
    added = [stage for name, stage in status.items() if name.endswith(dvc.POINTER)]
    changes = [change for stage in added for change in stage if isinstance(change, dict)]
    outs = {path: how for change in changes for path, how in change.get("changed outs", {}).items()}
    if changed := sorted(path for path, how in outs.items() if how == "modified"):
        raise UserError(
            f"{changed[0]} has changed since it was added, and experiments would run without that; dvc add {changed[0]}"
        )


def check_tracked(recipe: Recipe) -> None:
    """Refuses images that neither git nor DVC tracks: nothing would show that several runs read the same.

    Raises:
        UserError: A setting names such a path.
    """
    if untracked := _untracked(recipe, ("path",)):
        path = untracked[0]
        raise UserError(
            f"{path} is tracked by neither git nor DVC, so nothing would tell whether it stays the same; "
            f"run dvc add {path}, then git add {path}{dvc.POINTER} and git commit"
        )


def find(recipe: Recipe, number: int, stages: list[str]) -> str | None:
    """The git reference of the experiment that ran on the code, data and settings of the workspace, if there is one."""
    known = git.experiments(f"{_name(recipe, number)}*")
    return next((reference for reference in known if _is_current(reference, recipe, stages)), None)


def check_seen(project: Path) -> None:
    """Refuses a machine that does not see the project.

    Raises:
        UserError: It does not.
    """
    if not (project / PIPELINE).is_file():
        raise UserError(
            f"{platform.node()} has no {project}; runs on several machines need the project on a file system that all "
            "of them see, at the same path"
        )


def found_or_run(project: Path, recipe: Recipe, number: int, stages: list[str]) -> str:
    """The git reference of an experiment that ran before, or runs now, beside others and perhaps on another machine.

    Raises:
        UserError: It failed, or this machine does not see the folder of the project.
        KeyboardInterrupt: Ctrl-C, once DVC has ended.
    """
    check_seen(project)
    os.chdir(project)
    with dvc.alone(LOGS / f"{_name(recipe, number)}.lock"):
        return find(recipe, number, stages) or run(recipe, number, waits=True)


def run(recipe: Recipe, number: int, *, waits: bool = False) -> str:
    """Runs an experiment, and returns its git reference.

    Args:
        recipe: What to run.
        number: The seed of the run, or its fold.
        waits: Whether it waits while another run holds DVC's lock, rather than to fail.

    Raises:
        UserError: It failed; the message says why.
        KeyboardInterrupt: Ctrl-C, once DVC has ended.
    """
    base = _name(recipe, number)
    taken = {reference.rpartition("/")[2] for reference in git.experiments(f"{base}*")}
    further = (f"{base}-{count}" for count in itertools.count(2))
    name = next(name for name in itertools.chain([base], further) if name not in taken)
    log = LOGS / f"{name}.log"
    print(f"{name} runs; tail -f {log} shows how far it is", file=sys.stderr)
    copies = [f"--copy-paths={path}" for path in _copied(recipe)]
    settings = [f"--set-param={key}={value}" for key, value in recipe.numbered(number).items()]
    try:
        waiting = ["--wait-for-lock"] if waits else []
        dvc.run([*waiting, "exp", "run", "--temp", "--name", name, *copies, *settings, *recipe.targets], log)
    except UserError as error:
        raise UserError(f"{name} failed: {error} ({log} has all of it)") from None
    return git.experiments(name)[0]


def run_here(recipe: Recipe, number: int) -> None:
    """Runs a recipe in the workspace, which then has its settings and its results, as after `dvc exp run`.

    Raises:
        UserError: It failed; DVC has said why.
        KeyboardInterrupt: Ctrl-C, once DVC has ended.
    """
    settings = [f"--set-param={key}={value}" for key, value in recipe.numbered(number).items()]
    dvc.show(["exp", "run", *settings, *recipe.targets])


def inputs(reference: str, recipe: Recipe, stages: list[str]) -> list[Any]:
    """What an experiment ran on, without its seed or fold."""
    locked = _locked(git.show(reference, str(LOCK)), stages)
    sources = _sources(_deps(locked), _outs(locked))
    return [
        [
            stage["cmd"],
            [dep for dep in stage.get("deps", []) if dep["path"] in sources],
            [_without(flat(values), recipe.varied) for values in stage.get("params", {}).values()],
        ]
        for stage in locked.values()
    ]


def metrics(reference: str, stages: list[str]) -> dict[str, dict[str, Any]]:
    """What an experiment measured, by the path of each file of metrics."""
    outs = sorted(_outs(_locked(git.show(reference, str(LOCK)), stages)))
    paths = [path for path in outs if path.startswith("metrics/") and path.endswith(".json")]
    return {path: json.loads(git.show(reference, path)) for path in paths}


def digest(reference: str, folder: str) -> str:
    """The digest by which DVC knows a folder that an experiment wrote."""
    stages = yaml.safe_load(git.show(reference, str(LOCK)))["stages"]
    return next(out["md5"] for stage in stages.values() for out in stage.get("outs", []) if out["path"] == folder)


def _name(recipe: Recipe, number: int) -> str:
    # The digest tells settings and targets apart; what else an experiment ran on, it holds itself.
    digest = hashlib.sha256(
        repr((sorted(recipe.settings.items()), recipe.targets, *filter(None, [recipe.folds]))).encode()
    ).hexdigest()[:7]
    return "-".join(filter(None, [recipe.name, f"{recipe.word}-{number}-{digest}"]))


def _is_current(reference: str, recipe: Recipe, stages: list[str]) -> bool:
    locked = _locked(git.show(reference, str(LOCK)), stages)
    pipelines = PIPELINE.read_text(encoding="utf-8"), git.show(reference, str(PIPELINE))
    settings = params.read(params.PATH), yaml.safe_load(git.show(reference, str(params.PATH)))
    keys = [key for stage in locked.values() for key in stage.get("params", {}).get(str(params.PATH), {})]
    ours, theirs = (_without(_of(flat(values), keys), recipe.numbered(0)) for values in settings)
    sources = _held(_sources(_deps(locked), _outs(locked)))
    return (
        list(locked) == stages
        and ours == theirs
        and _entries(pipelines[0], stages) == _entries(pipelines[1], stages)
        and len(_inside(sources)) == len(sources)
        and not git.untracked(sources)
        and not git.has_changed(reference, sources)
    )


def _copied(recipe: Recipe) -> list[str]:
    """Paths that an experiment would lack."""
    return _untracked(recipe, NAMES_FILES)


def _untracked(recipe: Recipe, kinds: Collection[str]) -> list[str]:
    """Paths that a setting of one of these last parts names and git does not hold, or not all of it."""
    named = [value for key, value in recipe.values.items() if key.rpartition(".")[2] in kinds]
    paths = [path for value in named for path in (value if isinstance(value, list) else [value])]
    return [path for path in _inside(filter(None, paths)) if Path(path).exists() and git.untracked(_held([path]))]


def _entries(pipeline: str, stages: list[str]) -> list[dict[str, Any]]:
    """What dvc.yaml says of stages."""
    entries = yaml.safe_load(pipeline)["stages"]
    groups = sorted({name.partition("@")[0] for name in stages})
    return [entries[name].get("do", entries[name]) for name in groups if name in entries]


def _locked(lock: str, stages: list[str]) -> Stages:
    """What dvc.lock says of stages, in their order."""
    found = yaml.safe_load(lock)["stages"]
    return {name: found[name] for name in stages if name in found}


def _outs(locked: Stages) -> set[str]:
    return {out["path"] for stage in locked.values() for out in stage.get("outs", [])}


def _deps(locked: Stages) -> set[str]:
    return {dep["path"] for stage in locked.values() for dep in stage.get("deps", [])}


def _sources(deps: set[str], outs: set[str]) -> set[str]:
    """What stages read and none of them writes. `report` reads files in outputs, and folders that hold outputs."""
    return {dep for dep in deps if not any(_lies_in(dep, out) or _lies_in(out, dep) for out in outs)}


def _lies_in(path: str, folder: str) -> bool:
    return Path(path).is_relative_to(folder)


def _held(paths: Iterable[str]) -> list[str]:
    """The files by which git holds paths: themselves, or those that `dvc add` made of them."""
    return sorted({dvc.pointer(path) or path for path in paths})


def _inside(paths: Iterable[str]) -> list[str]:
    """Those that lie in the project."""
    return [path for path in paths if not Path(path).is_absolute() and ".." not in Path(path).parts]


def _of(values: dict[str, Any], keys: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if any(f"{name}.".startswith(f"{key}.") for key in keys)}


def _without(values: dict[str, Any], keys: Collection[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in _of(values, keys)}

"""Says how much the seed decides: `python -m signs.seeds 3` trains with seeds 1 to 3, each an experiment of DVC."""

import argparse
import contextlib
import hashlib
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from signs.core.errors import UserError

SEED = "train.seed"
LOGS = Path("logs/seeds")


def measured(targets: list[str]) -> tuple[list[str], dict[str, Any]]:
    """Asks DVC which files of metrics the targets (none: all stages) write, and what the stages behind them run on.

    Returns:
        The files, and what DVC would write of each stage into its lock file.

    Raises:
        UserError: There are none, or a file that matters is not in Git, so that no experiment would have it.
    """
    from dvc.exceptions import DvcException  # noqa: PLC0415  # takes a second, which --help need not wait for
    from dvc.repo import Repo  # noqa: PLC0415
    from dvc.stage.serialize import to_single_stage_lockfile  # noqa: PLC0415

    try:
        with Repo() as repo:
            asked = {stage for name in targets or [""] for stage in repo.stage.collect(name, with_deps=True)}
            metrics = {out.def_path: stage.addressing for stage in asked for out in stage.outs if out.metric}
            needed = {stage for name in metrics.values() for stage in repo.stage.collect(name, with_deps=True)}
            outs = {out.def_path for stage in needed for out in stage.outs}
            sources = {dep.def_path for stage in needed for dep in stage.deps if dep.is_in_repo} - outs
            for stage in needed:
                stage.save_deps(allow_missing=True)
            locked = {stage.addressing: to_single_stage_lockfile(stage) for stage in needed if stage.cmd}
    except DvcException as error:
        raise UserError(error) from None
    if not metrics:
        raise UserError(f"{' '.join(targets) or 'dvc.yaml'} has no stage that writes metrics; evaluate@original is one")
    if unknown := git("ls-files", "--others", "--", *sources).splitlines():
        raise UserError(f"{unknown[0]} is not in Git, so no experiment would have it; git add it, or take it away")
    return sorted(metrics), dict(sorted(locked.items()))


def inputs(locked: dict[str, Any]) -> str:
    """Commands, code, data and settings that stages run on, the seed left out, by what a lock file says of them."""
    made = {out["path"] for entry in locked.values() for out in entry.get("outs", [])}
    deps = [dep for entry in locked.values() for dep in entry.get("deps", []) if dep["path"] not in made]
    params = [values for entry in locked.values() for values in entry.get("params", {}).values()]
    unseeded = [{key: value for key, value in values.items() if key != SEED} for values in params]
    return json.dumps([[entry["cmd"] for entry in locked.values()], deps, unseeded], sort_keys=True, default=str)


def git(*arguments: str) -> str:
    """Returns what a command of Git prints; where it fails, a ValueError says what Git said."""
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(done.stderr)
    return done.stdout


def find(name: str) -> str:
    """The Git reference of an experiment, whichever commit it began from; empty where there is none."""
    return git("for-each-ref", "--count=1", "--format=%(refname)", f"refs/exps/*/*/{name}").strip()


def run(name: str, options: list[str]) -> None:
    """Runs an experiment in a copy of the workspace, which DVC makes and takes away; ValueError where it fails."""
    log = LOGS / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "dvc", "exp", "run", "--temp", "--name", name, *options]
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    print(f"{name} runs; tail -f {log} shows how far it is", file=sys.stderr)
    with log.open("w") as file, _held() as signals:
        process = subprocess.Popen(command, stdout=file, stderr=file, env=environment, start_new_session=True)
        # Until its first stage, DVC puts changes of the workspace aside and makes the copy; interrupted then, it would
        # leave the changes in `git stash`, or the copy.
        while process.poll() is None and not (signals and "tage '" in log.read_text(errors="replace")):
            time.sleep(0.1)
        if signals:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
            process.wait()
            raise KeyboardInterrupt
    if process.returncode:
        raise UserError(f"{name} failed: {_reason(log)} ({log} has it all)")


@contextlib.contextmanager
def _held() -> Iterator[list[int]]:
    # Raised at once, an interrupt could get lost between the start of DVC and the wait for it, and DVC would run on.
    signals: list[int] = []
    former = {n: signal.signal(n, lambda number, _: signals.append(number)) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield signals
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _reason(log: Path) -> str:
    lines = ["no output", *filter(str.strip, log.read_text(errors="replace").splitlines())]
    error = next((i for i, line in enumerate(lines) if line.startswith("ERROR: ")), len(lines) - 1)
    said = lines[error - 1] if "failed to run" in lines[error] else lines[error]  # a stage says why just before DVC
    return said.removeprefix("ERROR: ").partition(" (if an output is gone")[0]


def table(path: str, experiments: dict[int, str], markdown: bool) -> None:
    """Prints the numbers in a file of metrics as DVC would, a column a seed, then their mean and deviation."""
    from dvc.ui import ui  # noqa: PLC0415
    from dvc.utils.flatten import flatten  # noqa: PLC0415

    columns = [flatten(json.loads(git("show", f"{experiment}:./{path}"))) for experiment in experiments.values()]
    summaries = {"mean": statistics.fmean} | ({"standard deviation": statistics.stdev} if len(columns) > 1 else {})
    rows = []
    for key in columns[0]:
        values = [column.get(key) for column in columns]
        if all(type(value) in (int, float) for value in values):
            rows.append([key, *(f"{number:.5g}" for number in [*values, *(of(values) for of in summaries.values())])])
    headers = [path, *(f"seed {seed}" for seed in experiments), *summaries]
    ui.table(rows, headers, markdown, colalign=("left", *["right"] * (len(headers) - 1)))
    if not markdown:
        print()


def whole(text: str, least: int) -> int:
    """Reads a whole number; ValueError where it is none, or below the least."""
    if not text.isdecimal() or int(text) < least:
        raise UserError(f"{text!r} is no whole number from {least} up")
    return int(text)


def main(count: str, first: str, targets: list[str], settings: list[str], markdown: bool) -> None:
    """Trains with several seeds; prints each metric by seed, its mean and its standard deviation.

    A seed that ran before on the same code, data and settings does not run again; the workspace stays as it is.
    """
    lowest, number = whole(first, 0), whole(count, 1)
    metrics, locked = measured(targets)
    digest = hashlib.sha256(repr((inputs(locked), sorted(targets), settings)).encode()).hexdigest()[:7]
    options = [*targets, *(f"--set-param={setting}" for setting in settings)]
    experiments: dict[int, str] = {}
    ran_on: set[str] = set()
    for seed in range(lowest, lowest + number):
        name = f"seed-{seed}-{digest}"
        if not find(name):
            run(name, [*options, f"--set-param={SEED}={seed}"])
        experiments[seed] = find(name)
        stages = yaml.safe_load(git("show", f"{experiments[seed]}:./dvc.lock"))["stages"]
        ran_on.add(inputs({stage: stages[stage] for stage in locked}))
        if len(ran_on) > 1:
            git("update-ref", "-d", experiments[seed])
            raise UserError(f"code, data or settings changed before seed {seed} ran; the same command starts anew")
    for path in metrics:
        table(path, experiments, markdown)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m signs.seeds", description=main.__doc__)
    parser.add_argument("count", metavar="N", help="how many seeds")
    parser.add_argument("--first", default="1", metavar="SEED", help="the lowest of them (1)")
    parser.add_argument("--target", action="append", default=[], dest="targets", help="a stage to run up to (all)")
    parser.add_argument(
        "-S", action="append", default=[], dest="settings", metavar="KEY=VALUE", help="as of dvc exp run"
    )
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    try:
        main(**vars(parser.parse_args()))
    except (ValueError, OSError) as error:
        sys.exit(f"seeds: {' '.join(str(error).split())}")
    except KeyboardInterrupt:
        sys.exit("seeds: stopped; the seeds that are done are kept")

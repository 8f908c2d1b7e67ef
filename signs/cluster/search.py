"""The search of a space by Ray Tune, with Optuna choosing what to try."""

import logging
import os
import warnings
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from signs.cluster import nodes
from signs.cluster.spaces import Range
from signs.core import ray_tasks
from signs.core.errors import UserError

VALUE = "value"  # what `measure` returns under this name is maximized
QUIET = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_WARN_EXCESSIVE_EXPERIMENT_CHECKPOINT_SYNC_THRESHOLD_S": "0",
}

Measure = Callable[[dict[str, str]], dict[str, Any]]


def search(
    space: dict[str, Range], measure: Measure, *, trials: int, together: int, cores: int, seed: int, storage: Path
) -> list[dict[str, Any]]:
    """Tries settings, and returns what `measure` returned for each trial, in the order in which they were chosen.

    The same arguments try the same settings on any number of cores: trials are chosen `together` by what all earlier
    groups gave, and in no other way. A trial whose worker gets lost runs again.

    Args:
        space: The range of each setting.
        measure: Takes settings as `dvc exp run -S` does; runs on a worker.
        trials: How many.
        together: Trials that are chosen at a time.
        cores: Of each trial.
        seed: Of the choices.
        storage: Folder for Tune's own files.

    Raises:
        UserError: The extra is not installed, the cluster is not fit for the work, or the search was stopped.
    """
    os.environ.update(QUIET)
    order: list[str] = []  # of the trials; their ids are random
    with nodes.connected() as ray, _quiet():
        tuner = _tuner(space, measure, trials, together, min(cores, nodes.largest(ray)), seed, storage, order)
        results = tuner.fit()
        if errors := [result.error for result in results if result.error]:
            raise ray_tasks.reason(ray, errors[0])
    found = [result.metrics for result in results if result.metrics and VALUE in result.metrics]
    if len(found) < trials:
        raise UserError("stopped; the trials that are done are kept, and the same command goes on from them")
    return sorted(found, key=lambda metrics: order.index(metrics["trial_id"]))


def _tuner(
    space: dict[str, Range],
    measure: Measure,
    trials: int,
    together: int,
    cores: int,
    seed: int,
    storage: Path,
    order: list[str],
) -> Any:
    from optuna.samplers import TPESampler  # noqa: PLC0415  # of the extra `cluster`
    from ray import tune  # noqa: PLC0415
    from ray.tune.search import ConcurrencyLimiter  # noqa: PLC0415
    from ray.tune.search.optuna import OptunaSearch  # noqa: PLC0415

    versions = ray_tasks.versions()

    class Chooser(OptunaSearch):
        def suggest(self, trial_id: str) -> dict[str, Any] | None:
            order.append(trial_id)
            return super().suggest(trial_id)

    def trial(drawn: dict[str, Any]) -> None:
        ray_tasks.prepare_worker(versions)
        tune.report(measure({key: space[key].text(value) for key, value in drawn.items()}))

    distributions = {key: part.distribution() for key, part in space.items()}
    chooser = Chooser(distributions, metric=VALUE, mode="max", sampler=TPESampler(seed=seed))
    return tune.Tuner(
        tune.with_resources(trial, {"cpu": cores}),
        tune_config=tune.TuneConfig(
            num_samples=trials,
            search_alg=ConcurrencyLimiter(chooser, max_concurrent=together, batch=True),
            reuse_actors=True,
            trial_dirname_creator=lambda trial: trial.trial_id,
        ),
        run_config=tune.RunConfig(
            name="tune",
            storage_path=str(storage.absolute()),
            failure_config=tune.FailureConfig(max_failures=ray_tasks.ATTEMPTS - 1),
            verbose=0,
        ),
    )


@contextmanager
def _quiet() -> Any:
    """Tune and Optuna say much on standard error; an error is said once, at the end."""
    import optuna  # noqa: PLC0415  # of the extra `cluster`

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    logger = logging.getLogger("ray")
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(before)

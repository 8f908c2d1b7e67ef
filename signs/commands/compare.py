"""`signs compare`: says whether one model is better than another, or differs by chance."""

import io
from pathlib import Path

from signs.commands import git
from signs.core.errors import UserError
from signs.evaluation import comparison, predictions
from signs.evaluation.comparison import Verdict
from signs.evaluation.predictions import Predictions


def main(first: str, second: str, model: str) -> int:
    """Compares two models on the test images that both were measured on; returns 1 if the second is worse.

    Each is a file of predictions, or a revision of the project or an experiment, of which `model` names the model.
    """
    answers = comparison.compare(read(first, model), read(second, model))
    verdict = comparison.judge(*(answer.is_correct for answer in answers))
    accuracies = [float(answer.is_correct.mean()) for answer in answers]
    print("\n".join(describe([first, second], accuracies, verdict)))
    return int(verdict.words == comparison.WORSE)


def read(where: str, model: str) -> Predictions:
    """Reads a file of predictions, or those of a model in a revision of the project.

    Raises:
        UserError: There is no such file or revision, it has no such predictions, or the cache does not hold them.
    """
    if Path(where).is_file():
        return predictions.read(Path(where))
    path = f"predictions/{model}.npz"
    return predictions.parse(io.BytesIO(_read_output(where, path)), f"{path} of {where}")


def describe(names: list[str], accuracies: list[float], verdict: Verdict) -> list[str]:
    """Describes a comparison in three lines; the last one is the verdict."""
    alone = (verdict.only_first, verdict.only_second)
    gain = 100 * (accuracies[1] - accuracies[0])
    return [
        *(
            f"{name}: accuracy {accuracy:.2%}; {images:,} images that only this model gets right"
            for name, accuracy, images in zip(names, accuracies, alone, strict=True)
        ),
        f"verdict: {verdict.words} ({gain:+.2f} points; McNemar's exact test, p = {verdict.p_value:.2g})",
    ]


def _read_output(revision: str, path: str) -> bytes:
    from dvc.api import DVCFileSystem  # noqa: PLC0415  # takes a second, which two files need not wait for

    try:
        experiment = next(iter(git.experiments(revision)), None)
        commit = git.git("rev-parse", "--verify", f"{experiment or revision}^{{commit}}").strip()
        prefix = git.git("rev-parse", "--show-prefix").strip()  # of a project in a subfolder of the repository
    except UserError:
        raise UserError(f"{revision} is neither a file, nor a revision or an experiment of this project") from None
    files = DVCFileSystem(rev=commit, subrepos=True)
    if not files.exists(prefix + path):
        raise UserError(f"{revision} has no {path}; commit the dvc.lock that dvc repro writes")
    try:
        return files.read_bytes(prefix + path)
    except Exception as error:  # caches and remotes raise their own
        back = f"dvc exp apply {revision}" if experiment else f"git checkout {revision}"
        raise UserError(
            f"{path} of {revision} is not in the cache; {back} and dvc repro make it again ({error})"
        ) from None

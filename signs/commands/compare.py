"""Says whether a model got better: `python -m signs.compare HEAD~1 HEAD`, or two files of predictions."""

import argparse
import io
import sys
from pathlib import Path

from signs.core.errors import UserError
from signs.evaluation import predictions
from signs.evaluation.comparison import Verdict, compare, judge
from signs.evaluation.predictions import Predictions

LOSS = "real loss"


def read(where: str, model: str) -> Predictions:
    """Reads a file of predictions, or those of a model at a revision of the project.

    Raises:
        UserError: There is neither such a file nor such a revision, or its predictions are in no cache.
    """
    path = Path(where)
    if path.is_file():
        return predictions.read(path)
    import dvc.api  # noqa: PLC0415  # takes a second, which two files need not wait for

    kept = f"predictions/{model}.npz"
    try:
        with dvc.api.open(kept, rev=where, mode="rb") as file:
            return predictions.parse(io.BytesIO(file.read()), f"{kept} at {where}")
    except Exception as error:  # DVC, Git and their caches raise each their own
        raise UserError(f"{where} is no file, and no revision with {kept} at hand: {error}") from None


def describe(first: str, second: str, accuracies: tuple[float, float], verdict: Verdict) -> list[str]:
    """Describes a comparison in three lines, the verdict last."""
    gain, chance = accuracies[1] - accuracies[0], verdict.probability
    return [
        f"{first}: {accuracies[0]:.2%} right, {verdict.only_first:,} images alone",
        f"{second}: {accuracies[1]:.2%} right, {verdict.only_second:,} images alone",
        f"verdict: {verdict.words} ({gain:+.2%}; McNemar's exact test, p = {chance:.2g})",
    ]


def main(first: str, second: str, model: str) -> Verdict:
    """Compares what two results say of the same test images; exit code 1: the second is worse, 2: an error."""
    opinions = compare(read(first, model), read(second, model))
    verdict = judge(*(opinion.is_right for opinion in opinions))
    accuracies = tuple(float(opinion.is_right.mean()) for opinion in opinions)
    print("\n".join(describe(first, second, (accuracies[0], accuracies[1]), verdict)))
    return verdict


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m signs.compare", description=main.__doc__)
    parser.add_argument("first", help="a revision (HEAD~1, a branch, an experiment) or a file of predictions")
    parser.add_argument("second", help="likewise")
    parser.add_argument("--model", default="original", choices=("original", "augmented"))
    try:
        sys.exit(main(**vars(parser.parse_args())).words == LOSS)
    except (ValueError, OSError) as error:
        print(f"compare: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)  # 1 is a loss

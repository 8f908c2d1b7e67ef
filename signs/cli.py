"""The command `signs`: name signs on photos, and what else a person does beside `dvc repro`."""

import argparse
import importlib
import sys
from importlib import metadata
from pathlib import Path

from signs.core.errors import UserError, one_line

PROJECT = Path("dvc.yaml")
MOST_FOLDS = 99
EXIT_CODES = """exit codes:
  0  all is well
  1  a mistake, or a verdict: check finds a data set unfit or a file damaged, compare a real loss
  2  wrong usage, or compare finds nothing that it could compare"""


def main(arguments: list[str] | None = None) -> int:
    """Runs a verb, and returns the exit code."""
    options = vars(_parser().parse_args(arguments))
    verb, code_of_errors = options.pop("verb"), options.pop("code_of_errors")
    try:
        if options.pop("needs_project") and not PROJECT.is_file():
            raise UserError(f"there is no {PROJECT} here; run it in the folder of the project")
        return importlib.import_module(f"signs.commands.{options.pop('module')}").main(**options) or 0
    except KeyboardInterrupt:
        message: str | None = "stopped"
    except Exception as error:
        message = one_line(error)
        if message is None:
            raise
    print(f"signs {verb}: {message}", file=sys.stderr)
    return code_of_errors


def _parser() -> argparse.ArgumentParser:
    layout = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="signs", description=__doc__, epilog=EXIT_CODES, formatter_class=layout)
    parser.add_argument("--version", action="version", version=f"signs {_version()}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    for add in (
        _add_predict,
        _add_serve,
        _add_export,
        _add_check,
        _add_add,
        _add_compare,
        _add_run,
        _add_tune,
        _add_results,
    ):
        add(verbs)
    return parser


def _add_predict(verbs: argparse._SubParsersAction) -> None:
    verb = _verb(verbs, "predict", "name the signs on photos")
    verb.set_defaults(needs_project=False)
    verb.add_argument("source", metavar="PHOTO", help="a photo, a folder, a pattern as '*.jpg', or - (standard input)")
    _add_model(verb)
    verb.add_argument("--top", metavar="K", type=_count, default=1, help="classes to tell of each photo (1)")
    form = verb.add_mutually_exclusive_group()
    form.add_argument("--json", dest="format", action="store_const", const="json", help="print JSON")
    form.add_argument("--csv", dest="format", action="store_const", const="csv", help="print CSV")
    part = verb.add_mutually_exclusive_group()
    part.add_argument("--box", metavar="X,Y,WIDTH,HEIGHT", help="of the sign in each photo, in pixels")
    part.add_argument("--boxes", metavar="CSV", type=Path, help="a table of file,x,y,width,height")
    verb.add_argument("--copy-to", metavar="DIR", type=Path, help="copy each photo into a folder of its class there")
    verb.add_argument("--where", metavar="DIR", type=Path, help="write pictures of where the network looked there")
    verb.set_defaults(format="text")


def _add_serve(verbs: argparse._SubParsersAction) -> None:
    verb = _verb(verbs, "serve", "answer uploads of photos with names, and a page to drop them on")
    verb.set_defaults(needs_project=False)
    _add_model(verb)
    verb.add_argument("--host", default="127.0.0.1", help="to listen on (127.0.0.1)")
    verb.add_argument("--port", type=_port, default=8000, help="to listen on; 0 takes a free one (8000)")


def _add_export(verbs: argparse._SubParsersAction) -> None:
    verb = _verb(verbs, "export", "write a model as one HTML page that names signs offline")
    verb.set_defaults(needs_project=False)
    verb.add_argument("--page", metavar="FILE.html", type=Path, required=True, help="to write")
    _add_model(verb)


def _add_model(verb: argparse.ArgumentParser) -> None:
    help = "an exported .onnx or .tflite file or its folder (the one that dvc repro exported last, else weights/)"
    verb.add_argument("--model", metavar="PATH", type=Path, help=help)


def _add_check(verbs: argparse._SubParsersAction) -> None:
    verb = _verb(verbs, "check", "say whether a data set is fit to train on, or DVC's cache is damaged")
    what = verb.add_mutually_exclusive_group(required=True)
    what.add_argument("folder", metavar="FOLDER", nargs="?", type=Path, help="holds train.p, valid.p and test.p")
    what.add_argument("--cache", dest="module", action="store_const", const="cache", help="rehash DVC's cache instead")


def _add_add(verbs: argparse._SubParsersAction) -> None:
    verb = _verb(verbs, "add", "make a picture of a sign a new class")
    verb.add_argument("picture", metavar="PICTURE", type=Path, help="an SVG, PNG or JPEG file")
    verb.add_argument("name", metavar="NAME", help='of the class, as "Stop ahead"')


def _add_compare(verbs: argparse._SubParsersAction) -> None:
    verb = _verb(verbs, "compare", "say whether one model is better than another, or by chance")
    verb.set_defaults(needs_project=False, code_of_errors=2)  # 1 is a loss
    verb.add_argument("first", metavar="A", help="a revision, as HEAD~1, an experiment, or a file of predictions")
    verb.add_argument("second", metavar="B", help="likewise")
    verb.add_argument("--model", default="original", choices=("original", "augmented"), help="of revisions (original)")


def _add_run(verbs: argparse._SubParsersAction) -> None:
    verb = _verb(verbs, "run", "run a recipe with several seeds or folds, and print mean and standard deviation")
    verb.add_argument("name", metavar="NAME", nargs="?", help="of a file in recipes/ (params.yaml as it is)")
    numbers = verb.add_mutually_exclusive_group()
    numbers.add_argument("--seeds", metavar="SEED", nargs="+", type=_seed, help="(train.seed of params.yaml)")
    numbers.add_argument("--folds", metavar="K", type=_folds, help="parts of the training images; each validates once")
    verb.add_argument("-S", metavar="KEY=VALUE", dest="settings", action="append", default=[], help="as of dvc exp run")
    verb.add_argument(
        "--target", metavar="STAGE", dest="targets", action="append", default=[], help="to run up to (of the recipe)"
    )
    verb.add_argument("--here", action="store_true", help="run one seed in the workspace, and keep its settings")
    verb.add_argument("--record", action="store_true", help="write results/NAME.json")
    verb.add_argument("--markdown", action="store_true", help="print Markdown")


def _add_tune(verbs: argparse._SubParsersAction) -> None:
    verb = _verb(verbs, "tune", "search settings that do well on validation, and write what each gave as a table")
    verb.add_argument("space", metavar="SPACE.yaml", type=Path, help="settings and their ranges, as tune/lenet.yaml")
    verb.add_argument("--trials", metavar="N", type=_count, default=20, help="to run (20)")
    verb.add_argument("--together", metavar="N", type=_count, default=4, help="trials chosen at a time (4)")
    verb.add_argument("--recipe", metavar="NAME", help="of a file in recipes/ to start from (params.yaml as it is)")
    verb.add_argument("--model", default="original", choices=("original", "augmented"), help="to train (original)")
    verb.add_argument("--objective", default="accuracy", choices=("accuracy", "loss"), help="on validation (accuracy)")
    verb.add_argument("--seed", metavar="SEED", type=_seed, help="of choices and training (train.seed)")


def _add_results(verbs: argparse._SubParsersAction) -> None:
    verb = _verb(verbs, "results", "print what recipes measured")
    verb.add_argument("--markdown", action="store_true", help="print Markdown")


def _verb(verbs: argparse._SubParsersAction, name: str, help: str) -> argparse.ArgumentParser:
    verb = verbs.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")
    verb.set_defaults(needs_project=True, code_of_errors=1, module=name)
    return verb


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 1")
    return int(text)


def _folds(text: str) -> int:
    if not text.isdecimal() or not 2 <= int(text) <= MOST_FOLDS:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 2 to {MOST_FOLDS}")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port, a whole number from 0 to 65535")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 to {2**32 - 1}")
    return int(text)


def _version() -> str:
    try:
        return metadata.version("signs")
    except metadata.PackageNotFoundError:
        return "(not installed)"

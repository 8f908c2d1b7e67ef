"""Runs one stage: `python -m stages STAGE PATH...`, as dvc.yaml does. Settings come from params.yaml."""

import argparse
import errno
import importlib
import inspect
import sys
from pathlib import Path
from types import ModuleType

from signs.core import params, processor
from signs.core.errors import UserError

STAGES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
NATIVE = ("train", "evaluate", "stress")  # that depend on the param `native`
MENDABLE = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS}  # of the system, not of our code


def main(stage: str, paths: list[str]) -> None:
    """Runs a stage; what a person can mend ends in one line on standard error and exit code 1."""
    try:
        processor.check()
        if stage in NATIVE and params.value("native") is True:
            processor.native()  # before the stage loads NumPy
        module = importlib.import_module(f"stages.{stage}")
        module.main(**_arguments(stage, module, paths))
    except (UserError, MemoryError) as error:
        sys.exit(_line(stage, str(error) or "out of memory"))
    except OSError as error:
        if error.errno not in MENDABLE:
            raise
        sys.exit(_line(stage, str(error)))
    except KeyboardInterrupt:
        sys.exit(f"{stage}: stopped; dvc repro starts it again")


def _arguments(stage: str, module: ModuleType, paths: list[str]) -> dict[str, Path]:
    parser = argparse.ArgumentParser(prog=f"python -m stages {stage}", description=inspect.getdoc(module.main))
    for name in inspect.signature(module.main).parameters:
        parser.add_argument(name, type=Path)
    return vars(parser.parse_args(paths))


def _line(stage: str, message: str) -> str:
    return f"{stage}: {' '.join(message.split())} (dvc repro brings back what is gone)"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m stages", description=__doc__, add_help=False)
    parser.add_argument("stage", choices=STAGES)
    known, rest = parser.parse_known_args()
    main(known.stage, rest)

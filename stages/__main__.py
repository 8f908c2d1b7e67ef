"""Runs one stage, as dvc.yaml does: `python -m stages STAGE PATH...`. Settings come from params.yaml."""

import argparse
import importlib
import inspect
import sys
from pathlib import Path
from types import ModuleType

from signs.core import params, processor
from signs.core.errors import UserError, one_line

STAGES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
NATIVE = ("train", "evaluate", "stress")  # stages that depend on the setting `native`


def main(stage: str, paths: list[str]) -> None:
    """Runs a stage. What a person can mend ends in one line on standard error and exit code 1."""
    try:
        processor.check()
        if stage in NATIVE and _is_native():
            processor.native()  # before the stage loads NumPy
        module = importlib.import_module(f"stages.{stage}")
        module.main(**_arguments(stage, module, paths))
    except KeyboardInterrupt:
        sys.exit(f"{stage}: stopped; dvc repro starts it again")
    except Exception as error:
        if (message := one_line(error)) is None:
            raise
        sys.exit(f"{stage}: {message} (dvc repro brings back what is gone)")


def _is_native() -> bool:
    native = params.value("native")
    if not isinstance(native, bool):
        raise UserError(f"{params.PATH}: native is {native!r}; expected true or false")
    return native


def _arguments(stage: str, module: ModuleType, paths: list[str]) -> dict[str, Path]:
    parser = argparse.ArgumentParser(prog=f"python -m stages {stage}", description=inspect.getdoc(module.main))
    for name in inspect.signature(module.main).parameters:
        parser.add_argument(name, type=Path)
    return vars(parser.parse_args(paths))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m stages", description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("paths", nargs=argparse.REMAINDER, help="see python -m stages STAGE --help")
    main(**vars(parser.parse_args()))

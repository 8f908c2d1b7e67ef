"""Runs one stage, as dvc.yaml does: `python -m stages STAGE PATH...`. Settings come from params.yaml."""

import argparse
import importlib
import inspect
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType, ModuleType
from typing import NoReturn

STAGES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
NATIVE = ("train", "evaluate", "stress")  # stages that depend on the setting `native`
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def main(stage: str, paths: list[str]) -> None:
    """Runs a stage. What a person can mend ends in one line on standard error and exit code 1."""
    from signs.core import files, params, processor  # noqa: PLC0415  # while signals end the process at once
    from signs.core.errors import one_line  # noqa: PLC0415

    try:
        processor.check()
        if stage in NATIVE and params.is_native():
            processor.native()  # before the stage loads NumPy
        module = importlib.import_module(f"stages.{stage}")
        arguments = _arguments(stage, module, paths)
        files.checks_before_writing[:] = _checks(stage)
        _on_signals(_interrupt)
        module.main(**arguments)
    except KeyboardInterrupt:
        sys.exit(_stopped(stage))
    except Exception as error:
        if (message := one_line(error)) is None:
            raise
        sys.exit(f"{stage}: {message} (dvc repro brings back what is gone)")


def _checks(stage: str) -> list[Callable[[], None]]:
    """What dvc.lock will record must be what ran: settings and code are still those that were read."""
    from signs.core import code, params  # noqa: PLC0415

    packages = {f"signs/{name.split('.')[1]}" for name in sys.modules if name.startswith("signs.")}
    return [params.check_unchanged, code.guard([f"stages/{stage}.py", *packages])]


def _arguments(stage: str, module: ModuleType, paths: list[str]) -> dict[str, Path]:
    parser = argparse.ArgumentParser(prog=f"python -m stages {stage}", description=inspect.getdoc(module.main))
    for name in inspect.signature(module.main).parameters:
        parser.add_argument(name, type=Path)
    return vars(parser.parse_args(paths))


def _on_signals(handler: Callable[[int, FrameType | None], NoReturn]) -> None:
    for number in SIGNALS:
        signal.signal(number, handler)


def _interrupt(*_: object) -> NoReturn:
    _on_signals(_end)  # should clearing up take too long
    raise KeyboardInterrupt


def _end(*_: object) -> NoReturn:
    """Ends at once. Imports would swallow an exception, or end in one of their own."""
    os.write(sys.stderr.fileno(), f"{_stopped(*sys.argv[1:2])}\n".encode())
    os._exit(1)


def _stopped(stage: str = "stages") -> str:
    return f"{stage}: stopped; dvc repro starts it again"


if __name__ == "__main__":
    _on_signals(_end)
    parser = argparse.ArgumentParser(prog="python -m stages", description=__doc__)
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("paths", nargs=argparse.REMAINDER, help="see python -m stages STAGE --help")
    main(**vars(parser.parse_args()))

"""The stages of the pipeline, one script each: paths from the command line, settings from params.yaml."""

import argparse
import inspect
import sys
from collections.abc import Callable
from pathlib import Path


def run(main: Callable[..., None]) -> None:
    """Calls `main` with the paths given on the command line, one for each of its parameters.

    What a user can mend ends in one line on standard error and exit code 1.
    """
    stage = Path(sys.argv[0]).stem
    parser = argparse.ArgumentParser(prog=f"python -m stages.{stage}", description=inspect.getdoc(main))
    for name in inspect.signature(main).parameters:
        parser.add_argument(name, type=Path)
    arguments = vars(parser.parse_args())
    try:
        main(**arguments)
    except (ValueError, OSError, MemoryError) as error:
        message = " ".join(str(error).split())
        sys.exit(f"{stage}: {message} (if an output is gone now, dvc checkout brings the last one back)")
    except KeyboardInterrupt:
        sys.exit(f"{stage}: stopped; dvc repro starts it again")

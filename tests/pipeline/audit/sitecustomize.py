"""Records the files that each stage opens. Python imports this module when it starts, if it is on PYTHONPATH."""

import os
import sys

STAGE, LOG = "AUDITED_STAGE", "AUDIT_LOG"  # the command of the stage, which its workers inherit; where to write

if sys.orig_argv[1:3] == ["-m", "stages"]:
    os.environ[STAGE] = " ".join(["python", *sys.orig_argv[1:]])


def _install(stage, log):
    def record(event, arguments):
        if event == "open" and isinstance(arguments[0], str):
            path, _, flags = arguments
            is_read = flags & os.O_ACCMODE != os.O_WRONLY and not flags & os.O_TRUNC
            os.write(log, f"{stage}\t{'read' if is_read else 'write'}\t{os.path.abspath(path)}\n".encode())  # noqa: PTH100

    sys.addaudithook(record)


if STAGE in os.environ:
    _install(os.environ[STAGE], os.open(os.environ[LOG], os.O_WRONLY | os.O_APPEND | os.O_CREAT))

"""The command `dvc`, which has no Python interface to run stages."""

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from signs.core.errors import UserError

COMMAND = [sys.executable, "-m", "dvc"]
STAGE_BEGINS = "tage '"  # "Running stage 'train@original'", "Stage 'fetch' didn't change"
POINTER = ".dvc"  # how the names end of files that `dvc add` writes
STARTING = Path(".dvc/tmp/signs.starting")
# Ends DVC and its stages once the end of the input says that the process which started them is gone.
GUARD = f"""read -r _
while kill -s 0 -- "-$0" && ! grep -q "{STAGE_BEGINS}" "$1"; do sleep 0.2; done
kill -s INT -- "-$0"
for _ in $(seq 100); do kill -s 0 -- "-$0" || exit; sleep 0.2; done
kill -s KILL -- "-$0"
"""


def pointer(path: str) -> str | None:
    """The file that `dvc add` wrote for this path or for a folder above it, or None."""
    places = (Path(path), *Path(path).parents)
    return next((f"{place}{POINTER}" for place in places if Path(f"{place}{POINTER}").is_file()), None)


def read(*arguments: str) -> str:
    """Runs a command that only looks, and returns what it prints.

    Raises:
        UserError: It failed; the message is DVC's.
    """
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False, env=_environment())
    if done.returncode:
        raise UserError(_reason(done.stderr))
    return done.stdout


def run(arguments: list[str], log: Path) -> None:
    """Runs a command that takes long, and writes what it prints to a file.

    Others may run beside it, on machines that share the folder. Before its first stage DVC stashes changes and copies
    the workspace: one does so at a time.

    Raises:
        UserError: It failed; the message is that of the stage, or of DVC.
        KeyboardInterrupt: Ctrl-C, once DVC has ended and cleared up.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w") as file, _held() as signals:
        with alone(STARTING):
            process = subprocess.Popen(
                [*COMMAND, *arguments], stdout=file, stderr=file, env=_environment(), start_new_session=True
            )
            guard = _guard(process, log)
            # Interrupted here, DVC would leave the changes in `git stash`, or the copy on the disk.
            while process.poll() is None and STAGE_BEGINS not in log.read_text(errors="replace"):
                time.sleep(0.1)
        while process.poll() is None and not signals:
            time.sleep(0.1)
        if signals and process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        process.wait()
        guard.kill()
        guard.communicate()
    if signals:
        raise KeyboardInterrupt
    if process.returncode:
        raise UserError(_reason(log.read_text(errors="replace")))


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Holds a lock, a file, which ends with the process: others wait, on machines that share the folder too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _guard(process: subprocess.Popen[bytes], log: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["sh", "-c", GUARD, str(process.pid), str(log)],
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def show(arguments: list[str]) -> None:
    """Runs a command in this terminal.

    Raises:
        UserError: It failed; it has said why.
        KeyboardInterrupt: Ctrl-C, which reaches DVC too, once DVC has ended and cleared up.
    """
    with _held() as signals:
        process = subprocess.Popen([*COMMAND, *arguments], env=_environment())
        while process.poll() is None:
            if signal.SIGTERM in signals:
                process.send_signal(signal.SIGINT)
                process.wait()
            time.sleep(0.1)
    if signals:
        raise KeyboardInterrupt
    if process.returncode:
        raise UserError(f"dvc {' '.join(arguments[:2])} failed; what it said is above")


def _environment() -> dict[str, str]:
    """Stages run `python`, which is the one that runs this."""
    return os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


@contextlib.contextmanager
def _held() -> Iterator[list[int]]:
    """Collects signals: raised at once, one could get lost before the wait for DVC, which would then run on.

    Signals reach the main thread alone; another one gets none.
    """
    signals: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield signals
        return
    former = {n: signal.signal(n, lambda number, _: signals.append(number)) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield signals
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _reason(output: str) -> str:
    lines = ["no output", *filter(str.strip, output.splitlines())]
    error = next((i for i, line in enumerate(lines) if line.startswith("ERROR: ")), len(lines) - 1)
    said = lines[error - 1] if "failed to run" in lines[error] else lines[error]  # a stage says why just before DVC
    return said.removeprefix("ERROR: ").partition(" (dvc repro")[0]

"""What git knows of the project, and of the experiments that DVC keeps in it."""

import subprocess
from collections.abc import Collection
from pathlib import Path

from signs.core.errors import UserError


def git(*arguments: str) -> str:
    """Runs git in the current folder, and returns what it prints.

    Raises:
        UserError: Git failed; the message is git's.
    """
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(done.stderr or f"git {' '.join(arguments)} failed")
    return done.stdout


def experiments(name: str) -> list[str]:
    """The references of the experiments of this name, which may hold `*`, whichever commits they began from."""
    return git("for-each-ref", "--format=%(refname)", f"refs/exps/*/*/{name}").split()


def show(revision: str, path: str) -> str:
    """The text of a file in a revision; `path` is relative to the current folder.

    Raises:
        UserError: The revision has no such file.
    """
    return git("show", f"{revision}:./{path}")


def has_changed(revision: str, paths: Collection[str]) -> bool:
    """Whether files at or below these paths differ from those of a revision."""
    return bool(paths) and bool(git("diff", "--name-only", revision, "--", *paths))


def untracked(paths: Collection[str]) -> list[str]:
    """The files at or below these paths that git does not hold, without those that DVC does not look at."""
    ignored = f"--exclude-from={Path('.dvcignore').absolute()}"  # git takes a path from the root of the repository
    return git("ls-files", "--others", ignored, "--", *paths).splitlines() if paths else []

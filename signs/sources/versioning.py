"""Whether experiments in a queue get a folder of images: they see what git or DVC tracks."""

import subprocess
from pathlib import Path


def advice(folder: Path) -> str | None:
    """What to do about a folder that neither git nor DVC tracks; None if one does, or it lies outside of the project.

    Args:
        folder: Path below the working directory, which is the project.
    """
    try:
        below = folder.absolute().relative_to(Path.cwd())
    except ValueError:
        return None
    if any(Path(f"{place}.dvc").is_file() for place in (below, *below.parents)):
        return None
    tracked = subprocess.run(["git", "ls-files", "--", below.as_posix()], capture_output=True, text=True, check=False)
    if tracked.returncode or tracked.stdout:
        return None
    return (
        f"{folder} is tracked by neither git nor DVC, so experiments with --queue or --temp would not find it: run "
        f"dvc add {folder}, then git add {folder}.dvc"
    )

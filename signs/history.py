"""The history of a training: a row before the first and after each epoch."""

from pathlib import Path

from signs.datasets import replaced

Row = dict[str, float]


def best_epoch(history: list[Row]) -> int:
    """The epoch of the highest validation accuracy, at a tie of the lowest validation cost, then the first.

    Without validation it is the last.
    """
    if "valid_accuracy" not in history[0]:
        return len(history) - 1
    return max(range(len(history)), key=lambda i: (history[i]["valid_accuracy"], -history[i]["valid_cost"], -i))


def write(path: Path, history: list[Row]) -> None:
    """Writes a CSV with a column for each value, to six digits."""
    lines = [",".join(history[0]), *(",".join(f"{value:.6g}" for value in row.values()) for row in history)]
    with replaced(path) as partial:
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")

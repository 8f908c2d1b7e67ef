"""Tables of numbers, in files that DVC plots."""

from pathlib import Path

from signs.datasets import replaced

Table = list[dict[str, float]]


def write(path: Path, table: Table) -> None:
    """Writes a CSV with a column for each key of the first row, to six digits."""
    lines = [",".join(table[0]), *(",".join(f"{value:.6g}" for value in row.values()) for row in table)]
    with replaced(path) as partial:
        partial.write_text("\n".join(lines) + "\n", encoding="utf-8")

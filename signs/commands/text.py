"""Text for a terminal or for Markdown."""

import statistics
from collections.abc import Sequence


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], *, labels: int = 1, markdown: bool) -> str:
    """Renders a table.

    Args:
        headers: Of the columns.
        rows: As many cells each.
        labels: How many of the first columns hold words, on the left; the others hold numbers, on the right.
        markdown: Whether to render Markdown.
    """
    if markdown:
        rules = ["---"] * labels + ["---:"] * (len(headers) - labels)
        return "\n".join(f"| {' | '.join(row)} |" for row in [headers, rules, *rows])
    widths = [max(map(len, column)) for column in zip(headers, *rows, strict=True)]
    sides = ["<"] * labels + [">"] * (len(headers) - labels)
    layout = "  ".join(f"{{:{side}{width}}}" for side, width in zip(sides, widths, strict=True))
    return "\n".join(layout.format(*row).rstrip() for row in [headers, *rows])


def percent(shares: Sequence[float]) -> str:
    """The mean of shares of 1 in percent, and the sample standard deviation of more than one: `94.72 ± 0.29`."""
    deviation = f" ± {100 * statistics.stdev(shares):.2f}" if len(shares) > 1 else ""
    return f"{100 * statistics.fmean(shares):.2f}{deviation}"

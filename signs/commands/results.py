"""`signs results`: what recipes measured."""

import statistics

from signs.commands import records, text
from signs.commands.recipes import flat
from signs.commands.records import Record

# By column the metric that it shows; the first two order the rows.
ACCURACY = {
    "original": "original.test.accuracy",
    "augmented": "augmented.test.original.accuracy",
    "new signs": "augmented.test.synthetic.accuracy",
}
FROM_DRAWINGS = {
    "recall": "augmented.test.hidden.recall",
    "accuracy": "augmented.test.hidden.accuracy",
    "other classes": "augmented.test.others.accuracy",
}


def main(markdown: bool) -> None:
    """Prints mean and standard deviation over seeds of what each record in results/ holds."""
    found = records.read_all()
    unseen = [record for record in found if _values(record, FROM_DRAWINGS["recall"])]
    seen = [record for record in found if record not in unseen]
    tables = [
        _table("test accuracy, %", ACCURACY, seen, markdown=markdown),
        _table("classes learned from drawings alone, %", FROM_DRAWINGS, unseen, markdown=markdown),
    ]
    print("\n\n".join(filter(None, tables)))


def _table(title: str, columns: dict[str, str], found: list[Record], *, markdown: bool) -> str:
    rows = []
    for record in found:
        shown = [_values(record, metric) for metric in columns.values()]
        cells = [text.percent(values) if values else "" for values in shown]
        best = max((statistics.fmean(values) for values in shown[:2] if values), default=0.0)
        rows.append((best, [record.description, record.recipe, *cells, str(len(record.metrics))]))
    headers = [title, "recipe", *columns, "seeds"]
    return text.table(headers, [row for _, row in sorted(rows)], labels=2, markdown=markdown) if rows else ""


def _values(record: Record, metric: str) -> list[float]:
    """A metric of each seed; none where a seed lacks it."""
    found = [flat(metrics) for metrics in record.metrics.values()]
    return [metrics[metric] for metrics in found] if all(metric in metrics for metrics in found) else []

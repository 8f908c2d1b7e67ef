"""What the page tells of two models on the same test images."""

from typing import Any

import numpy as np

from signs.evaluation.comparison import compare
from signs.evaluation.diagnosis import Diagnosis
from signs.report.inputs import Diagnosed
from signs.report.sprites import Sprite

COMPARED_CLASSES = 10


def side_by_side(
    models: list[Diagnosed], typical: dict[int, int], sprite: Sprite, changed: int
) -> dict[str, Any] | None:
    """What the second model makes of the test images of the first; None where there is no second."""
    if len(models) < 2:
        return None
    first, second = compare(*(model.predictions for model in models[:2]))
    names = {row.id: row.name for model in models for row in model.diagnosis.classes.rows}
    test = models[0].dataset.test
    truth = np.searchsorted(models[1].diagnosis.classes.ids, test.labels)
    differ = np.flatnonzero(first.is_right != second.is_right)
    surest = np.argsort(-np.maximum(first.confidence, second.confidence)[differ], kind="stable")
    return {
        "first": models[0].name,
        "second": models[1].name,
        "images": len(test.labels),
        "both_right": int((first.is_right & second.is_right).sum()),
        "both_wrong": int((~first.is_right & ~second.is_right).sum()),
        "only_first": int((first.is_right & ~second.is_right).sum()),
        "only_second": int((~first.is_right & second.is_right).sum()),
        "changed": [
            {
                "tile": sprite.add(test.features[row]),
                "true": int(truth[row]),
                "first": names[int(first.ids[row])],
                "second": names[int(second.ids[row])],
                "first_confidence": round(float(first.confidence[row]), 4),
                "second_confidence": round(float(second.confidence[row]), 4),
                "image": int(row),
                "gained": bool(second.is_right[row]),
            }
            for row in differ[surest][:changed]
        ],
        "changed_total": len(differ),
        "classes": _differences(models[0].diagnosis, models[1].diagnosis, typical),
    }


def _differences(first: Diagnosis, second: Diagnosis, typical: dict[int, int]) -> list[dict[str, Any]]:
    recalls = [
        {row.id: scores["recall"] for row, scores in zip(found.classes.rows, found.per_class, strict=True)}
        for found in (first, second)
    ]
    rows = [
        {
            "id": row.id,
            "name": row.name,
            "tile": typical[row.id],
            "first": recalls[0][row.id],
            "second": recalls[1][row.id],
        }
        for row in first.classes.rows
        if recalls[0][row.id] is not None and recalls[1].get(row.id) is not None
    ]
    return sorted(rows, key=lambda row: (-abs(row["first"] - row["second"]), row["id"]))[:COMPARED_CLASSES]

"""What the page shows of two models on the same test images."""

from typing import Any

import numpy as np

from signs.evaluation.comparison import Answers, compare, judge
from signs.evaluation.diagnosis import Diagnosis
from signs.report.inputs import Diagnosed, file_of
from signs.report.sprites import Sprite

COMPARED_CLASSES = 10


def comparison(
    models: list[Diagnosed], typical: dict[int, int], sprite: Sprite, max_changed: int
) -> dict[str, Any] | None:
    """Compares the first two models on the test images of the first; None where there is only one.

    Args:
        models: Their results.
        typical: Tile of a typical image of each class, by class id.
        sprite: Collects the tiles.
        max_changed: Images shown that only one model classifies correctly, at most.
    """
    if len(models) < 2:
        return None
    first, second = compare(*(model.predictions for model in models[:2]))
    differ = np.flatnonzero(first.is_correct != second.is_correct)
    most_confident = np.argsort(-np.maximum(first.confidence, second.confidence)[differ], kind="stable")
    return {
        "first": models[0].name,
        "second": models[1].name,
        "images": len(first.rows),
        "both_correct": int((first.is_correct & second.is_correct).sum()),
        "both_wrong": int((~first.is_correct & ~second.is_correct).sum()),
        "verdict": judge(first.is_correct, second.is_correct)._asdict(),
        "changed": _changed(models[:2], (first, second), differ[most_confident][:max_changed], sprite),
        "changed_total": len(differ),
        "classes": _differences(models[0].diagnosis, models[1].diagnosis, typical),
    }


def _changed(
    models: list[Diagnosed], answers: tuple[Answers, Answers], rows: np.ndarray, sprite: Sprite
) -> list[dict[str, Any]]:
    """Images that only one model classifies correctly, by their rows in the test split of the first.

    `mistake`: the model that is wrong, and the row of its own test split; None where the page lacks that mistake.
    """
    (first, second), test = answers, models[0].dataset.test
    names = {row.id: row.name for model in models for row in model.diagnosis.classes.rows}
    truth = np.searchsorted(models[1].diagnosis.classes.ids, test.labels)
    mistakes = [set(model.diagnosis.mistakes.tolist()) for model in models]

    def changed(row: int) -> dict[str, Any]:
        wrong = int(first.is_correct[row])
        own = int(answers[wrong].rows[row])
        return {
            "tile": sprite.add(test.features[row]),
            "true": int(truth[row]),
            "first": names[int(first.ids[row])],
            "second": names[int(second.ids[row])],
            "first_confidence": round(float(first.confidence[row]), 4),
            "second_confidence": round(float(second.confidence[row]), 4),
            "image": int(row),
            "gained": wrong == 0,
            "mistake": [wrong, own] if own in mistakes[wrong] else None,
        }

    return [changed(row) | file_of(test, row) for row in rows]


def _differences(first: Diagnosis, second: Diagnosis, typical: dict[int, int]) -> list[dict[str, Any]]:
    """The classes whose recall differs most."""
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

"""The model card in Markdown: what a model is, what it was trained on, how accurate it is and where it fails."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from signs.core.files import replaced
from signs.core.params import Count, validated
from signs.core.text import visible
from signs.data import classes
from signs.data.classes import Classes, SignClass
from signs.evaluation.diagnosis import confused, confusion
from signs.evaluation.intervals import interval
from signs.evaluation.predictions import Predictions
from signs.networks import model_json
from signs.networks.model_json import Metadata
from signs.report.settings import flat

TEMPLATES = Path(__file__).parent / "templates"
ESCAPED = {ord(mark): f"\\{mark}" for mark in "\\`*_{}[]<>#|!~"}  # characters that mean something in Markdown


class Results(NamedTuple):
    """What a model was measured to do: `metrics` by `evaluate`, `stress` by `stress`, and its predictions."""

    metrics: dict[str, Any]
    stress: dict[str, Any]
    predictions: Predictions


@validated("card")
def describe(
    name: str,
    metadata: Metadata,
    known: Classes,
    results: Results,
    settings: dict[str, Any],
    same_as: str | None,
    *,
    weakest: Count,
) -> str:
    """Writes the card of a model.

    Args:
        name: Of the model.
        metadata: See `model_json`.
        known: The classes that it knows.
        results: What it was measured to do.
        settings: The sections `fetch` and `merge` of params.yaml.
        same_as: Name of another model that is bit for bit this one; None where there is none.
        weakest: Classes and pairs of classes named as weaknesses, at most.

    Returns:
        Markdown.

    Raises:
        UserError: A prediction's label is not among the classes.
    """
    predicted = results.predictions.softmax["test"].argmax(axis=1)
    truth = classes.indices(results.predictions.labels["test"], known.ids)
    matrix = confusion(truth, predicted, len(known))
    context = {
        "name": name,
        "same_as": same_as,
        "metadata": metadata,
        "refit": model_json.refit(metadata),
        "settings": [(key, str(value)) for key, value in flat({"train": metadata["train"]})],
        "classes": known.rows,
        "metrics": results.metrics,
        "stress": results.stress,
        "source": settings["fetch"]["source"],
        "hidden": [row for row in known.rows if row.id in settings["merge"]["hide_photographs_of"]],
        "accuracy": _share(int(np.trace(matrix)), len(truth)),
        "weakest": _weakest(matrix, known)[:weakest],
        "pairs": [_pair(matrix, known, *pair) for pair in confused(matrix)[:weakest]],
    }
    return _environment().get_template("model_card.md.jinja").render(context)


def write(path: Path, text: str) -> None:
    """Writes a card to a file."""
    with replaced(path) as partial:
        partial.write_text(text, encoding="utf-8")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=False,  # Markdown; names from outside go through the filter `plain`
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"plain": _plain, "percent": _percent}
    return environment


def _plain(text: str) -> str:
    return visible(" ".join(text.split())).translate(ESCAPED)


def _percent(share: float) -> str:
    return f"{100 * share:.2f}"


def _share(correct: int, images: int) -> dict[str, float]:
    low, high = interval(correct, images)
    return {"correct": correct, "images": images, "share": correct / images, "low": low, "high": high}


def _weakest(matrix: np.ndarray, known: Classes) -> list[tuple[SignClass, dict[str, float]]]:
    """The classes with mistakes, lowest recall first."""
    images = matrix.sum(axis=1)
    with_mistakes = np.flatnonzero(matrix.diagonal() < images)
    recalls = [(known.rows[place], _share(int(matrix[place, place]), int(images[place]))) for place in with_mistakes]
    return sorted(recalls, key=lambda recall: recall[1]["share"])


def _pair(matrix: np.ndarray, known: Classes, first: int, second: int) -> tuple[SignClass, SignClass, int, int]:
    """Two confused classes, and how many images of either are classified as the other; the larger number first."""
    if matrix[first, second] < matrix[second, first]:
        first, second = second, first
    return known.rows[first], known.rows[second], int(matrix[first, second]), int(matrix[second, first])

"""The model card: what a model is, what it was trained on, how well it does and where it fails, in Markdown."""

from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from signs.core.files import replaced
from signs.core.params import Count, validated
from signs.core.scores import interval
from signs.data import classes
from signs.data.classes import Classes
from signs.evaluation.diagnosis import confused, confusion
from signs.evaluation.predictions import Predictions
from signs.networks.model_json import Card

TEMPLATE = "model_card.md.jinja"
MARKED = {ord(mark): f"\\{mark}" for mark in "\\`*_{}[]<>#|!~"}  # what Markdown does not take as it stands


@validated("card")
def describe(
    name: str,
    card: Card,
    known: Classes,
    metrics: dict[str, Any],
    stress: dict[str, Any],
    predictions: Predictions,
    source: str,
    *,
    weakest: Count,
) -> str:
    """The card of a model as Markdown.

    Args:
        name: Of the model.
        card: What is known of it, see `cards`.
        known: Its classes.
        metrics: As `evaluate` gave them.
        stress: As `stress` gave them.
        predictions: Of validation and test.
        source: `fetch.source`, by which data have their licence.
        weakest: How many classes and pairs of classes are named as weaknesses, at most.

    Raises:
        ValueError: A prediction's label is none of the classes.
    """
    right = classes.indices(predictions.labels["test"], known.ids)
    matrix = confusion(predictions.softmax["test"], right)
    pairs = [(known.rows[i], known.rows[j], int(matrix[i, j]), int(matrix[j, i])) for i, j in confused(matrix)]
    context = {
        "name": name,
        "card": card,
        "settings": _flat(card["train"]),
        "classes": known.rows,
        "metrics": metrics,
        "stress": stress,
        "source": source,
        "accuracy": _share(int(np.trace(matrix)), len(right)),
        "weakest": _weakest(matrix, known)[:weakest],
        "pairs": pairs[:weakest],
    }
    return _environment().get_template(TEMPLATE).render(context)


def write(path: Path, text: str) -> None:
    """Writes a card."""
    with replaced(path) as partial:
        partial.write_text(text, encoding="utf-8")


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=False,  # Markdown; names from outside go through `plain`
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"plain": _plain, "percent": _percent}
    return environment


def _plain(text: str) -> str:
    return " ".join(text.split()).translate(MARKED)


def _percent(share: float) -> str:
    return f"{100 * share:.2f}"


def _share(right: int, images: int) -> dict[str, float]:
    low, high = interval(right, images)
    return {"right": right, "images": images, "share": right / max(1, images), "low": low, "high": high}


def _weakest(matrix: np.ndarray, known: Classes) -> list[tuple[classes.SignClass, dict[str, float]]]:
    shares = [_share(int(row[number]), int(row.sum())) for number, row in enumerate(matrix)]
    seen = [number for number, share in enumerate(shares) if share["images"] and share["share"] < 1]
    return [(known.rows[number], shares[number]) for number in sorted(seen, key=lambda i: shares[i]["share"])]


def _flat(settings: dict[str, Any], above: str = "") -> list[tuple[str, str]]:
    """Settings by dotted keys, of a choice among functions only what was chosen."""
    rows: list[tuple[str, str]] = []
    for key, value in settings.items():
        if not isinstance(value, dict):
            rows.append((above + key, str(value)))
        elif "name" in value:
            rows += [(above + key, value["name"]), *_flat(value[value["name"]], f"{above}{key}.")]
        else:
            rows += _flat(value, f"{above}{key}.")
    return rows

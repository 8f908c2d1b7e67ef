"""What an exported model says of itself: its classes, the images it takes, and how far to trust it."""

import json
import math
from dataclasses import asdict, dataclass
from typing import Any

from signs.core.errors import UserError

FILE_NAME = "model.json"
MAX_CLASSES = 65_536
MAX_SIDE = 4096  # pixels


@dataclass(frozen=True)
class Description:
    """The description of a model; it holds JSON values only.

    `classes`: `{"id": ..., "name": ...}` for each column of the probabilities.
    `height`, `width`: of the images that the model takes, in pixels.
    `threshold`: confidence, 0-1, above which an answer counts; None where no threshold reached the target accuracy.
    `temperature`: divides the logits, in the model itself.
    `data`: SHA-256 of the preprocessed data set that it was trained on.
    `metrics`: as `evaluate` wrote them.
    `licence`: of the model and of the images behind it.
    """

    classes: list[dict[str, Any]]
    height: int
    width: int
    threshold: float | None
    temperature: float
    data: str
    metrics: dict[str, Any]
    licence: str

    def __post_init__(self) -> None:
        for name, is_sound in _CHECKS.items():
            if not is_sound(getattr(self, name)):
                raise UserError(
                    f"the model's description has {name} {str(getattr(self, name))[:80]!r}; export it again"
                )

    @property
    def names(self) -> list[str]:
        """The names of the classes, in the order of the probabilities."""
        return [row["name"] for row in self.classes]

    def to_json(self) -> str:
        """One JSON object; the same description gives the same text."""
        return json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"

    def to_properties(self) -> dict[str, str]:
        """Each field as JSON under its name, sorted; for formats that hold pairs of texts."""
        return {name: json.dumps(value, sort_keys=True) for name, value in sorted(asdict(self).items())}


def from_json(text: str | bytes) -> Description:
    """A description from the text of `Description.to_json`.

    Raises:
        UserError: The text is not JSON, lacks a field, or holds a wrong value.
    """
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UserError(f"the model's description is not valid JSON: {error}; export it again") from None
    if not isinstance(fields, dict) or set(fields) != set(Description.__dataclass_fields__):
        raise UserError(
            f"the model's description must have {', '.join(sorted(Description.__dataclass_fields__))}; export it again"
        )
    return Description(**fields)


def from_properties(properties: dict[str, str]) -> Description:
    """A description from `Description.to_properties`; errors as `from_json`."""
    known = {name: text for name, text in properties.items() if name in Description.__dataclass_fields__}
    return from_json("{" + ",".join(f"{json.dumps(name)}:{text}" for name, text in known.items()) + "}")


def _is_class(row: Any) -> bool:
    keys = isinstance(row, dict) and set(row) == {"id", "name"}
    return keys and _is_whole(row["id"], 0, math.inf) and isinstance(row["name"], str)


def _is_whole(value: Any, low: float, high: float) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


_CHECKS = {
    "classes": lambda rows: isinstance(rows, list) and 0 < len(rows) <= MAX_CLASSES and all(map(_is_class, rows)),
    "height": lambda length: _is_whole(length, 1, MAX_SIDE),
    "width": lambda length: _is_whole(length, 1, MAX_SIDE),
    "threshold": lambda share: share is None or (_is_number(share) and 0 <= share <= 1),
    "temperature": lambda factor: _is_number(factor) and factor > 0,
    "data": lambda digest: isinstance(digest, str),
    "metrics": lambda metrics: isinstance(metrics, dict),
    "licence": lambda text: isinstance(text, str),
}

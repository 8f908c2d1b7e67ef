"""Spaces to search: which settings may take which values, from a short YAML file."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from signs.core import yaml_file
from signs.core.errors import UserError

RANGES = ("uniform", "log", "integer")
FORMS = "a list of values, or {uniform: [low, high]}, {log: [low, high]}, {integer: [low, high]}"
DIGITS = 4  # of a real number that is drawn: settings stay readable


class Range(NamedTuple):
    """The values of one setting.

    `kind`: `choice`, `uniform`, `log` (uniform in the logarithm) or `integer`. `values`: those to choose from, or the
    lowest and the highest.
    """

    kind: str
    values: tuple[Any, ...]

    def distribution(self) -> Any:
        """The range as Optuna knows it; values to choose from are JSON."""
        from optuna import distributions  # noqa: PLC0415  # of the extra `cluster`

        if self.kind == "choice":
            return distributions.CategoricalDistribution([json.dumps(value) for value in self.values])
        if self.kind == "integer":
            return distributions.IntDistribution(*self.values)
        return distributions.FloatDistribution(*self.values, log=self.kind == "log")

    def text(self, drawn: Any) -> str:
        """A value that was drawn, in the form that `dvc exp run -S` takes."""
        return drawn if self.kind == "choice" else json.dumps(self._rounded(drawn))

    def _rounded(self, drawn: float) -> float:
        if self.kind == "integer":
            return int(drawn)
        return min(max(float(f"{drawn:.{DIGITS}g}"), self.values[0]), self.values[1])


Fault = Callable[[str, Any], str | None]


def read(path: Path, known: dict[str, Any], fault: Fault) -> dict[str, Range]:
    """Reads a space.

    Args:
        path: A YAML file of settings, by dotted keys, and their ranges.
        known: All settings, by dotted keys.
        fault: Takes a key and a value; says what is wrong with them, if anything.

    Raises:
        UserError: It is another file, or has keys or ranges that cannot be; the error names all of them.
    """
    space, faults = dict[str, Range](), list[str]()
    for key, value in yaml_file.read(path).items():
        try:
            space[key] = _range(key, value, known)
            faults += [found for one in space[key].values if (found := fault(key, one))]
        except UserError as error:
            faults.append(str(error))
    if faults or not space:
        raise UserError(f"{path}: {'; '.join(faults) or f'it names no setting; write KEY: and {FORMS}'}")
    return space


def _range(key: str, value: Any, known: dict[str, Any]) -> Range:
    if key not in known:
        raise UserError(f"{key} is no setting of params.yaml")
    if isinstance(value, list):
        if len(value) < 2:
            raise UserError(f"{key} has {len(value)} values to choose from; give two or more")
        return Range("choice", tuple(value))
    if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in RANGES:
        raise UserError(f"{key} is {json.dumps(value, default=str)}; expected {FORMS}")
    ((kind, ends),) = value.items()
    return Range(kind, _ends(key, kind, ends, known[key]))


def _ends(key: str, kind: str, ends: Any, present: Any) -> tuple[float, ...]:
    if isinstance(present, str | bool | list | dict) and not _is_number(present):
        raise UserError(
            f"{key} is {json.dumps(present)} in params.yaml and has no lowest and highest value; give a list"
        )
    if not isinstance(ends, list) or len(ends) != 2 or not all(map(_is_number, ends)):
        raise UserError(f"{key}: {kind} takes [low, high], two numbers")
    low, high = map(float, ends)
    if low >= high:
        raise UserError(f"{key}: {low:g} is not below {high:g}; the lowest value comes first, then the highest")
    if kind == "log" and low <= 0:
        raise UserError(f"{key}: log takes numbers above 0, not {low:g}")
    if kind == "integer" and not (low.is_integer() and high.is_integer()):
        raise UserError(f"{key}: integer takes whole numbers, not {low:g} and {high:g}")
    return (int(low), int(high)) if kind == "integer" else (low, high)


def _is_number(value: Any) -> bool:
    """Whether it is one, or reads as one: YAML takes 1e-3 for a string."""
    try:
        return not isinstance(value, bool) and math.isfinite(float(value))
    except (TypeError, ValueError):
        return False

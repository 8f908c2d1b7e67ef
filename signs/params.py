"""One section of `params.yaml`, held to the signature of the function it is for."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, validate_call

PATH = Path("params.yaml")

P = ParamSpec("P")
R = TypeVar("R")


def _no_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("a number is expected, not a bool")
    return value


def _ascending(ends: tuple[float, float]) -> tuple[float, float]:
    if ends[0] > ends[1]:
        raise ValueError("the lowest value comes first, then the highest")
    return ends


# PyYAML reads `1e-3` as a string, so numbers are coerced; a bool is an int to Python, so it is refused.
Integer = Annotated[int, BeforeValidator(_no_bool)]
Real = Annotated[float, BeforeValidator(_no_bool), Field(allow_inf_nan=False)]
Seed = Annotated[Integer, Field(ge=0, lt=2**32)]
ClassId = Annotated[Integer, Field(ge=0)]
Count = Annotated[Integer, Field(ge=1)]
Share = Annotated[Real, Field(ge=0, le=1)]
NonNegative = Annotated[Real, Field(ge=0)]
Positive = Annotated[Real, Field(gt=0)]
Limited = Annotated[Real, Field(ge=-1000, le=1000)]
Range = Annotated[tuple[Limited, Limited], AfterValidator(_ascending)]
Amount = Annotated[Real, Field(ge=0, le=1000)]
Length = Annotated[Real, Field(ge=0, le=64)]  # pixels
Amounts = Annotated[tuple[Amount, Amount], AfterValidator(_ascending)]
Factors = Annotated[tuple[Positive, Positive], AfterValidator(_ascending)]
Lengths = Annotated[tuple[Length, Length], AfterValidator(_ascending)]
ShareRange = Annotated[tuple[Share, Share], AfterValidator(_ascending)]
Sha256 = Annotated[str, Field(pattern="^[0-9a-fA-F]{64}$")]


class Section(BaseModel):
    """A sub-section of params.yaml whose keys are the fields of its class, and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def load(section: str, path: Path = PATH) -> dict[str, Any]:
    """Reads one section; what it may hold is for the function it is passed to.

    Raises:
        ValueError: `path` is no YAML mapping, or has no such section.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict) or not _is_section(content.get(section)):
        raise ValueError(f"{path} has no section {section!r} with keys and values; it needs one")
    return content[section]


def _is_section(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)  # YAML reads `on` as a bool


def validated(section: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Checks and converts a function's arguments by its annotations on each call.

    Args:
        section: Where in params.yaml the keyword-only arguments come from, for the error.

    Raises:
        ValueError: By the decorated function, in one line: section, key, value, what is allowed.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        config = ConfigDict(arbitrary_types_allowed=True)
        checked = validate_call(config=config)(function)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return checked(*args, **kwargs)
            except ValidationError as error:
                raise ValueError(_explain(section, function, error)) from None

        return call

    return decorate


def settings(function: Callable[..., Any]) -> set[str]:
    """The keys of a function's section: its keyword-only arguments without a default."""
    parameters = inspect.signature(function).parameters.values()
    return {
        parameter.name
        for parameter in parameters
        if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty
    }


def _explain(section: str, function: Callable[..., Any], error: ValidationError) -> str:
    # A misspelt key is also a missing one; what was written tells more than what was not.
    first = min(error.errors(include_url=False), key=lambda problem: problem["type"].startswith("missing"))
    key = ".".join([section, *map(str, first["loc"])])
    if first["type"] in ("unexpected_keyword_argument", "multiple_argument_values"):
        return f"{PATH}: {key} is unknown; {section} takes {', '.join(sorted(settings(function)))}"
    if first["type"] == "extra_forbidden":
        return f"{PATH}: {key} is unknown; it is no setting there"
    if first["type"].startswith("missing"):
        return f"{PATH}: {key} is missing"
    got = repr(first["input"])
    return f"{PATH}: {key} is {got[:80]}; {first['msg'].removeprefix('Value error, ')}"


def choose(section: str, choice: dict[str, Any], functions: dict[str, Callable[..., R]]) -> Callable[..., R]:
    """The function that `choice["name"]` names, with the settings below that name bound to it.

    Args:
        section: Where in params.yaml `choice` stands, for the error.
        choice: `name`, and a sub-section for each alternative.
        functions: The alternatives by name.

    Raises:
        ValueError: There is no such alternative, or no sub-section for it.
    """
    name = choice.get("name")
    if not isinstance(name, str) or name not in functions:
        raise ValueError(f"{PATH}: {section}.name is {name!r}; it may be {', '.join(functions)}")
    unknown = set(choice) - {"name", *functions}
    if unknown:
        raise ValueError(f"{PATH}: {section}.{min(unknown)} is unknown; {section} takes name, {', '.join(functions)}")
    if not _is_section(choice.get(name)):
        raise ValueError(f"{PATH}: {section}.{name} is missing; it holds the settings of {name}")
    return functools.partial(functions[name], **choice[name])

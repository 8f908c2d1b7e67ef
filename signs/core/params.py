"""One section of `params.yaml`, held to the signature of the function it is for."""

import functools
import inspect
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, validate_call

from signs.core.errors import UserError

PATH = Path("params.yaml")

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound=BaseModel)


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


def load(section: str, path: Path = PATH, **chosen: str) -> dict[str, Any]:
    """Reads one section; what it may hold is for the function it is passed to.

    Args:
        section: Its name.
        path: Of params.yaml.
        **chosen: Keys whose value names an alternative, and the sections that hold the settings of each:
            `network="networks"` gives `{"name": "lenet", ...}` where the section has `network: lenet`.

    Raises:
        UserError: `path` is no YAML mapping, or has no such section or alternative.
    """
    content = read(path)
    found = dict(_section(content, section, path))
    for key, alternatives in chosen.items():
        found[key] = _alternative(found.get(key), f"{section}.{key}", alternatives, content, path)
    return found


def value(key: str, path: Path = PATH) -> Any:
    """One entry that stands in no section, or a section that may be anything; None where it is not there."""
    return read(path).get(key)


def read(path: Path) -> dict[str, Any]:
    """A YAML file of keys and values.

    Raises:
        UserError: It is missing, or something else.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not _is_section(content):
        raise UserError(f"{path} holds no keys and values")
    return content


def _section(content: dict[str, Any], section: str, path: Path) -> dict[str, Any]:
    if not _is_section(content.get(section)):
        raise UserError(f"{path} has no section {section!r} with keys and values; it needs one")
    return content[section]


def _alternative(name: object, key: str, alternatives: str, content: dict[str, Any], path: Path) -> dict[str, Any]:
    found = _section(content, alternatives, path)
    if not isinstance(name, str) or not _is_section(found.get(name)):
        raise UserError(f"{path}: {key} is {name!r}; {alternatives} has the settings of {', '.join(found)}")
    return {"name": name, **found[name]}


def _is_section(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)  # YAML reads `on` as a bool


def validated(section: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Checks and converts a function's arguments by its annotations on each call.

    Args:
        section: Where in params.yaml the keyword-only arguments come from, for the error.

    Raises:
        UserError: By the decorated function, in one line: section, key, value, what is allowed.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        config = ConfigDict(arbitrary_types_allowed=True)
        checked = validate_call(config=config)(function)

        @functools.wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return checked(*args, **kwargs)
            except ValidationError as error:
                raise UserError(f"{PATH}: {_explain(section, settings(function), error)}") from None

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


def _explain(section: str, known: Iterable[str], error: ValidationError) -> str:
    # A misspelt key is also a missing one; what was written tells more than what was not.
    first = min(error.errors(include_url=False), key=lambda problem: problem["type"].startswith("missing"))
    key = ".".join([section, *map(str, first["loc"])])
    if first["type"] in ("unexpected_keyword_argument", "multiple_argument_values"):
        return f"{key} is unknown; {section} takes {', '.join(sorted(known))}"
    if first["type"] == "extra_forbidden":
        return f"{key} is unknown; it is no setting there"
    if first["type"].startswith("missing"):
        return f"{key} is missing"
    got = repr(first["input"])
    return f"{key} is {got[:80]}; {first['msg'].removeprefix('Value error, ')}"


def choose(section: str, choice: dict[str, Any], functions: dict[str, Callable[..., R]]) -> Callable[..., R]:
    """The function that `choice["name"]` names, with its other entries bound as settings.

    Args:
        section: That holds the alternatives, for the error.
        choice: As `load` gives it for a chosen alternative.
        functions: The alternatives by name.

    Raises:
        UserError: There is no such alternative.
    """
    name = choice.get("name")
    if not isinstance(name, str) or name not in functions:
        raise UserError(f"{PATH}: {section} has no {name!r}; it may be {', '.join(functions)}")
    return functools.partial(functions[name], **{key: value for key, value in choice.items() if key != "name"})


def preset(kind: type[S]) -> Any:
    """The annotation of a setting that names a YAML file with the fields of `kind`; the object itself does, too."""
    return Annotated[kind, BeforeValidator(functools.partial(_read_preset, kind))]


def _read_preset(kind: type[S], value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return kind.model_validate(read(Path(value)))
    except ValidationError as error:
        raise UserError(_explain(value, kind.model_fields, error)) from None

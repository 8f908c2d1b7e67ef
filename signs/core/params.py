"""Sections of `params.yaml`, checked by the signatures of the functions that take them."""

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, validate_call

from signs.core.errors import UserError
from signs.core.yaml_file import is_section, read

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


# PyYAML reads `1e-3` as a string, so strings are converted to numbers. A bool is an int in Python, so it is refused.
# The upper bounds are far above what anybody needs: a slip such as a zero too many must not run for days.
Integer = Annotated[int, BeforeValidator(_no_bool)]
Real = Annotated[float, BeforeValidator(_no_bool), Field(allow_inf_nan=False)]
Seed = Annotated[Integer, Field(ge=0, lt=2**32)]
ClassId = Annotated[Integer, Field(ge=0, lt=2**62)]
Count = Annotated[Integer, Field(ge=1, le=1_000_000)]
Bins = Annotated[Integer, Field(ge=1, le=1000)]
Side = Annotated[Integer, Field(ge=1, le=4096)]  # of an image, in pixels
Threads = Annotated[Integer, Field(ge=1, le=1024)]
Share = Annotated[Real, Field(ge=0, le=1)]
NonNegative = Annotated[Real, Field(ge=0, le=1_000_000)]
Positive = Annotated[Real, Field(gt=0, le=1_000_000)]
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
    """A nested section of params.yaml, or a preset file. Its keys are the fields of its class, no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def load(section: str, path: Path = PATH, **chosen: str) -> dict[str, Any]:
    """Reads one section. The function that it is passed to checks its content.

    Args:
        section: Name of the section.
        path: The file params.yaml.
        **chosen: Keys that choose between alternatives, and the section that holds the settings of each:
            `network="networks"` turns `network: lenet` into `{"name": "lenet", ...}`.

    Raises:
        UserError: The file is no YAML mapping, or lacks the section or the alternative.
    """
    return _remembered(_load, path, section, tuple(chosen.items()))


def value(key: str, path: Path = PATH) -> Any:
    """Reads a setting that belongs to no section; None if it is missing."""
    return _remembered(_value, path, key)


def is_native() -> bool:
    """The setting `native`.

    Raises:
        UserError: It is anything but true or false.
    """
    native = value("native")
    if not isinstance(native, bool):
        raise UserError(f"{PATH}: native is {native!r}; expected true or false")
    return native


def check_unchanged() -> None:
    """Compares all settings and presets that this process has read with what the files say now.

    Raises:
        UserError: One differs; the error names it.
    """
    for (read_again, path, *arguments), before in _used.items():
        now = read_again(path, *arguments)
        if now != before:
            raise UserError(f"{path} changed while this ran: {_first_change(before, now, arguments[:1])}; set it back")


_used: dict[tuple, Any] = {}  # what was read, by the function that read it and its arguments


def _remembered(read: Callable[..., Any], path: Path, *arguments: Any) -> Any:
    _used[read, path, *arguments] = read(path, *arguments)
    return read(path, *arguments)  # another object: the caller may change it


def _load(path: Path, section: str, chosen: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    content = read(path)
    found = dict(_section(content, section, path))
    for key, alternatives in chosen:
        found[key] = _alternative(found.get(key), f"{section}.{key}", alternatives, content, path)
    return found


def _value(path: Path, key: str) -> Any:
    return read(path).get(key)


def _first_change(before: Any, now: Any, keys: Sequence[str]) -> str:
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted(before.keys() | now.keys(), key=str):
            if before.get(key) != now.get(key):
                return _first_change(before.get(key), now.get(key), [*keys, key])
    return f"{'.'.join(keys)} was {repr(before)[:80]} and is {repr(now)[:80]}"


def _section(content: dict[str, Any], section: str, path: Path) -> dict[str, Any]:
    if not is_section(content.get(section)):
        raise UserError(f"{path} has no section {section!r} with keys and values; it needs one")
    return content[section]


def _alternative(name: object, key: str, alternatives: str, content: dict[str, Any], path: Path) -> dict[str, Any]:
    found = _section(content, alternatives, path)
    if not isinstance(name, str) or not is_section(found.get(name)):
        raise UserError(f"{path}: {key} is {name!r}; section {alternatives} has settings for {', '.join(found)}")
    return {"name": name, **found[name]}


def validated(section: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorator that checks and converts the arguments of each call by their annotations.

    Args:
        section: Section of params.yaml that holds the keyword-only arguments, for errors.

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
                raise UserError(f"{PATH}: {_explain([section], settings(function), error)}") from None

        return call

    return decorate


def parse(kind: type[S], section: str, found: object) -> S:
    """Turns a section into an object.

    Args:
        kind: Class with a field for each key of the section.
        section: Name of the section, for errors.
        found: The section, as `load` gives it.

    Raises:
        UserError: A key or value is wrong; in one line: section, key, value, what is allowed.
    """
    try:
        return kind.model_validate(found)
    except ValidationError as error:
        raise UserError(f"{PATH}: {_explain([section], kind.model_fields, error)}") from None


def settings(function: Callable[..., Any]) -> set[str]:
    """The keys of a function's section: its keyword-only arguments without a default."""
    parameters = inspect.signature(function).parameters.values()
    return {
        parameter.name
        for parameter in parameters
        if parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty
    }


def _explain(section: list[str], known: Iterable[str], error: ValidationError) -> str:
    # A misspelt key is also a missing one; the key that was written says more.
    first = min(error.errors(include_url=False), key=lambda problem: problem["type"].startswith("missing"))
    # A part with a bracket is no key, but a type where several are allowed.
    keys = [str(part) for part in first["loc"] if "[" not in str(part)]
    key = ".".join([*section, *keys])
    if first["type"] in ("unexpected_keyword_argument", "multiple_argument_values", "extra_forbidden"):
        takes = f"{'.'.join(section) or 'it'} takes {', '.join(sorted(known))}"
        return f"{key} is unknown; {takes if len(first['loc']) == 1 else 'it is no setting there'}"
    if first["type"].startswith("missing"):
        return f"{key} is missing"
    return f"{key} is {repr(first['input'])[:80]}; {first['msg'].removeprefix('Value error, ')}"


def choose(section: str, choice: dict[str, Any], functions: dict[str, Callable[..., R]]) -> Callable[..., R]:
    """The function that `choice["name"]` names, with the other entries of `choice` bound as its settings.

    Args:
        section: Section that holds the alternatives, for the error.
        choice: A chosen alternative, as `load` gives it.
        functions: The alternatives by name.

    Raises:
        UserError: There is no such alternative.
    """
    name = choice.get("name")
    if not isinstance(name, str) or name not in functions:
        raise UserError(f"{PATH}: {section} has no {name!r}; it may be {', '.join(functions)}")
    return functools.partial(functions[name], **{key: value for key, value in choice.items() if key != "name"})


def preset(kind: type[S]) -> Any:
    """Annotation of a setting that names a YAML file with the fields of `kind`. An object of `kind` is accepted too."""
    return Annotated[kind, BeforeValidator(functools.partial(_read_preset, kind))]


def _read_preset(kind: type[S], value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return kind.model_validate(_remembered(read, Path(value)))
    except ValidationError as error:
        raise UserError(f"{value}: {_explain([], kind.model_fields, error)}") from None

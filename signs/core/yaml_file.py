"""YAML files of keys and values, such as params.yaml and presets."""

import copy
import functools
from pathlib import Path
from typing import Any

import yaml

from signs.core.errors import UserError
from signs.core.files import read_bytes

MAX_BYTES = 256 * 2**10
MAX_VALUES = 100_000  # with each alias counted as what it stands for: aliases of aliases grow without end
MAX_DEPTH = 30  # of nested values


def read(path: Path) -> dict[str, Any]:
    """Reads a YAML file of keys and values.

    Raises:
        UserError: The file is missing, too large, nested too deeply, or holds anything else.
    """
    try:
        return copy.deepcopy(_parse(read_bytes(path, MAX_BYTES), str(path)))
    except FileNotFoundError:
        raise UserError(f"{path} is missing") from None


def is_section(value: object) -> bool:
    """Whether a value is a mapping of names; YAML reads the key `on` as a bool."""
    return isinstance(value, dict) and all(isinstance(key, str) for key in value)


@functools.lru_cache(maxsize=16)  # a stage reads one file many times
def _parse(content: bytes, where: str) -> dict[str, Any]:
    try:
        found = _load(content.decode("utf-8"))
    except Exception as error:  # PyYAML passes on what int(), datetime() and others raise
        raise UserError(f"{where} is not valid YAML: {' '.join(str(error).split())}") from None
    if not is_section(found):
        raise UserError(f"{where} is not a YAML file of keys and values")
    return found


def _load(text: str) -> Any:
    loader = yaml.SafeLoader(text)
    try:
        root = loader.get_single_node()
        if root is not None:
            _check_size(root)
        return root and loader.construct_document(root)
    finally:
        loader.dispose()


def _check_size(root: yaml.Node) -> None:
    waiting, count = [(root, 1)], 0
    while waiting:
        node, depth = waiting.pop()
        count += 1
        if depth > MAX_DEPTH or count > MAX_VALUES:
            raise ValueError(f"it has more than {MAX_DEPTH} levels or {MAX_VALUES:,} values, aliases counted in full")
        if isinstance(node, yaml.MappingNode):
            waiting += [(part, depth + 1) for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            waiting += [(part, depth + 1) for part in node.value]

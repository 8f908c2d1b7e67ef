"""The settings of a run beside those that the project ships."""

from pathlib import Path
from typing import Any, NamedTuple

from signs.core import yaml_file

DEFAULTS = Path(__file__).parent / "defaults.yaml"  # params.yaml as the project ships it; a test compares the two
# Keys that choose an alternative, and the section of params.yaml with the settings of each.
ALTERNATIVES = {
    "train.network": "networks",
    "train.schedule": "schedules",
    "train.augmentation": "augmentations",
    "synthesize.recipe": "synthesis_recipes",
}
UNSET = "not set"  # of a key that a file lacks


class Setting(NamedTuple):
    """A setting by its dotted key in params.yaml; `default` is what the project ships, if that differs."""

    key: str
    value: str
    default: str | None


def compared(settings: dict[str, Any]) -> list[Setting]:
    """Compares settings with those that the project ships.

    Args:
        settings: Sections of params.yaml by name, as `params.load` gives them.

    Returns:
        All settings of the sections, in their order.
    """
    defaults = dict(flat(yaml_file.read(DEFAULTS)))
    rows = [(key, value, defaults.get(key, UNSET)) for key, value in flat(settings)]
    return [Setting(key, str(value), None if value == default else str(default)) for key, value, default in rows]


def flat(settings: dict[str, Any], above: str = "") -> list[tuple[str, Any]]:
    """Settings by their dotted keys in params.yaml.

    Args:
        settings: Sections by name, as `params.load` gives them. A chosen alternative gives its name under the key that
            chooses it, and its settings under the section of the alternatives: `networks.lenet.depths`.
        above: The key of these settings, with a dot behind it.
    """
    rows: list[tuple[str, Any]] = []
    for name, value in settings.items():
        key = f"{above}{name}"
        if key in ALTERNATIVES and isinstance(value, dict):
            chosen = {inner: entry for inner, entry in value.items() if inner != "name"}
            rows += [(key, value["name"]), *flat(chosen, f"{ALTERNATIVES[key]}.{value['name']}.")]
        elif isinstance(value, dict) and value:
            rows += flat(value, f"{key}.")
        else:
            rows.append((key, value))
    return rows

"""Recipes: what was published, as the settings that differ from params.yaml."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from signs.core import params
from signs.core.errors import UserError

FOLDER = Path("recipes")
TARGETS = "targets"  # the key of a recipe that is no setting
TRAIN_SEED, FOLD, SOURCE = "train.seed", "fetch.fold", "fetch.source"
REFIT = "train.refit."
FOLDED_SOURCES = ("gtsrb", "folders")
SHARDS = "train.shards"  # as many cores as training uses
SEED = json.dumps("${seed}")  # in a recipe: the seed of the run


class Recipe(NamedTuple):
    """What to run.

    `name`: of its file, empty for params.yaml as it is. `description`: one line. `targets`: stages to run up to, none
    for all. `settings`: by dotted keys, in the form that `dvc exp run -S` takes. `folds`: their number, 0 where the
    runs of the recipe differ in their seeds.
    """

    name: str
    description: str
    targets: tuple[str, ...]
    settings: dict[str, str]
    folds: int = 0

    def changed(self, targets: list[str], settings: list[str]) -> "Recipe":
        """The recipe with other targets (none keeps its own), and further settings, each as `key=value`.

        Raises:
            UserError: A setting has another form, or sets the seed.
        """
        merged = dict(self.settings)
        for text in settings:
            key, equals, value = text.partition("=")
            if not key or not equals:
                raise UserError(f"-S {text} has no value; write -S KEY=VALUE, as -S train.epochs=20")
            if key == TRAIN_SEED:
                raise UserError(f"-S {text} would be overruled; give seeds as --seeds 1 2 3")
            merged[key] = value
        return self._replace(targets=tuple(targets) or self.targets, settings=merged)

    def folded(self, folds: int) -> "Recipe":
        """The recipe with so many folds in place of seeds, and the seed of params.yaml.

        A fold validates, so `train.refit` is left out.

        Raises:
            UserError: It names a fold, or is for a source that has none.
        """
        if FOLD in self.settings:
            raise UserError(f"{FOLD} {self.settings[FOLD]} would be overruled by --folds; give one of both")
        values = self.values
        if (source := values[SOURCE]) not in FOLDED_SOURCES:
            raise UserError(
                f"--folds needs {SOURCE} to be {' or '.join(FOLDED_SOURCES)}, which tell which images show the same "
                f"sign, and it is {source}"
            )
        held_out = dict.fromkeys(self.refit, "null")
        return self._replace(settings=self.numbered(values[TRAIN_SEED]) | held_out, folds=folds)

    @property
    def word(self) -> str:
        """What the numbers of the runs are, `seed` or `fold`."""
        return "fold" if self.folds else "seed"

    def numbered(self, number: int) -> dict[str, str]:
        """The settings of the run with this seed, or of this fold."""
        if self.folds:
            return self.settings | {FOLD: json.dumps(f"{number}/{self.folds}")}
        return self.settings | dict.fromkeys(self.varied, str(number))

    @property
    def values(self) -> dict[str, Any]:
        """All settings by dotted keys, those of params.yaml included."""
        return flat(params.read(params.PATH)) | {key: yaml.safe_load(text) for key, text in self.settings.items()}

    @property
    def refit(self) -> list[str]:
        """The settings by which training learns the validation images, none where it holds them out."""
        return [key for key, value in self.values.items() if key.startswith(REFIT) and value is not None]

    @property
    def varied(self) -> list[str]:
        """The settings that differ between runs: the fold, or the seed of training and what is given as `${seed}`."""
        if self.folds:
            return [FOLD]
        return [TRAIN_SEED, *(key for key, value in self.settings.items() if value == SEED)]


PLAIN = Recipe("", "params.yaml as it is", (), {})


def read(name: str) -> Recipe:
    """Reads `recipes/NAME.yaml`: a comment that describes it, `targets`, and settings, nested or by dotted keys.

    Raises:
        UserError: There is no such recipe, or it has another form.
    """
    path = FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise UserError(f"{path} is missing; there are {', '.join(names())}")
    content = params.read(path)
    targets = content.pop(TARGETS, [])
    if not isinstance(targets, list) or not all(isinstance(target, str) for target in targets):
        raise UserError(f"{path}: {TARGETS} is {targets!r}; write a list of stages, as [evaluate@original]")
    first = path.read_text(encoding="utf-8").splitlines()[0]
    description = first.lstrip("# ") if first.startswith("#") else name
    return Recipe(name, description, tuple(targets), {key: json.dumps(value) for key, value in flat(content).items()})


def names() -> list[str]:
    """The names of all recipes."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def flat(content: dict[str, Any]) -> dict[str, Any]:
    """Values by dotted keys: `{"a": {"b": 1}}` gives `{"a.b": 1}`; a list is a value, as is an empty mapping."""
    found: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, dict) and value:
            found |= {f"{key}.{below}": leaf for below, leaf in flat(value).items()}
        else:
            found[key] = value
    return found

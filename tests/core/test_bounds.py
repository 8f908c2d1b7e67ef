"""Every number of params.yaml and presets is bounded: a slip of the hand must not fill memory or run for days."""

import copy
import functools
from pathlib import Path

import numpy as np
import pytest
import yaml

from signs.core.errors import UserError
from signs.data.classes import Classes
from signs.data.datasets import DataSet
from signs.data.splits import Split
from signs.deployment.framing import framed
from signs.evaluation import predictor
from signs.evaluation.diagnosis import diagnose
from signs.evaluation.metrics import evaluate
from signs.evaluation.predictions import Predictions
from signs.evaluation.stress import stress
from signs.exploration.preview import preview
from signs.exploration.summary import explore
from signs.networks import architectures
from signs.networks.store import Model
from signs.preparation.preprocessing import preprocess
from signs.report import model_card, page
from signs.report.model_card import Results
from signs.sources.folders import read_folders
from signs.sources.gtsrb import read_gtsrb
from signs.sources.sample import render_sample
from signs.synthesis.article import vary
from signs.synthesis.randomized import randomize
from signs.synthesis.synthesis import synthesize
from signs.training import augmentation, schedules, settings

ROOT = Path(__file__).parents[2]
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text())
PRESETS = {path: yaml.safe_load(path.read_text()) for path in sorted((ROOT / "presets").rglob("*.yaml"))}
UNSET = [("preprocess", "min_brightness"), ("train", "patience")]  # numbers that are off in params.yaml
AUTOMATIC = [("train", "epochs"), ("train", "batch_size")]
NOWHERE, NO_CLASSES = Path("nowhere"), Classes(())
NO_IMAGES = Split(np.empty((0, 1, 1, 3), np.uint8), np.empty(0, np.int64))
DATA = DataSet(NO_IMAGES, NO_IMAGES, NO_IMAGES, NO_CLASSES)
PREDICTED = Predictions(np.empty(0), {}, {})
MODEL = ("original", {}, NO_CLASSES, Results({}, {}, PREDICTED), {}, None)
UNTRAINED = (Model(None, NO_CLASSES, {}), {}, DATA, {})
HUGE = (10**9, 1e308)


def train(**section):
    alternatives = {"network": {}, "schedule": {}, "augmentation": {}}
    return settings.of_model("original", section | alternatives, PARAMS["load_from"], 100)


def load_from(**section):
    return settings.of_model("original", PARAMS["train"], {"original": section}, 100)


def network(name, **section):
    return architectures.build({"name": name, **section}, 3)


SECTIONS = {
    "fetch.sample": functools.partial(render_sample, NOWHERE, NO_CLASSES),
    "fetch.gtsrb": functools.partial(read_gtsrb, NOWHERE, NO_CLASSES),
    "fetch.folders": functools.partial(read_folders, NOWHERE),
    "explore": functools.partial(explore, DATA),
    "preprocess": functools.partial(preprocess, DATA),
    "synthesize": functools.partial(synthesize, NOWHERE, NOWHERE, NO_CLASSES),
    "synthesis_recipes.article": functools.partial(vary, np.empty((0, 32, 32, 3), np.uint8)),
    "synthesis_recipes.randomized": functools.partial(randomize, {}, 32, 32, [1], None),
    "preview": functools.partial(preview, DATA, DATA, {}),
    "train": train,
    "load_from.original": load_from,
    "load_from.augmented": load_from,
    "networks.lenet": functools.partial(network, "lenet"),
    "networks.convnet": functools.partial(network, "convnet"),
    "schedules.cosine": schedules.cosine,
    "augmentations.camera": functools.partial(augmentation.camera, np.empty(0)),
    "predict": functools.partial(predictor.read, NOWHERE),
    "evaluate": functools.partial(evaluate, {}, {}, NO_CLASSES),
    "export": functools.partial(framed, *UNTRAINED),
    "stress": functools.partial(stress, lambda images: images, NO_IMAGES, None),
    "card": functools.partial(model_card.describe, *MODEL),
    "diagnose": functools.partial(diagnose, PREDICTED, NO_CLASSES),
    "report": functools.partial(page.build, [], [], [], {}),
}


def numbers(content, above=()):
    """The paths of all numbers but seeds, of which each does as well as any other."""
    if isinstance(content, dict | list):
        items = content.items() if isinstance(content, dict) else enumerate(content)
        return [path for key, value in items for path in numbers(value, (*above, key))]
    return [above] if isinstance(content, int | float) and not isinstance(content, bool) and above[-1] != "seed" else []


def with_value(content, path, value):
    """A copy that differs in one place."""
    changed = copy.deepcopy(content)
    functools.reduce(lambda found, key: found[key], path[:-1], changed)[path[-1]] = value
    return changed


def dotted(path):
    """The keys of a path, without places in lists."""
    return ".".join(key for key in path if isinstance(key, str))


def values():
    places = sorted({*numbers(PARAMS), *UNSET, *AUTOMATIC}, key=str)
    return [
        pytest.param(place, value, id=f"{'.'.join(map(str, place))}={value:g}") for place in places for value in HUGE
    ]


@pytest.mark.parametrize(("place", "value"), values())
def test_a_huge_number_is_refused_before_work_starts(place, value, monkeypatch):
    monkeypatch.chdir(ROOT)
    (section,) = (name for name in SECTIONS if dotted(place).startswith(f"{name}."))
    content = functools.reduce(dict.get, section.split("."), with_value(PARAMS, place, value))
    key = dotted(place).replace("load_from.augmented", "load_from.original")  # one function reads both
    with pytest.raises(UserError, match=rf"^params\.yaml: {key}[. 0-9]*is ") as caught:
        SECTIONS[section](**content)
    assert "\n" not in str(caught.value)


USES = {"corruptions": ("stress", "corruptions"), "cameras": ("fetch.sample", "camera")}


@pytest.mark.parametrize("value", HUGE)
@pytest.mark.parametrize("preset", [path for path in PRESETS if numbers(PRESETS[path])], ids=lambda path: path.stem)
def test_a_huge_number_in_a_preset_is_refused_before_work_starts(preset, value, tmp_path):
    section, key = next(use for name, use in USES.items() if name in str(preset))
    content = functools.reduce(dict.get, section.split("."), PARAMS)
    for place in numbers(PRESETS[preset]):
        path = tmp_path / "preset.yaml"
        path.write_text(yaml.safe_dump(with_value(PRESETS[preset], place, value)))
        with pytest.raises(UserError, match=rf"preset\.yaml: {dotted(place)}[. 0-9]*is ") as caught:
            SECTIONS[section](**content | {key: str(path)})
        assert "\n" not in str(caught.value)

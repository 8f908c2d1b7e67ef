"""The report: one page on the data and the models."""

import functools
from importlib import metadata
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from signs.core.files import replaced
from signs.core.params import Count, validated
from signs.exploration.preview import Preview
from signs.report import comparison, data_sets, models, new_signs, summary
from signs.report.inputs import Diagnosed, Explored
from signs.report.settings import compared
from signs.report.sprites import Sprite

TEMPLATES = Path(__file__).parent / "templates"
LIBRARIES = ("tensorflow", "keras", "numpy", "opencv-python-headless", "scikit-learn")


@validated("report")
def build(
    explored: list[Explored],
    previews: list[Preview],
    diagnosed: list[Diagnosed],
    settings: dict[str, Any],
    *,
    correct_per_class: Count,
    max_changed: Count,
) -> dict[str, Any]:
    """Collects what the page shows.

    Args:
        explored: The data sets as they were fetched and synthesized, the fetched one first. An empty one is left out.
        previews: The new signs.
        diagnosed: The models; the first two are compared.
        settings: Sections of params.yaml, and `native`.
        correct_per_class: Correctly classified images shown of each class, at most.
        max_changed: Images shown that only one model classifies correctly, at most.

    Returns:
        The context of the template `index.html.jinja`.
    """
    height, width = explored[0].dataset.train.features.shape[1:3]
    sprite = Sprite(height, width)
    data = [data_sets.data_set(part, sprite) for part in explored if part.dataset.classes.rows]
    tiles = data_sets.typical(data, diagnosed)
    every, hidden = settings["preview"]["sample_every"], settings["merge"]["hide_photographs_of"]
    stress = {key: settings["stress"][key] for key in ("seed", "corruptions")}
    return {
        "summary": summary.summary(explored[0], diagnosed[-1], settings),
        "images": diagnosed[-1].metrics["images"],
        "data": data,
        "new_signs": [new_signs.new_sign(one, diagnosed[-1].diagnosis, sprite, every, hidden) for one in previews],
        "models": [models.model(one, tiles, sprite, settings, correct_per_class) for one in diagnosed],
        "corrupted": data_sets.corrupted_examples(explored[0], sprite, **stress),
        "comparison": comparison.comparison(diagnosed, tiles, sprite, max_changed),
        "keep": settings["train"]["keep"],
        "native": settings["native"],
        "params": [setting._asdict() for setting in compared(settings)],
        "versions": [[name, metadata.version(name)] for name in LIBRARIES],
        "sprite": sprite.sheet(),
    }


def render(context: dict[str, Any]) -> str:
    """Renders the page as one HTML file without links to others; all text of the context is escaped."""
    return _template().render(context)


@functools.cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("index.html.jinja")


def write(path: Path, context: dict[str, Any]) -> None:
    """Renders the page to a file."""
    with replaced(path) as partial:
        partial.write_text(render(context), encoding="utf-8")

"""The report: one page with all that a person wants to know of the data and of the models."""

import functools
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from signs import images
from signs.classes import SignClass
from signs.comparison import compare
from signs.corruption import Corruptions, corrupted
from signs.datasets import replaced
from signs.diagnosis import Diagnosis
from signs.findings import Diagnosed, Explored
from signs.history import best_epoch
from signs.params import Count, validated
from signs.preview import Preview
from signs.scores import interval
from signs.sprites import Sprite, data_uri

PAGE = Path(__file__).parent / "page"
LIBRARIES = ("tensorflow", "keras", "numpy", "opencv-python-headless", "scikit-learn")
MATRIX_CLASSES = 100  # more are no matrix that a person reads
SHOWN_COPIES = 8  # a pair of splits
LEAST_PROBABILITY = 0.01  # that is drawn
DRAWING_SIDE = 192  # pixels
COMPARED_CLASSES = 10


@validated("report")
def build(
    explored: list[Explored],
    previews: list[Preview],
    diagnosed: list[Diagnosed],
    settings: dict[str, Any],
    *,
    right: Count,
    changed: Count,
) -> dict[str, Any]:
    """Gathers what the page shows.

    Args:
        explored: The raw data sets, the one that was fetched first.
        previews: The new signs.
        diagnosed: The models; the first two are compared.
        settings: Sections of params.yaml.
        right: Of each class so many images that a model got right.
        changed: At most so many images that one model got right and the other wrong.

    Returns:
        The context of the template `page/index.html.jinja`.
    """
    height, width = explored[0].dataset.train.features.shape[1:3]
    sprite = Sprite(height, width)
    data = [_data(part, sprite) for part in explored]
    typical = _typical(data, diagnosed)
    return {
        "images": diagnosed[-1].metrics["images"],
        "data": data,
        "new_signs": [
            _new_sign(preview, diagnosed[-1].diagnosis, sprite, settings["preview"]["every"]) for preview in previews
        ],
        "models": [_model(model, typical, sprite, right) for model in diagnosed],
        "corrupted": _corrupted(explored[0], sprite, settings["stress"]),
        "comparison": _comparison(diagnosed, typical, sprite, changed),
        "keep": settings["train"]["keep"],
        "params": [[key, str(value)] for key, value in _flat(settings)],
        "versions": [[name, metadata.version(name)] for name in LIBRARIES],
        "sprite": sprite.sheet(),
    }


def render(context: dict[str, Any]) -> str:
    """The page as HTML, whole in itself; all text of the context is escaped."""
    return _template().render(context)


@functools.cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(PAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("index.html.jinja")


def write(path: Path, context: dict[str, Any]) -> None:
    """Renders the page to a file."""
    with replaced(path) as partial:
        partial.write_text(render(context), encoding="utf-8")


def _data(part: Explored, sprite: Sprite) -> dict[str, Any]:
    found, splits = part.found, part.dataset.splits
    names = {row.id: row.name for row in part.dataset.classes.rows}
    train = part.dataset.train.features

    def example(pair: dict[str, Any], copy: dict[str, Any]) -> dict[str, Any]:
        result = {"similarity": copy["similarity"]}
        for side in ("first", "second"):
            split = splits[pair[side]]
            result[side] = sprite.add(split.features[copy[side]])
            result[f"{side}_name"] = names[int(split.labels[copy[side]])]
        return result

    return {
        "name": part.name,
        "digest": part.digest,
        "shape": found["image_shape"],
        "images": found["images"],
        "sampled": max(found["looked_at"].values()) if found["looked_at"] != found["images"] else None,
        "origin": " and ".join(sorted({row.origin for row in part.dataset.classes.rows})),
        "classes": [
            row | {kind: sprite.add(train[row[kind]]) for kind in ("typical", "brightest", "darkest")}
            for row in found["classes"]
        ],
        "brightness": found["brightness"],
        "duplicates": [
            pair | {"examples": [example(pair, copy) for copy in pair["examples"][:SHOWN_COPIES]]}
            for pair in found["copies"]
        ],
    }


def _new_sign(preview: Preview, diagnosis: Diagnosis, sprite: Sprite, every: int) -> dict[str, Any]:
    height, width = preview.drawing.shape[:2]
    scale = min(1.0, DRAWING_SIDE / max(height, width))
    drawing = images.resize(preview.drawing, max(1, round(height * scale)), max(1, round(width * scale)))
    return {
        "name": preview.name,
        "drawing": data_uri(drawing),
        "drawings": preview.drawings,
        "nearest": [list(pair) for pair in preview.nearest],
        "origin": next((row.origin for row in diagnosis.classes.rows if row.name == preview.name), None),
        "taken_for": _taken_for(preview.name, diagnosis),
        "ladder": [sprite.add(image) for image in preview.ladder],
        "every": every,
        "samples": [sprite.add(image) for image in preview.samples],
    }


def _taken_for(name: str, diagnosis: Diagnosis) -> list[list[Any]] | None:
    """The other classes that test images of a class are taken for, and how many of them, the most first.

    None where no test image is of the class.
    """
    names = diagnosis.classes.names
    row = diagnosis.matrix[names.index(name)] if name in names else np.zeros(1)
    if not row.any():
        return None
    taken = [other for other in np.argsort(-row, kind="stable") if row[other] and names[other] != name]
    return [[names[other], int(row[other])] for other in taken]


def _typical(data: list[dict[str, Any]], diagnosed: list[Diagnosed]) -> dict[int, int]:
    """The tile of each class by the id that models know it by; classes that were joined go by their names."""
    fetched, *others = ({row["id"]: row for row in part["classes"]} for part in data)
    joined = {row["name"]: row["typical"] for part in others for row in part.values()}
    return {
        row.id: fetched[row.id]["typical"] if row.id in fetched else joined[row.name]
        for model in diagnosed
        for row in model.diagnosis.classes.rows
    }


def _model(model: Diagnosed, typical: dict[int, int], sprite: Sprite, right: int) -> dict[str, Any]:
    found, test = model.diagnosis, model.dataset.test.features
    truth = np.searchsorted(found.classes.ids, model.dataset.test.labels)
    softmax = model.predictions.softmax["test"]
    matrix = found.matrix

    def tested(rows: np.ndarray) -> list[dict[str, Any]]:
        return [
            {
                "tile": sprite.add(test[row]),
                "image": int(row),
                "true": int(truth[row]),
                "predicted": int(softmax[row].argmax()),
                "confidence": round(float(softmax[row].max()), 4),
                "truth": round(float(softmax[row, truth[row]]), 4),
            }
            for row in rows
        ]

    is_right = softmax.argmax(axis=1) == truth
    chosen = [np.flatnonzero(is_right & (truth == position))[:right] for position in range(len(found.classes))]
    return {
        "name": model.name,
        "classes": [
            row._asdict() | {"tile": typical[row.id]} | scores
            for row, scores in zip(found.classes.rows, found.per_class, strict=True)
        ],
        "metrics": model.metrics,
        "accuracy": _share(is_right),
        "parts": _parts(found.classes.rows, truth, is_right),
        "history": [row | {"epoch": int(row["epoch"])} for row in model.history],
        "best_epoch": best_epoch(model.history),
        "confusion": [[row, column, int(matrix[row, column])] for row, column in np.argwhere(matrix).tolist()],
        "matrix_classes": _in_matrix(matrix),
        "pairs": [
            {
                "first": first,
                "second": second,
                "forward": int(matrix[first, second]),
                "backward": int(matrix[second, first]),
            }
            for first, second in found.confused
        ],
        "reliability": found.reliability,
        "acceptance": model.acceptance,
        "corruptions": model.corruptions,
        "stress": model.stress,
        "average_probability": [
            [[int(place), round(float(row[place]), 4)] for place in np.argsort(-row) if row[place] >= LEAST_PROBABILITY]
            for row in np.nan_to_num(found.average)
        ],
        "mistakes": [
            mistake | {"attention": "".join(map(str, np.rint(places * 9).astype(int).ravel()))}
            for mistake, places in zip(tested(found.mistakes), model.attention, strict=True)
        ],
        "attention_shape": list(model.attention.shape[1:]),
        "mistakes_total": int((~is_right).sum()),
        "right": tested(np.concatenate(chosen)),
    }


def _corrupted(part: Explored, sprite: Sprite, settings: dict[str, Any]) -> dict[str, Any]:
    """What each corruption does to the typical image of the class with the most test images."""
    chosen = max(part.found["classes"], key=lambda row: row["test"])
    image = part.dataset.train.features[[chosen["typical"]]]
    tiles: dict[str, list[int]] = {}
    for name, _, images_ in corrupted(image, Corruptions(**settings["corruptions"]), settings["seed"]):
        tiles.setdefault(name, []).append(sprite.add(images_[0]))
    return {"name": chosen["name"], "tile": sprite.add(image[0]), "tiles": tiles}


def _in_matrix(matrix: np.ndarray) -> list[int]:
    """The positions of all classes, or of those that take part in most confusions, ascending."""
    confusions = (matrix + matrix.T).sum(axis=1) - 2 * matrix.diagonal()
    return sorted(np.argsort(-confusions, kind="stable")[:MATRIX_CLASSES].tolist())


def _share(is_right: np.ndarray) -> dict[str, Any]:
    low, high = interval(int(is_right.sum()), len(is_right))
    return {"value": float(is_right.mean()), "low": low, "high": high, "images": len(is_right)}


def _parts(rows: tuple[SignClass, ...], truth: np.ndarray, is_right: np.ndarray) -> list[dict[str, Any]]:
    synthetic = np.array([row.is_synthetic for row in rows])[truth]
    if synthetic.all() or not synthetic.any():
        return []
    parts = {"original classes": ~synthetic, "synthetic classes": synthetic}
    return [{"name": name} | _share(is_right[chosen]) for name, chosen in parts.items()]


def _comparison(
    models: list[Diagnosed], typical: dict[int, int], sprite: Sprite, changed: int
) -> dict[str, Any] | None:
    """What the second model makes of the test images of the first; None where there is no second."""
    if len(models) < 2:
        return None
    first, second = compare(*(model.predictions for model in models[:2]))
    names = {row.id: row.name for model in models for row in model.diagnosis.classes.rows}
    test = models[0].dataset.test
    truth = np.searchsorted(models[1].diagnosis.classes.ids, test.labels)
    differ = np.flatnonzero(first.is_right != second.is_right)
    surest = np.argsort(-np.maximum(first.confidence, second.confidence)[differ], kind="stable")
    return {
        "first": models[0].name,
        "second": models[1].name,
        "images": len(test.labels),
        "both_right": int((first.is_right & second.is_right).sum()),
        "both_wrong": int((~first.is_right & ~second.is_right).sum()),
        "only_first": int((first.is_right & ~second.is_right).sum()),
        "only_second": int((~first.is_right & second.is_right).sum()),
        "changed": [
            {
                "tile": sprite.add(test.features[row]),
                "true": int(truth[row]),
                "first": names[int(first.ids[row])],
                "second": names[int(second.ids[row])],
                "first_confidence": round(float(first.confidence[row]), 4),
                "second_confidence": round(float(second.confidence[row]), 4),
                "image": int(row),
                "gained": bool(second.is_right[row]),
            }
            for row in differ[surest][:changed]
        ],
        "changed_total": len(differ),
        "classes": _differences(models[0].diagnosis, models[1].diagnosis, typical),
    }


def _differences(first: Diagnosis, second: Diagnosis, typical: dict[int, int]) -> list[dict[str, Any]]:
    recalls = [
        {row.id: scores["recall"] for row, scores in zip(found.classes.rows, found.per_class, strict=True)}
        for found in (first, second)
    ]
    rows = [
        {
            "id": row.id,
            "name": row.name,
            "tile": typical[row.id],
            "first": recalls[0][row.id],
            "second": recalls[1][row.id],
        }
        for row in first.classes.rows
        if recalls[0][row.id] is not None and recalls[1].get(row.id) is not None
    ]
    return sorted(rows, key=lambda row: (-abs(row["first"] - row["second"]), row["id"]))[:COMPARED_CLASSES]


def _flat(settings: dict[str, Any], above: str = "") -> list[tuple[str, Any]]:
    rows = []
    for key, value in settings.items():
        rows += _flat(value, f"{above}{key}.") if isinstance(value, dict) and value else [(f"{above}{key}", value)]
    return rows

"""What a look at a data set shows before a network is trained on it."""

import itertools
import json
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from signs.core.errors import UserError
from signs.core.files import replaced
from signs.core.params import Count, Real, Seed, validated
from signs.data import pixels
from signs.data.classes import Classes
from signs.data.datasets import SPLITS, DataSet, Split
from signs.exploration import copies
from signs.exploration.copies import Prepared

BRIGHTNESS_EDGES = np.arange(0, 261, 10)  # of the histograms of mean pixel values
SHOWN_COPIES = 24  # a pair of splits

Likeness = Annotated[Real, Field(ge=0.95, le=1)]


class Exploration(NamedTuple):
    """What `explore` found.

    `found`: values for JSON. `image_shape`, `images` (by split), `looked_at` (likewise), `classes` (`id`,
    `name`, `origin`, `train`, `valid`, `test`; positions in the training split of the `typical`, the
    `brightest` and the `darkest` image), `brightness` (`edges` and counts for `train` and `valid`), `copies`
    (for each pair of splits `first`, `second`, how many of the second's `images` are `exact` or `near` copies
    of the first's, and `examples` of positions in both).
    `looked_at`: by split, all images or a sample of them.
    """

    found: dict[str, Any]
    looked_at: dict[str, Split]


@validated("explore")
def explore(dataset: DataSet, *, seed: Seed, max_images: Count, similarity: Likeness) -> Exploration:
    """Counts images, and finds the bright, the dark, the typical and the copied.

    Args:
        dataset: Images as stored, uint8 in one or three channels.
        seed: Of the sample of a large split.
        max_images: A split of more images is judged by a sample of so many, or of one a class if these are
            more; counts are always of all.
        similarity: Least correlation of pixels of two near-copies, see `copies.find`.

    Raises:
        UserError: The images are preprocessed already.
    """
    rng = np.random.default_rng(seed)
    chosen = {name: _sample(split.labels, max_images, rng) for name, split in dataset.splits.items()}
    looked_at = {name: _chosen(split, chosen[name]) for name, split in dataset.splits.items()}
    prepared = {name: copies.prepare(split.features) for name, split in looked_at.items()}
    counts = class_counts(dataset)
    extremes = _extremes(looked_at["train"], dataset.classes)
    found = {
        "image_shape": list(dataset.train.features.shape[1:]),
        "images": {name: len(split.labels) for name, split in dataset.splits.items()},
        "looked_at": {name: len(rows) for name, rows in chosen.items()},
        "classes": [
            row._asdict()
            | {name: int(counts[name][position]) for name in SPLITS}
            | {kind: int(chosen["train"][rows[position]]) for kind, rows in extremes.items()}
            for position, row in enumerate(dataset.classes.rows)
        ],
        "brightness": {"edges": BRIGHTNESS_EDGES.tolist()}
        | {name: _histogram(looked_at[name].features) for name in ("train", "valid")},
        "copies": [
            _copies(first, second, prepared, chosen, similarity) for first, second in itertools.combinations(SPLITS, 2)
        ],
    }
    return Exploration(found, looked_at)


def write(path: Path, found: dict[str, Any]) -> None:
    """Writes what was found as JSON."""
    with replaced(path) as partial:
        partial.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read(path: Path) -> dict[str, Any]:
    """Reads what `write` wrote; a UserError for another file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}; dvc repro explore makes it anew") from None


def class_counts(dataset: DataSet) -> dict[str, np.ndarray]:
    """The number of images of each class by split: int64 (classes,)."""
    ids = dataset.classes.ids
    return {
        name: np.bincount(np.searchsorted(ids, split.labels), minlength=len(ids))
        for name, split in dataset.splits.items()
    }


def _sample(labels: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Ascending positions of all images, or of `most` of them with the first of each class among them."""
    if len(labels) <= most:
        return np.arange(len(labels))
    first = np.unique(labels, return_index=True)[1]
    others = np.setdiff1d(np.arange(len(labels)), first)
    return np.union1d(first, rng.choice(others, max(0, most - len(first)), replace=False, shuffle=False))


def _chosen(split: Split, rows: np.ndarray) -> Split:
    return split if len(rows) == len(split.labels) else split.at(rows)


def _histogram(features: np.ndarray) -> list[int]:
    return np.histogram(pixels.brightness(features), BRIGHTNESS_EDGES)[0].tolist()


def _extremes(train: Split, classes: Classes) -> dict[str, list[int]]:
    """Positions in `train` of an image of each class: `typical`, `brightest`, `darkest`."""
    brightness = pixels.brightness(train.features)
    found: dict[str, list[int]] = {"typical": [], "brightest": [], "darkest": []}
    for id in classes.ids:
        rows = np.flatnonzero(train.labels == id)
        found["typical"].append(int(rows[_typical(train.features[rows])]))
        found["brightest"].append(int(rows[brightness[rows].argmax()]))
        found["darkest"].append(int(rows[brightness[rows].argmin()]))
    return found


def _typical(features: np.ndarray) -> int:
    """Of the tenth of images that are most like their mean the one of most contrast."""
    small = np.stack([pixels.resize(image, 16, 16) for image in features]).reshape(len(features), -1)
    centred = small - small.mean(axis=1, keepdims=True)
    contrast = np.linalg.norm(centred, axis=1)
    unit = centred / np.maximum(contrast, 1)[:, np.newaxis]
    likeness = unit @ unit.mean(axis=0)
    nearest = np.argsort(-likeness, kind="stable")[: max(1, len(features) // 10)]
    return int(nearest[contrast[nearest].argmax()])


def _copies(
    first: str, second: str, prepared: dict[str, Prepared], chosen: dict[str, np.ndarray], similarity: float
) -> dict[str, Any]:
    found = copies.find(prepared[second], prepared[first], similarity)
    rows, alike = np.flatnonzero(found.position >= 0), found.similarity.round(4)  # no order by the last bits of sums
    shown = rows[np.lexsort((-alike[rows], found.near[rows]))][:SHOWN_COPIES]
    return {
        "first": first,
        "second": second,
        "images": len(found.position),
        "exact": int(found.exact.sum()),
        "near": int(found.near.sum()),
        "examples": [
            {
                "first": int(chosen[first][found.position[row]]),
                "second": int(chosen[second][row]),
                "similarity": float(alike[row]),
            }
            for row in shown
        ],
    }

"""Summary of a data set: counts, brightness, typical and extreme images, copies across splits."""

import itertools
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from signs.core.params import Count, Real, Seed, validated
from signs.data import pixels
from signs.data.classes import Classes
from signs.data.datasets import SPLITS, DataSet
from signs.data.splits import Split
from signs.exploration import copies
from signs.exploration.copies import Prepared

BRIGHTNESS_EDGES = np.arange(0, 261, 10)  # of the histograms of mean pixel values
SHOWN_COPIES = 24  # examples per pair of splits

Similarity = Annotated[Real, Field(ge=0.95, le=1)]


class Exploration(NamedTuple):
    """What `explore` found.

    Attributes:
        found: For JSON. `image_shape`; `images` and `looked_at`: number of images by split; `classes`: the fields of
            each class, its number of images by split, and the positions in the training split of its `typical`,
            `brightest` and `darkest` image; `brightness`: the `edges` of a histogram and its counts for `train` and
            `valid`; `copies`: for each pair of splits `first` and `second`, how many of the `images` of the second
            are `exact` or `near` copies of images of the first, and `examples` with positions in both.
        looked_at: By split, all images or a sample of them.
    """

    found: dict[str, Any]
    looked_at: dict[str, Split]


@validated("explore")
def explore(dataset: DataSet, *, seed: Seed, max_images: Count, similarity: Similarity) -> Exploration:
    """Summarizes a data set.

    Args:
        dataset: uint8 images in 1 or 3 channels; may be empty.
        seed: Of the sample of a large split.
        max_images: A larger split is sampled down to this number, or to one image per class if that is more. Counts
            are of all images.
        similarity: Minimum correlation of the pixels of near-copies, see `copies.find`.

    Raises:
        UserError: The images are preprocessed, or a setting is wrong.
    """
    rng = np.random.default_rng(seed)
    chosen = {name: _sample(split.labels, max_images, rng) for name, split in dataset.splits.items()}
    looked_at = {name: _at(split, chosen[name]) for name, split in dataset.splits.items()}
    compared = SPLITS if dataset.classes else ()
    prepared = {name: copies.prepare(looked_at[name].images) for name in compared}
    found = {
        "image_shape": list(dataset.train.features.shape[1:]),
        "images": {name: len(split.labels) for name, split in dataset.splits.items()},
        "looked_at": {name: len(rows) for name, rows in chosen.items()},
        "classes": _class_rows(dataset, looked_at["train"], chosen["train"]),
        "brightness": {"edges": BRIGHTNESS_EDGES.tolist()}
        | {name: _histogram(looked_at[name].images) for name in ("train", "valid")},
        "copies": [
            _copies(first, second, prepared, chosen, similarity)
            for first, second in itertools.combinations(compared, 2)
        ],
    }
    return Exploration(found, looked_at)


def class_counts(dataset: DataSet) -> dict[str, np.ndarray]:
    """The number of images of each class by split: int64 (classes,)."""
    ids = dataset.classes.ids
    return {
        name: np.bincount(np.searchsorted(ids, split.labels), minlength=len(ids))
        for name, split in dataset.splits.items()
    }


def _sample(labels: np.ndarray, max_images: int, rng: np.random.Generator) -> np.ndarray:
    """Ascending positions of all images, or of a sample that holds the first image of each class."""
    if len(labels) <= max_images:
        return np.arange(len(labels))
    first = np.unique(labels, return_index=True)[1]
    others = np.setdiff1d(np.arange(len(labels)), first)
    return np.union1d(first, rng.choice(others, max(0, max_images - len(first)), replace=False, shuffle=False))


def _at(split: Split, rows: np.ndarray) -> Split:
    return (split if len(rows) == len(split.labels) else split.at(rows)).loaded()  # no copy of a whole split


def _histogram(features: np.ndarray) -> list[int]:
    return np.histogram(pixels.brightness(features), BRIGHTNESS_EDGES)[0].tolist()


def _class_rows(dataset: DataSet, looked_at: Split, positions: np.ndarray) -> list[dict[str, Any]]:
    """A row per class; `positions` are those of the images looked at in the training split."""
    counts, shown = class_counts(dataset), _shown_images(looked_at, dataset.classes)
    return [
        row._asdict()
        | {name: int(counts[name][index]) for name in SPLITS}
        | {kind: int(positions[rows[index]]) for kind, rows in shown.items()}
        for index, row in enumerate(dataset.classes.rows)
    ]


def _shown_images(train: Split, classes: Classes) -> dict[str, list[int]]:
    """The positions of the `typical`, the `brightest` and the `darkest` image of each class."""
    features = train.images
    brightness = pixels.brightness(features)
    found: dict[str, list[int]] = {"typical": [], "brightest": [], "darkest": []}
    for id in classes.ids:
        rows = np.flatnonzero(train.labels == id)
        found["typical"].append(int(rows[_typical(features[rows])]))
        found["brightest"].append(int(rows[brightness[rows].argmax()]))
        found["darkest"].append(int(rows[brightness[rows].argmin()]))
    return found


def _typical(features: np.ndarray) -> int:
    """The image with the highest contrast among the tenth that is most similar to the mean image."""
    small = np.stack([pixels.resize(image, 16, 16) for image in features]).reshape(len(features), -1)
    centred = small - small.mean(axis=1, keepdims=True)
    contrast = np.linalg.norm(centred, axis=1)
    unit = centred / np.maximum(contrast, 1)[:, np.newaxis]
    similarity = unit @ unit.mean(axis=0)
    nearest = np.argsort(-similarity, kind="stable")[: max(1, len(features) // 10)]
    return int(nearest[contrast[nearest].argmax()])


def _copies(
    first: str, second: str, prepared: dict[str, Prepared], chosen: dict[str, np.ndarray], similarity: float
) -> dict[str, Any]:
    found = copies.find(prepared[second], prepared[first], similarity)
    rows, rounded = np.flatnonzero(found.position >= 0), found.similarity.round(4)  # the last bits must not sort
    shown = rows[np.lexsort((-rounded[rows], found.near[rows]))][:SHOWN_COPIES]
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
                "similarity": float(rounded[row]),
            }
            for row in shown
        ],
    }

"""Measures transfer to classes that a network never saw, from few photographs of each.

    python -m benchmarks.transfer data/original data/synthetic

The first data set is the benchmark's, as `fetch` writes it, the second what `synthesize` rendered. A body is trained on
photographs of 22 classes of the benchmark, and on the rendered images of these and of new classes, as the network in
`weights/` was. Then a network is trained on 20, and on 5, photographs of each of the other 21, from nothing and from
that body, by `recipes/own.yaml`. It is measured on the official test photographs of these classes, and, with
photographs of half of the signs to train on, on those of the other half. On two cores with bfloat16 it takes about
half an hour.
"""

import argparse
import hashlib
import itertools
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import signs  # noqa: F401  # before NumPy
from signs.core import processor

if processor.computes_in_bfloat16():
    processor.native()

import numpy as np
import yaml

from benchmarks.contenders import ROOT
from signs.core import params
from signs.data import classes, datasets
from signs.data.classes import Classes
from signs.data.datasets import DataSet
from signs.data.splits import Split
from signs.networks import store
from signs.networks.store import Model
from signs.preparation.merging import merge
from signs.preparation.preprocessing import preprocess
from signs.training import fitting, settings
from signs.training.settings import Settings

WITHHELD = (
    0,
    6,
    16,
    19,
    20,
    21,
    22,
    23,
    24,
    27,
    28,
    29,
    30,
    32,
    34,
    36,
    37,
    39,
    40,
    41,
    42,
)  # of recipes/one-shot.yaml
IMAGES = (20, 5)  # of a class
VALID = 3
FRAMES = 30  # of a track; the benchmark has them one after another
SEEDS = (1, 2, 3)
# Of the body, like the recipe convnet.
BODY: dict[str, Any] = {"epochs": 12, "batch_size": 128, "label_smoothing": 0.0, "ema_decay": 0.998}


def main(photographs: Path, rendered: Path) -> None:
    """Prints the accuracy on the withheld classes by images a class, start and seed."""
    recipe = yaml.safe_load((ROOT / "recipes/own.yaml").read_text(encoding="utf-8"))
    section = params.load("preprocess", ROOT / "params.yaml") | recipe["preprocess"]
    prepared, synthetic = (preprocess(datasets.read(folder), **section) for folder in (photographs, rendered))
    withheld = set(WITHHELD)
    with tempfile.TemporaryDirectory() as scratch:
        body = Path(scratch) / "body"
        both = merge(prepared, synthetic, hide_photographs_of=[]).gathered()
        others = replace(both.map(lambda split: split.without(withheld)), classes=_kept(both.classes, withheld))
        store.write(body, _fit(others, Path(scratch), _settings(recipe, others, seed=1, **BODY)))
        earlier = body / store.NETWORK
        start = {"path": str(earlier), "sha256": hashlib.sha256(earlier.read_bytes()).hexdigest()}
        first, second = halves(prepared.train)
        judged = {"test": (prepared.train, prepared.test.of(withheld)), "other signs": (first, second)}
        for (measure, (train, test)), images in itertools.product(judged.items(), IMAGES):
            own = few(train, prepared.valid, test, prepared.classes, images)
            for seed in SEEDS:
                for name, load_from in (("nothing", None), ("body", recipe["load_from"]["original"] | start)):
                    model = _fit(own, Path(scratch), _settings(recipe, own, seed=seed, load_from=load_from))
                    accuracy = _accuracy(model, own.test)
                    print(f"{images} a class, seed {seed}, from {name}, on {measure}: {accuracy:.4f}", flush=True)


def few(train: Split, valid: Split, test: Split, known: Classes, images: int) -> DataSet:
    """The withheld classes with this many training images each, evenly picked over all tracks."""
    kept = _kept(known, set(known.ids) - set(WITHHELD))
    return DataSet(_few(train, images), _few(valid, VALID), test, kept)


def halves(split: Split) -> tuple[Split, Split]:
    """The photographs of the withheld classes, by whole tracks in two halves of each class; the first is the larger."""
    rows = _rows(split)
    middles = [(len(row) // FRAMES + 1) // 2 * FRAMES for row in rows]
    parts = zip(*((row[:middle], row[middle:]) for row, middle in zip(rows, middles, strict=True)), strict=True)
    first, second = (split.at(np.concatenate(part)) for part in parts)
    return first, second


def _few(split: Split, images: int) -> Split:
    rows = _rows(split)
    return split.at(np.concatenate([row[np.linspace(0, len(row) - 1, images).round().astype(int)] for row in rows]))


def _rows(split: Split) -> list[np.ndarray]:
    """The positions of the images of each withheld class."""
    return [np.flatnonzero(split.labels == id) for id in WITHHELD]


def _kept(known: Classes, dropped: set[int]) -> Classes:
    return Classes(tuple(row._replace(mirrored="") for row in known.rows if row.id not in dropped))


def _settings(
    recipe: dict[str, Any], dataset: DataSet, load_from: dict[str, Any] | None = None, **changed: Any
) -> Settings:
    path = ROOT / "params.yaml"
    section = params.load("train", path) | recipe["train"] | changed
    for key, alternatives in (("network", "networks"), ("schedule", "schedules"), ("augmentation", "augmentations")):
        section[key] = {"name": section[key], **params.load(alternatives, path)[section[key]]}
    if processor.instructions() == "native":
        section["dtype"] = "bfloat16"
    earlier = load_from or {"path": None, "sha256": None, "body_rate": 1.0}
    return settings.of_model("original", section, {"original": earlier}, len(dataset.train.labels))


def _fit(dataset: DataSet, scratch: Path, chosen: Settings) -> Model:
    model, _ = fitting.fit(dataset, "", {}, Path(tempfile.mkdtemp(dir=scratch)), chosen)
    return model


def _accuracy(model: Model, test: Split) -> float:
    found = model.logits(test.features).argmax(axis=1)
    return float((found == classes.indices(test.labels, model.classes.ids)).mean())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs", type=Path, help="the benchmark, as fetch writes it")
    parser.add_argument("rendered", type=Path, help="images of its classes and of others, as synthesize writes them")
    main(**vars(parser.parse_args()))

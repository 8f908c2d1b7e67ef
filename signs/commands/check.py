"""`signs check`: says whether a data set is fit to train on."""

from pathlib import Path
from typing import Any

import numpy as np

from signs.core import params
from signs.data import datasets
from signs.data.datasets import DataSet
from signs.exploration.summary import explore
from signs.training import advice, settings

FEW_IMAGES = 10  # of a class in training
DARK = 20  # mean pixel value, 0-255


def main(folder: Path) -> int:
    """Describes the data set in a folder; returns 1 if it is not fit to train on.

    The section `explore` of params.yaml says how large a sample is looked at, and what near-copies are. Settings of
    `train` that do not go with the number of images are told, but are no fault of the data set.
    """
    dataset = datasets.check(datasets.read(folder), str(folder))
    found = explore(dataset, **params.load("explore")).found
    warnings = find_warnings(dataset, found)
    print("\n".join([*describe(str(folder), found), *_advice(len(dataset.train.labels))]))
    print(f"verdict: {'; '.join(warnings) or 'fit to train on'}")
    return int(bool(warnings))


def _advice(images: int) -> list[str]:
    section = params.load("train", network="networks", schedule="schedules", augmentation="augmentations")
    section |= {"dtype": "float32"}  # only training knows what this processor may do
    chosen = settings.of_model("original", section, params.load("load_from"), images)
    return [f"params.yaml: {line}" for line in advice.on_steps(images, chosen.batch_size)]


def describe(name: str, found: dict[str, Any]) -> list[str]:
    """Describes what `explore` found in the data set `name`, in a few lines."""
    height, width, channels = found["image_shape"]
    origins = " and ".join(sorted({row["origin"] for row in found["classes"]}))
    train = np.array([row["train"] for row in found["classes"]])
    edges = np.array(found["brightness"]["edges"][1:])
    dark = sum(np.array(found["brightness"]["train"])[edges <= DARK]) / found["looked_at"]["train"]
    return [
        f"{name}: {len(train)} classes, images of {height}x{width} pixels and {channels} channels, {origins}",
        "images: " + ", ".join(f"{split} {count:,}" for split, count in found["images"].items()),
        f"training images per class: {train.min():,} to {train.max():,}, median {np.median(train):,.0f}",
        f"dark training images (mean pixel value below {DARK}): {dark:.1%}",
        "copies: " + "; ".join(map(_copies, found["copies"])),
        *_sampled(found),
    ]


def find_warnings(dataset: DataSet, found: dict[str, Any]) -> list[str]:
    """What makes a data set unfit: copies across splits, which `explore` found, and classes with few images or none."""
    few = sum(row["train"] < FEW_IMAGES for row in found["classes"])
    return [
        *advice.on_classes(dataset),
        *_leaks(found),
        *([f"{few} classes have fewer than {FEW_IMAGES} training images"] if few else []),
    ]


def _leaks(found: dict[str, Any]) -> list[str]:
    leaks = [(pair["exact"] + pair["near"], pair) for pair in found["copies"]]
    return [
        f"{copies:,} of {pair['images']:,} {pair['second']} images are copies of {pair['first']} images"
        for copies, pair in leaks
        if copies
    ]


def _copies(pair: dict[str, Any]) -> str:
    return f"{pair['exact']:,} exact and {pair['near']:,} near ones of {pair['first']} in {pair['second']}"


def _sampled(found: dict[str, Any]) -> list[str]:
    if found["looked_at"] == found["images"]:
        return []
    return [f"brightness and copies: from a sample of at most {max(found['looked_at'].values()):,} images per split"]

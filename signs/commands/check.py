"""Says in a few lines whether a data set is fit to train on: `python -m signs.check FOLDER`."""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from signs.core import params
from signs.data import datasets
from signs.exploration.statistics import explore

FEW_IMAGES = 10  # of a class in training, below which little is learnt of it
DARK = 20  # mean pixel value, 0-255


def describe(name: str, found: dict[str, Any]) -> list[str]:
    """Describes a data set, and ends in a verdict.

    Args:
        name: Of the data set.
        found: What `explore` found in it.
    """
    height, width, channels = found["image_shape"]
    origins = " and ".join(sorted({row["origin"] for row in found["classes"]}))
    train = np.array([row["train"] for row in found["classes"]])
    edges = np.array(found["brightness"]["edges"][1:])
    dark = sum(np.array(found["brightness"]["train"])[edges <= DARK]) / found["looked_at"]["train"]
    warnings = _missing(found) + _leaks(found)
    if train.min() < FEW_IMAGES:
        warnings.append(f"{(train < FEW_IMAGES).sum()} classes have fewer than {FEW_IMAGES} training images")
    return [
        f"{name}: {len(train)} classes of {height}x{width} images in {channels} channels, {origins}",
        ", ".join(f"{split} {count:,}" for split, count in found["images"].items()) + " images",
        *_sampled(found),
        f"{train.min():,} to {train.max():,} training images a class, median {np.median(train):,.0f}",
        f"{dark:.1%} of training images have a mean pixel value below {DARK}",
        "copies: " + "; ".join(map(_copies, found["copies"])),
        "verdict: " + ("; ".join(warnings) if warnings else "fit to train on"),
    ]


def _sampled(found: dict[str, Any]) -> list[str]:
    if found["looked_at"] == found["images"]:
        return []
    return [f"brightness and copies are judged by a sample of at most {max(found['looked_at'].values()):,} a split"]


def _missing(found: dict[str, Any]) -> list[str]:
    missing = {split: [row["id"] for row in found["classes"] if not row[split]] for split in ("valid", "test")}
    return [f"{split} has no image of {len(ids)} classes ({_few(ids)})" for split, ids in missing.items() if ids]


def _leaks(found: dict[str, Any]) -> list[str]:
    return [
        f"{pair['exact'] + pair['near']:,} of {pair['images']:,} {pair['second']} images have a copy in {pair['first']}"
        for pair in found["copies"]
        if pair["exact"] + pair["near"]
    ]


def _copies(pair: dict[str, Any]) -> str:
    return f"{pair['second']} of {pair['first']} {pair['exact']:,} exact, {pair['near']:,} near"


def _few(ids: list[int]) -> str:
    return ", ".join(map(str, ids[:8])) + (", ..." if len(ids) > 8 else "")


def main(folder: Path) -> None:
    """Prints what there is to say of the data set in `folder`, judged by the section `explore` of params.yaml."""
    exploration = explore(datasets.read(folder), **params.load("explore"))
    print("\n".join(describe(str(folder), exploration.found)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m signs.check", description=main.__doc__)
    parser.add_argument("folder", type=Path, help="holds train.p, valid.p and test.p")
    try:
        main(parser.parse_args().folder)
    except (ValueError, OSError) as error:
        sys.exit(f"check: {' '.join(str(error).split())}")

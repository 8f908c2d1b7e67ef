"""The figures of an explored data set, by the names of their files."""

from collections.abc import Iterator
from typing import Any

from matplotlib.figure import Figure

from signs.data import classes, pixels
from signs.data.datasets import DataSet
from signs.exploration.statistics import Exploration, class_counts
from signs.figures.distributions import brightness, counts
from signs.figures.galleries import gallery, near_duplicates
from signs.figures.preprocessing import colour_beside_grey

SHOWN_IMAGE = 1000  # of the training split, as in the article


def album(dataset: DataSet, exploration: Exploration) -> Iterator[tuple[str, Figure]]:
    """The figures of a data set: counts, an image of each class, brightness, colour beside grey, copies."""
    found, train = exploration.found, dataset.train
    ids, names = dataset.classes.ids.tolist(), dataset.classes.names
    yield "counts", counts(class_counts(dataset), ids, names)
    for kind in ("typical", "brightest", "darkest"):
        rows = [row[kind] for row in found["classes"]]
        title = f"The {kind} training image of each class"
        yield kind, gallery(train.features[rows], ids, names, title)
    for name, label in (("train", "training"), ("valid", "validation")):
        features, labels, _ = exploration.looked_at[name]
        title = f"Mean pixel values of {label} images"
        yield f"brightness_{name}", brightness(pixels.brightness(features), labels, ids, names, title)
    shown = slice(row := min(SHOWN_IMAGE, len(train.labels) - 1), row + 1)
    image, label_id = train.features[shown], train.labels[shown]
    yield (
        "grey",
        colour_beside_grey(
            image[0],
            pixels.grey(image)[0],
            pixels.normalized_grey(image)[0],
            classes.one_hot(label_id, dataset.classes.ids)[0],
            names[ids.index(int(label_id[0]))],
        ),
    )
    for pair in found["copies"]:
        yield f"copies_{pair['first']}_{pair['second']}", _copies(dataset, pair)


def _copies(dataset: DataSet, pair: dict[str, Any]) -> Figure:
    first, second = dataset.splits[pair["first"]], dataset.splits[pair["second"]]
    examples = pair["examples"]
    title = (
        f"{pair['exact']} exact and {pair['near']} near copies of {pair['first']} images "
        f"among {pair['images']:,} {pair['second']} images"
    )
    captions = [
        f"{pair['first']} {copy['first']}, {pair['second']} {copy['second']}: {copy['similarity']:.3f}"
        for copy in examples
    ]
    return near_duplicates(
        [first.features[copy["first"]] for copy in examples],
        [second.features[copy["second"]] for copy in examples],
        captions,
        title,
    )

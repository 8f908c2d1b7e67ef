"""The figures of a data set."""

from collections.abc import Iterator
from typing import Any

from matplotlib.figure import Figure

from signs.data import classes, pixels
from signs.data.datasets import DataSet
from signs.exploration.summary import Exploration, class_counts
from signs.figures.canvas import notice
from signs.figures.distributions import brightness, counts
from signs.figures.gallery import copies, one_per_class
from signs.figures.preprocessing import before_and_after

SHOWN_IMAGE = 1000  # of the training split, as in the article


def data_set_figures(name: str, dataset: DataSet, exploration: Exploration) -> Iterator[tuple[str, Figure]]:
    """Yields the figures of a data set with their file names.

    Args:
        name: Of the data set, for the titles.
        dataset: uint8 images; may be empty, which one figure then says.
        exploration: Of the data set.
    """
    if not dataset.classes:
        yield "counts", notice(f"{name}: images per class", "There are no classes.")
        return
    ids, names = dataset.classes.ids.tolist(), dataset.classes.names
    yield "counts", counts(class_counts(dataset), ids, names, f"{name}: images per class")
    for kind in ("typical", "brightest", "darkest"):
        rows = [row[kind] for row in exploration.found["classes"]]
        title = f"{name}: {'a' if kind == 'typical' else 'the'} {kind} training image of each class"
        yield kind, one_per_class(dataset.train.features[rows], ids, names, title)
    for split, adjective in (("train", "training"), ("valid", "validation")):
        shown = exploration.looked_at[split]
        title = f"{name}: mean pixel values of {adjective} images"
        yield f"brightness_{split}", brightness(pixels.brightness(shown.images), shown.labels, ids, names, title)
    yield "grey", _preprocessing(name, dataset)
    for pair in exploration.found["copies"]:
        yield f"copies_{pair['first']}_{pair['second']}", _copies(name, dataset, pair)


def _preprocessing(name: str, dataset: DataSet) -> Figure:
    number = min(SHOWN_IMAGE, len(dataset.train.labels) - 1)
    image, label = dataset.train.features[number : number + 1], dataset.train.labels[number : number + 1]
    sign = dataset.classes.names[dataset.classes.ids.tolist().index(label[0])]
    return before_and_after(
        image[0],
        pixels.grey(image)[0],
        pixels.normalized_grey(image)[0],
        classes.one_hot(label, dataset.classes.ids)[0],
        f"{name}: training image {number}, {sign}, before and after preprocessing",
    )


def _copies(name: str, dataset: DataSet, pair: dict[str, Any]) -> Figure:
    first, second, examples = pair["first"], pair["second"], pair["examples"]
    title = (
        f"{name}: copies of {first} images among {pair['images']:,} {second} images, {pair['exact']:,} exact and "
        f"{pair['near']:,} near"
    )
    captions = [f"{first} {copy['first']}, {second} {copy['second']}: {copy['similarity']:.3f}" for copy in examples]
    return copies(
        [dataset.splits[first].features[copy["first"]] for copy in examples],
        [dataset.splits[second].features[copy["second"]] for copy in examples],
        captions,
        title,
    )

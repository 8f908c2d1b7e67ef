"""Joins the original and the synthetic data set."""

from collections.abc import Iterator

import numpy as np

from signs.core.errors import UserError
from signs.core.params import ClassId, validated
from signs.data.classes import Classes, SignClass
from signs.data.datasets import HIDDEN, DataSet, Stream
from signs.data.splits import Split, joined


@validated("merge")
def merge(original: DataSet, synthetic: DataSet, *, hide_photographs_of: list[ClassId]) -> Stream:
    """Adds synthetic classes to a data set.

    A synthetic class takes the id of the original class with the same name, else the next free one. If it joins an
    original class, only training gets its images: validation and test go on with the original images.

    Args:
        original: Keeps its ids and the order of its images.
        synthetic: Images of the same shape and type. Its ids are dropped. If it is empty, the original data set stays
            as it is.
        hide_photographs_of: Ids of original classes that train and validate on synthetic images only. Their original
            images go to the split `hidden`, to measure on. Mirror pairs of a hidden and another class are dropped, or
            training would make images of the hidden class from photographs.

    Returns:
        In each split the original images, then the synthetic ones; `Split.synthetic` tells them apart.

    Raises:
        UserError: The shapes or types of the images differ, or a class to hide is not in both data sets.
    """
    _check_in_both(hide_photographs_of, original.classes, synthetic.classes)
    if not synthetic.classes:
        return Stream(original.items, original.classes)
    _check_alike(original, synthetic)
    known, hidden = set(original.classes.ids.tolist()), set(hide_photographs_of)
    renumbered = _renumber(original.classes, synthetic.classes)
    new = [row for row in renumbered if row.id not in known]
    own_ids, ids = np.sort(synthetic.classes.ids), np.array([row.id for row in renumbered])
    added = synthetic.map(lambda split: split._replace(labels=ids[np.searchsorted(own_ids, split.labels)]))

    def splits() -> Iterator[tuple[str, Split]]:
        yield "train", _join(original.train.without(hidden), added.train)
        yield "valid", _join(original.valid.without(hidden), added.valid.without(known - hidden))
        yield "test", _join(original.test, added.test.without(known))
        if hidden:
            yield HIDDEN, joined([original.train.of(hidden), original.valid.of(hidden)])._replace(synthetic=None)

    return Stream(splits, Classes((*_drop_mirror_pairs(original.classes, hidden), *new)))


def _drop_mirror_pairs(classes: Classes, hidden: set[int]) -> list[SignClass]:
    """The classes without the mirror pairs of a hidden and another class."""
    hidden_names = {row.name for row in classes.rows if row.id in hidden}
    return [
        row if (row.id in hidden) == (row.mirrored in hidden_names) else row._replace(mirrored="")
        for row in classes.rows
    ]


def _renumber(original: Classes, synthetic: Classes) -> list[SignClass]:
    """The synthetic classes with the ids that they get, in order of the ids that they had."""
    by_name = {row.name: row.id for row in original.rows}
    free = int(original.ids.max()) + 1
    renumbered = []
    for row in synthetic.rows:
        known = by_name.get(row.name)
        renumbered.append(row._replace(id=free if known is None else known))
        free += known is None
    return renumbered


def _join(original: Split, synthetic: Split) -> Split:
    own = np.zeros(len(original.labels), bool) if original.synthetic is None else original.synthetic
    is_synthetic = np.concatenate([own, np.ones(len(synthetic.labels), bool)])
    return joined([original, synthetic])._replace(synthetic=is_synthetic)


def _check_in_both(ids: list[int], original: Classes, synthetic: Classes) -> None:
    names = {row.id: row.name for row in original.rows}
    for id in ids:
        if id not in names:
            raise UserError(f"params.yaml: merge.hide_photographs_of {id} is no class of the original data set")
        if names[id] not in synthetic.names:
            raise UserError(
                f"params.yaml: merge.hide_photographs_of {id}: there are no synthetic images of {names[id]!r}; "
                "add its id to synthesize.also_render"
            )


def _check_alike(original: DataSet, synthetic: DataSet) -> None:
    first, second = original.train.features, synthetic.train.features
    if first.shape[1:3] != second.shape[1:3]:
        raise UserError(
            f"original images are {first.shape[1:3]} pixels, synthetic ones {second.shape[1:3]}; "
            "set synthesize.height and synthesize.width to the original's"
        )
    if first.shape[3] != second.shape[3] or first.dtype != second.dtype:
        raise UserError(
            f"original images are {first.dtype} in {first.shape[3]} channels, synthetic ones {second.dtype} "
            f"in {second.shape[3]}; with preprocess.grey: true both have one channel"
        )

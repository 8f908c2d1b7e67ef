"""Two data sets become one."""

from collections.abc import Iterator

import numpy as np

from signs.core.errors import UserError
from signs.core.params import ClassId, validated
from signs.data.classes import Classes, SignClass
from signs.data.datasets import HIDDEN, DataSet, Split, Stream


@validated("merge")
def merge(original: DataSet, synthetic: DataSet, *, hide_photographs_of: list[ClassId]) -> Stream:
    """Adds synthetic classes to a data set.

    A synthetic class takes the id of the original class of the same name, or the next free one. Where
    it joins a class, only training gets its images: photographs go on being judged by photographs, in validation
    as in the test.

    Args:
        original: Keeps its labels and its order of images.
        synthetic: Images of the same shape and type; its own numbering is dropped.
        hide_photographs_of: Ids of original classes of which only synthetic images train and validate; the original
            images are kept apart, to measure what the synthetic ones are worth.

    Returns:
        The original images of each split, followed by the synthetic ones, which `Split.synthetic` tells apart;
        copied only as each split is asked for.

    Raises:
        UserError: The images of the two do not go together, or a class to hide_photographs_of is not in both.
    """
    _check_alike(original, synthetic)
    _check_in_both(hide_photographs_of, original.classes, synthetic.classes)
    renumbered = _renumber(original.classes, synthetic.classes)
    known = set(original.classes.ids.tolist())
    own = _unmirrored(original.classes, set(hide_photographs_of))
    named = Classes((*own, *(row for row in renumbered if row.id not in known)))
    ids = np.array([row.id for row in renumbered])
    own_ids = np.sort(synthetic.classes.ids)
    extra = synthetic.map(lambda split: Split(split.features, ids[np.searchsorted(own_ids, split.labels)]))

    def splits() -> Iterator[tuple[str, Split]]:
        yield "train", _joined(original.train.without(hide_photographs_of), extra.train)
        yield (
            "valid",
            _joined(
                original.valid.without(hide_photographs_of), extra.valid.without(known.difference(hide_photographs_of))
            ),
        )
        yield "test", _joined(original.test, extra.test.without(known))
        if hide_photographs_of:
            yield HIDDEN, _concatenate(original.train.of(hide_photographs_of), original.valid.of(hide_photographs_of))

    return Stream(splits, named)


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


def _unmirrored(classes: Classes, hidden: set[int]) -> list[SignClass]:
    """The classes, without the mirror images that would show a hidden class by photographs of another one."""
    hidden_names = {row.name for row in classes.rows if row.id in hidden}
    return [
        row if (row.id in hidden) == (row.mirrored in hidden_names) else row._replace(mirrored="")
        for row in classes.rows
    ]


def _renumber(original: Classes, synthetic: Classes) -> list:
    by_name = {row.name: row.id for row in original.rows}
    free = int(original.ids.max()) + 1
    renumbered = []
    for row in synthetic.rows:
        known = by_name.get(row.name)
        renumbered.append(row._replace(id=free if known is None else known))
        free += known is None
    return renumbered


def _joined(original: Split, synthetic: Split) -> Split:
    own = np.zeros(len(original.labels), bool) if original.synthetic is None else original.synthetic
    made = np.concatenate([own, np.ones(len(synthetic.labels), bool)])
    return _concatenate(original, synthetic)._replace(synthetic=made)


def _concatenate(first: Split, second: Split) -> Split:
    features = np.concatenate([first.features, second.features])
    return Split(features, np.concatenate([first.labels, second.labels]))


def _check_alike(original: DataSet, synthetic: DataSet) -> None:
    mine, yours = original.train.features, synthetic.train.features
    if mine.shape[1:3] != yours.shape[1:3]:
        raise UserError(
            f"original images are {mine.shape[1:3]} pixels, synthetic ones {yours.shape[1:3]}; "
            "set synthesize.height and synthesize.width to the original's"
        )
    if mine.shape[3] != yours.shape[3] or mine.dtype != yours.dtype:
        raise UserError(
            f"original images are {mine.dtype} in {mine.shape[3]} channels, synthetic ones {yours.dtype} "
            f"in {yours.shape[3]}; preprocess.grey: true makes both one channel"
        )

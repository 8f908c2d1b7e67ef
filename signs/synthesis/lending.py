"""Which photographs lend their backgrounds and brightness to rendered images."""

from signs.core.params import ClassId, validated
from signs.data.shards import Images
from signs.data.splits import Split


@validated("merge")
def lent(train: Split, *, hide_photographs_of: list[ClassId]) -> Images:
    """The training images of all classes but the hidden ones, uint8 (n, height, width, channels)."""
    return train.without(hide_photographs_of).features

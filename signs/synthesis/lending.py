"""Which photographs lend their backgrounds and brightness to rendered images."""

import numpy as np

from signs.core.params import ClassId, validated
from signs.data.datasets import Split


@validated("merge")
def lent(train: Split, *, hide_photographs_of: list[ClassId]) -> np.ndarray:
    """The training images of all classes but the hidden ones, uint8 (n, height, width, channels)."""
    return train.without(hide_photographs_of).features

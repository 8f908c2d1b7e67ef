import numpy as np

from signs.data.splits import Split
from signs.synthesis.lending import lent


def test_photographs_of_a_hidden_class_lend_nothing():
    train = Split(np.arange(4, dtype=np.uint8).reshape(4, 1, 1, 1), np.array([4, 4, 9, 9]))
    assert np.array_equal(lent(train, hide_photographs_of=[9]), train.features[:2])
    assert np.array_equal(lent(train, hide_photographs_of=[]), train.features)
    assert len(lent(train, hide_photographs_of=[4, 9])) == 0

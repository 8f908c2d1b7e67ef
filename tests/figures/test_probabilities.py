import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from specimens import PLAIN, frozen, texts

from signs.figures import probabilities


def test_bars_of_probabilities_are_as_high_as_the_probabilities():
    matrix = frozen([[0.7, 0.29, 0.01], [0.01, 0.98, 0.01], [np.nan] * 3])
    figure = probabilities.average_probabilities(matrix, [3, 10, 17], PLAIN, "Probabilities")
    bars = {
        collection.get_label(): np.array([path.vertices[:-1, 1] for path in collection.get_paths()])
        for collection in figure.axes[0].collections
        if isinstance(collection, PolyCollection)
    }
    heights = {kind: (base := vertices.max()) - vertices[:, 1::4] for kind, vertices in bars.items()}
    assert base > 0
    assert heights["true"] / 84 == pytest.approx(np.diag(matrix.diagonal())[:2])
    assert heights["wrong"] / 84 == pytest.approx(np.where(np.eye(3), 0, matrix)[:2])
    assert "no images" in texts(figure)
    assert texts(figure).count("10") == 1
    assert "3" not in texts(figure)

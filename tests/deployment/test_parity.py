import numpy as np
import pytest

from signs.deployment.parity import compare


def test_a_format_is_compared_with_keras():
    expected = np.array([[0.6, 0.4], [0.3, 0.7], [0.55, 0.45], [0.1, 0.9]], np.float32)
    found = np.array([[0.6, 0.4], [0.3, 0.7], [0.42, 0.58], [0.1, 0.9]], np.float32)
    compared = compare(found, expected, np.array([0, 1, 1, 0]))
    assert compared == {"accuracy": 0.75, "equal_answers": 0.75, "max_difference": 0.2}


@pytest.mark.parametrize(
    ("difference", "said"), [(0, 1e-5), (3e-7, 1e-5), (1.2e-5, 2e-5), (4.1e-4, 5e-4), (0.093, 0.1), (0.96, 1.0)]
)
def test_a_difference_is_rounded_up_to_one_digit(difference, said):
    expected = np.array([[1.0, 0.0]])
    assert compare(expected - [[difference, -difference]], expected, np.array([0]))["max_difference"] == said

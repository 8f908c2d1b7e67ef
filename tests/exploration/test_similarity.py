import numpy as np
import pytest

from signs.data.classes import Classes, SignClass
from signs.data.datasets import DataSet
from signs.data.splits import Split
from signs.exploration.similarity import nearest_classes

RNG = np.random.default_rng(0)
BARS = {name: RNG.integers(60, 190, (8, 6, 3)) for name in ("Stop", "Yield", "Parking")}


def dataset(patterns, origin, factor=1.0, size=1, count=4):
    """`count` noisy images of each pattern in each split, made `factor` as contrasted."""
    names = list(patterns)
    labels = np.repeat(np.arange(len(names)), count)
    large = np.stack([np.kron(patterns[name], np.ones((size, size, 1))) for name in names])[labels]
    noisy = 120 + factor * (large - 120 + RNG.normal(0, 3, large.shape))
    split = Split(noisy.clip(0, 255).astype(np.uint8), labels)
    return DataSet(split, split, split, Classes(tuple(SignClass(id, name, origin) for id, name in enumerate(names))))


@pytest.mark.parametrize(("factor", "size"), [(1.0, 1), (0.3, 1), (1.0, 3)])
def test_a_mixture_is_most_similar_to_its_largest_part(factor, size):
    mixtures = {
        "Bus": 0.7 * BARS["Yield"] + 0.3 * BARS["Stop"],
        "Tram": 0.6 * BARS["Parking"] + 0.4 * BARS["Yield"],
    }
    found = nearest_classes(dataset(mixtures, "synthetic", factor, size), dataset(BARS, "photographs"), 2)
    assert [name for name, _ in found["Bus"]] == ["Yield", "Stop"]
    assert found["Tram"][0][0] == "Parking"
    assert 1 > found["Bus"][0][1] > found["Bus"][1][1] > 0


def test_the_similarity_is_the_correlation_of_the_mean_images():
    pattern = np.linspace(20, 220, 48).reshape(4, 4, 3)
    known, new = {"Stop": pattern, "Yield": 255 - pattern}, {"Bus": pattern}
    found = nearest_classes(dataset(new, "synthetic"), dataset(known, "photographs"), 5)["Bus"]
    assert [name for name, _ in found[:2]] == ["Stop", "Yield"]
    assert found[0][1] == pytest.approx(1, abs=0.01)
    assert found[1][1] == pytest.approx(-1, abs=0.01)


def test_no_class_is_compared_with_itself_and_new_classes_are_compared_with_each_other():
    new = {"Stop": BARS["Stop"], "Bus": BARS["Stop"]}
    found = nearest_classes(dataset(new, "synthetic"), dataset(BARS, "photographs"), 1)
    assert list(found) == ["Stop", "Bus"]
    assert (found["Stop"][0][0], found["Bus"][0][0]) == ("Bus", "Stop")


def test_a_known_class_that_is_rendered_too_goes_by_its_own_images():
    new = {"Stop": BARS["Yield"], "Bus": 0.8 * BARS["Stop"] + 0.2 * BARS["Parking"]}
    found = nearest_classes(dataset(new, "synthetic"), dataset(BARS, "photographs"), 2)
    assert found["Bus"][0][0] == "Stop"
    assert found["Stop"][0][0] == "Yield"


def test_one_colour_is_similar_to_nothing():
    found = nearest_classes(
        dataset({"Bus": np.full((8, 6, 3), 90)}, "synthetic", factor=0), dataset(BARS, "photographs"), 1
    )
    assert found["Bus"][0][1] == 0

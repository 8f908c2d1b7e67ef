import subprocess
import sys

import numpy as np
import pytest

from signs.data.classes import Classes, SignClass
from signs.data.datasets import DataSet
from signs.data.splits import Split
from signs.training import advice

NAMES = {3: "Stop", 5: "Yield", 9: "Bus lane"}


def dataset(train, valid, test):
    """A data set with these labels."""
    splits = [Split(np.zeros((len(labels), 2, 2, 1), np.uint8), np.array(labels)) for labels in (train, valid, test)]
    return DataSet(*splits, Classes(tuple(SignClass(id, name, "photographs") for id, name in NAMES.items())))


@pytest.mark.parametrize(("images", "batch_size", "steps"), [(504, 1024, 1), (608, 32, 19), (19, 1, 19)])
def test_fewer_than_20_steps_an_epoch_are_told(images, batch_size, steps):
    (line,) = advice.on_steps(images, batch_size)
    assert line.startswith(
        f"steps an epoch: {steps}, fewer than 20 ({images} images in batches of {batch_size:,}); set"
    )


@pytest.mark.parametrize("images", [20, 21, 39, 504, 34_799])
def test_the_batch_size_that_is_advised_gives_20_steps(images):
    (line,) = advice.on_steps(images, images)
    advised = int(line.rpartition(" ")[2].replace(",", ""))
    assert advice.on_steps(images, advised) == []
    assert advice.on_steps(images, advised * 2) or advised == 1


def test_enough_images_of_each_class_in_each_split_need_no_advice():
    assert advice.on_classes(dataset([3, 5, 9], [9, 5, 3], [3, 9, 5])) == []


def test_a_class_that_validation_or_test_lack_is_named():
    assert advice.on_classes(dataset([3, 3, 5, 5, 9, 9], [3], [9, 9, 3, 5])) == ["no valid images of Yield, Bus lane"]
    assert advice.on_classes(dataset([3, 5, 9], [3, 9, 5, 5], [9, 3])) == ["no test images of Yield"]


def test_a_class_with_fewer_images_than_splits_is_named():
    assert advice.on_classes(dataset([3, 5, 9], [3, 5], [3, 5, 9])) == [
        "fewer than 3 images, one for each split, of Bus lane",
        "no valid images of Bus lane",
    ]


def test_advice_comes_without_tensorflow():
    program = "import sys, signs.training.advice; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True)

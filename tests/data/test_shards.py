import gc
import resource
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signs.data import shards

SHAPE = (23, 2, 3, 1)


def array(count=SHAPE[0], seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *SHAPE[1:]), dtype=np.uint8)


def spooled(images, part=5):
    return shards.collected(shards.stacked(images), images.shape, images.dtype, part)


keys = st.one_of(
    st.slices(SHAPE[0]),
    st.integers(-SHAPE[0], SHAPE[0] - 1),
    st.lists(st.integers(-SHAPE[0], SHAPE[0] - 1)).map(lambda rows: np.array(rows, dtype=np.int64)),
    st.lists(st.booleans(), min_size=SHAPE[0], max_size=SHAPE[0]).map(np.array),
)


@given(key=keys)
def test_they_are_indexed_as_an_array_is(key):
    np.testing.assert_array_equal(spooled(array())[key], array()[key])


@given(key=keys, chosen=keys.filter(lambda key: not isinstance(key, int)))
def test_a_selection_is_indexed_as_that_of_an_array_is(key, chosen):
    images, selection = array()[chosen], shards.selected(spooled(array()), chosen)
    assert (len(selection), selection.shape, selection.dtype) == (len(images), images.shape, images.dtype)
    np.testing.assert_array_equal(selection[:], images)
    if len(images) == SHAPE[0]:
        np.testing.assert_array_equal(selection[key], images[key])


@given(counts=st.lists(st.integers(0, 5), min_size=1, max_size=4), stored=st.integers(0, 3), data=st.data())
def test_joined_ones_are_indexed_as_one_array_is(counts, stored, data):
    arrays = [array(count, seed) for seed, count in enumerate(counts)]
    parts = [spooled(images) if place != stored else images for place, images in enumerate(arrays)]
    whole, joined = np.concatenate(arrays), shards.joined(parts)
    np.testing.assert_array_equal(joined[:], whole)
    rows = data.draw(st.lists(st.integers(0, max(0, len(whole) - 1)), max_size=9)) if len(whole) else []
    np.testing.assert_array_equal(joined[np.array(rows, np.int64)], whole[rows])


def test_a_function_is_applied_when_images_are_asked_for():
    asked = []

    def double(images):
        asked.append(len(images))
        return images.astype(np.float32) * 2

    doubled = shards.mapped(spooled(array()), double)
    assert (asked, doubled.dtype, doubled.shape) == ([1], np.float32, SHAPE)
    np.testing.assert_array_equal(doubled[3:5], array()[3:5].astype(np.float32) * 2)
    assert asked == [1, 2]


@pytest.mark.parametrize("count", [0, 1, 2, 22, 23, 100])
def test_evenly_spaced_ones_are_those_of_an_array(count):
    np.testing.assert_array_equal(shards.evenly(spooled(array()), count), shards.evenly(array(), count))
    assert len(shards.evenly(array(), count)) == min(count, SHAPE[0])


def test_blocks_are_all_images_in_order():
    blocks = list(shards.blocks(spooled(array()), 10))
    assert [len(block) for block in blocks] == [10, 10, 3]
    np.testing.assert_array_equal(np.concatenate(blocks), array())
    assert [block.shape for block in shards.blocks(array(0))] == [(0, *SHAPE[1:])]


def test_without_a_size_of_parts_collected_images_are_an_array():
    assert isinstance(shards.collected(shards.stacked(array()), SHAPE, np.uint8, None), np.ndarray)


def open_files():
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def test_what_is_on_disk_leaves_it_when_it_is_no_longer_used():
    before = open_files()
    images = spooled(array())
    assert images[0].shape == SHAPE[1:]
    assert open_files() > before
    del images
    gc.collect()
    assert open_files() <= before


def test_images_of_a_large_file_take_the_memory_of_those_that_are_asked_for(tmp_path):
    path, count = tmp_path / "images", 200_000
    with path.open("wb") as file:
        file.truncate(count * 3072)  # 600 MB, of which the disk holds none
    images = shards.stored(path, 0, (count, 32, 32, 3), np.dtype(np.uint8))
    free = Path("/proc/self/statm").read_text().split()[0]
    limit = int(free) * resource.getpagesize() + 200 * 2**20
    old = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limit, old[1]))
    try:
        tracemalloc.start()
        for start in range(0, count, 10_000):
            assert images[start : start + 10_000].shape == (10_000, 32, 32, 3)
        assert tracemalloc.get_traced_memory()[1] < 3 * 10_000 * 3072
    finally:
        tracemalloc.stop()
        resource.setrlimit(resource.RLIMIT_AS, old)

import functools
import zipfile
from itertools import product
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from signs.core import params
from signs.data import split_files
from signs.exploration import copies
from signs.rendering.camera import Camera, render
from signs.rendering.drawings import files, read

ROOT = Path(__file__).parents[2]
BENCHMARK = ROOT.parent / "shared" / "data" / "signs.zip"
SIMILARITY = params.load("explore", ROOT / "params.yaml")["similarity"]
CAMERA = Camera(**params.read(ROOT / "presets/cameras/sample.yaml"))
DIRECTIONS = [by for by in product((-1, 0, 1), repeat=2) if any(by)]
GAINS = (0.9, 1.1)


def noise(count, shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)


def textured(count, height, width, seed=0):
    """Patches of random colours, with soft edges."""
    coarse = noise(count, (height // 4, width // 4, 3), seed)
    return np.stack([cv2.resize(image, (width, height), interpolation=cv2.INTER_CUBIC) for image in coarse])


@functools.cache
def drawings():
    return [read(file) for file in files(ROOT / "data" / "templates")[::5][:10]]


@functools.cache
def signs(count, height, width, seed=0):
    """Ten of our drawings, rendered."""
    return render([drawings()], [[seed]], count=count, height=height, width=width, camera=CAMERA)[0]


def find(features, others, similarity):
    return copies.find(copies.prepare(features), copies.prepare(others), similarity)


def brightened(features, gain):
    return np.rint(features * gain).clip(0, 255).astype(np.uint8)


def shifted(image, down, right):
    """An image moved by a pixel; what it leaves bare is filled with its edge."""
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)), mode="edge")
    height, width = image.shape[:2]
    return padded[1 - down : 1 - down + height, 1 - right : 1 - right + width]


# --- exact copies


@pytest.mark.parametrize(
    "shape", [(32, 32, 3), (32, 32, 1), (48, 40, 3), (8, 8, 3), (8, 8, 1), (5, 97, 3), (200, 1, 1)]
)
def test_exact_copies_are_found_at_every_size(shape):
    others = noise(12, shape)
    features = noise(9, shape, seed=1)
    features[[2, 5, 8]] = others[[11, 0, 4]]
    found = find(features, others, SIMILARITY)
    assert np.flatnonzero(found.exact).tolist() == [2, 5, 8]
    assert found.position[found.exact].tolist() == [11, 0, 4]
    assert found.similarity[found.exact].tolist() == [1, 1, 1]
    assert not found.near[found.exact].any()


def test_of_two_exact_copies_the_first_is_named():
    others = noise(4, (32, 32, 3))
    others[3] = others[1]
    found = find(others[[3, 1]], others, SIMILARITY)
    assert found.position.tolist() == [1, 1]


def test_a_split_is_a_copy_of_itself():
    features = textured(30, 32, 32)
    found = find(features, features, SIMILARITY)
    assert found.position.tolist() == list(range(30))
    assert found.exact.all()


@pytest.mark.parametrize("level", [0, 255])
def test_two_flat_images_of_the_same_grey_are_exact_copies(level):
    flat = np.full((1, 32, 32, 3), level, dtype=np.uint8)
    found = find(flat, np.concatenate([noise(2, (32, 32, 3)), flat]), SIMILARITY)
    assert (found.position.tolist(), found.exact.tolist()) == ([2], [True])


@pytest.mark.parametrize("shape", [(32, 32, 3), (8, 8, 1)])
def test_only_the_very_same_bytes_are_exact(shape):
    """Wherever the one byte is that differs."""
    image = noise(1, shape)
    features = image.repeat(image.size, axis=0)
    flat = features.reshape(len(features), -1)
    flat[np.arange(len(flat)), np.arange(len(flat))] ^= 1
    found = find(np.concatenate([image, features]), image, 0.9)
    assert found.exact.tolist() == [True] + [False] * len(features)
    assert found.near[1:].all()


# --- near-copies


@pytest.mark.parametrize("make", [textured, signs])
def test_images_moved_by_a_pixel_are_found(make):
    large = make(60, 34, 34)
    others = large[:, 1:-1, 1:-1]
    for down, right in DIRECTIONS:
        found = find(large[:, 1 + down : 33 + down, 1 + right : 33 + right], others, SIMILARITY)
        assert (found.position == np.arange(60)).mean() >= 0.95
        assert not found.exact.any()


@pytest.mark.parametrize("make", [textured, signs])
@pytest.mark.parametrize(("height", "width"), [(32, 32), (48, 40), (16, 16)])
def test_images_a_little_brighter_or_darker_are_found_at_every_size(make, height, width):
    others = make(60, height, width)
    for gain in GAINS:
        found = find(brightened(others, gain), others, SIMILARITY)
        assert (found.position == np.arange(60)).mean() >= 0.95
        assert found.near.mean() >= 0.95


def test_images_in_one_channel_are_found():
    others = textured(40, 34, 34)[..., :1]
    found = find(brightened(others[:, :-2, :-2], 0.9), others[:, 1:-1, 1:-1], SIMILARITY)
    assert (found.position == np.arange(40)).mean() >= 0.95


def test_the_copy_that_is_most_alike_is_named():
    image = textured(1, 32, 32)
    rng = np.random.default_rng(0)
    others = [(image[0] + rng.normal(0, spread, (32, 32, 3))).clip(0, 255).astype(np.uint8) for spread in (20, 3, 10)]
    found = find(image, np.stack(others), 0.5)
    assert found.position.tolist() == [1]


@pytest.mark.parametrize("make", [textured, signs])
def test_other_images_are_no_copies(make):
    found = find(make(80, 32, 32, seed=1), make(80, 32, 32, seed=2), SIMILARITY)
    assert found.position.tolist() == [-1] * 80
    assert found.similarity.tolist() == [0] * 80
    assert not found.exact.any()
    assert not found.near.any()


def test_flat_images_of_other_greys_are_no_copies_of_one_another():
    levels = np.arange(0, 256, 5, dtype=np.uint8)
    flat = np.tile(levels[:, np.newaxis, np.newaxis, np.newaxis], (1, 32, 32, 3))
    found = find(flat[::2], flat[1::2], SIMILARITY)
    assert found.position.tolist() == [-1] * len(levels[::2])


def test_the_same_picture_in_much_less_contrast_is_no_copy():
    others = textured(20, 32, 32)
    assert (find(others // 2, others, SIMILARITY).position == -1).all()
    assert (find(others, others // 2, SIMILARITY).position == -1).all()


def test_a_picture_upside_down_is_no_copy():
    others = textured(20, 32, 32)
    assert (find(others[:, ::-1], others, SIMILARITY).position == -1).all()


def test_the_threshold_is_a_correlation_of_pixels():
    image = textured(1, 32, 32).astype(np.float64)
    changed = (image + np.random.default_rng(0).normal(0, 25, image.shape)).clip(0, 255).astype(np.uint8)
    image = image.astype(np.uint8)
    similarity = find(changed, image, 0.5).similarity[0]
    inner = [cv2.cvtColor(pixels[0], cv2.COLOR_RGB2GRAY)[2:-2, 2:-2].ravel() for pixels in (image, changed)]
    assert similarity == pytest.approx(np.corrcoef(inner)[0, 1], abs=1e-5)
    assert find(changed, image, similarity - 1e-4).position.tolist() == [0]
    assert find(changed, image, similarity + 1e-4).position.tolist() == [-1]


# --- what holds for all


@given(st.integers(0, 1000), st.sampled_from([(32, 32, 3), (32, 32, 1), (12, 9, 3)]), st.floats(0.1, 1))
@settings(max_examples=20)
def test_what_is_found_is_sound_and_no_argument_is_altered(seed, shape, similarity):
    others = noise(6, shape, seed)
    features = np.concatenate([brightened(others[:3], 1.1), others[3:5], noise(3, shape, seed + 1)])
    before = features.copy(), others.copy()
    found = find(features, others, similarity)
    assert found.position.dtype == np.int64
    assert found.similarity.dtype == np.float64
    assert found.exact.dtype == bool
    is_copy = found.position >= 0
    assert ((found.position >= -1) & (found.position < len(others))).all()
    assert (found.similarity[~is_copy] == 0).all()
    assert (found.similarity[is_copy] >= similarity).all()
    assert found.similarity.max() <= 1
    assert not (found.exact & found.near).any()
    assert ((found.exact | found.near) == is_copy).all()
    assert np.array_equal(before[0], features)
    assert np.array_equal(before[1], others)


def test_no_similarity_is_above_1():
    """Grey as it is seen, but other bytes: the pixels that are compared are the very same."""
    others = noise(100, (32, 32, 1)).repeat(3, axis=-1)
    features = others.copy()
    features[:, 0, 0, 2] ^= 1
    found = find(features, others, SIMILARITY)
    assert found.near.all()
    assert found.similarity.max() <= 1


def test_the_answer_does_not_depend_on_how_many_images_are_asked_about():
    others = textured(50, 32, 32)
    features = np.concatenate([brightened(others[:20], 0.9), others[20:30], textured(20, 32, 32, seed=1)])
    whole = find(features, others, SIMILARITY)
    for row in range(0, 50, 7):
        alone = find(features[row : row + 1], others, SIMILARITY)
        assert alone.position[0] == whole.position[row]
        assert alone.similarity[0] == pytest.approx(whole.similarity[row], abs=1e-6)


def test_preprocessed_images_are_refused():
    with pytest.raises(ValueError, match="images are float32 in 1 channels; expected uint8"):
        find(np.zeros((2, 32, 32, 1), np.float32), np.zeros((2, 32, 32, 1), np.float32), SIMILARITY)


# --- the benchmark


@pytest.fixture(scope="module")
def benchmark():
    """What is found among the benchmark's training images: planted copies, then validation, then test."""
    if not BENCHMARK.is_file():
        pytest.skip("the German benchmark as a zip is not there")
    with zipfile.ZipFile(BENCHMARK) as archive:
        train, valid, test = (
            split_files.read_split(archive.open(f"{name}.p"), name) for name in ("train", "valid", "test")
        )
    bytes_of_train = set(map(bytes, train.features))
    is_exact = np.array([bytes(image) in bytes_of_train for image in test.features])
    rows = np.random.default_rng(1).choice(len(train.labels), 1500, replace=False)
    planted = [
        shifted(train.features[row], *DIRECTIONS[kind])
        if kind < 8
        else brightened(train.features[row], GAINS[kind - 8])
        for row, kind in zip(rows, np.arange(len(rows)) % 10, strict=True)
    ]
    test_rows = np.union1d(np.flatnonzero(is_exact), np.arange(0, len(is_exact), 24))
    queries = [np.stack(planted), valid.features[::6], test.features[test_rows]]
    found = find(np.concatenate(queries), train.features, SIMILARITY)
    ends = np.cumsum([len(part) for part in queries])
    parts = [
        copies.Copies(*columns) for columns in zip(*(np.split(column, ends[:-1]) for column in found), strict=True)
    ]
    return rows, is_exact[test_rows], test.labels[test_rows], parts


def test_copies_planted_in_the_benchmark_are_found(benchmark):
    rows, _, _, (planted, _, _) = benchmark
    assert (planted.position == rows).mean() >= 0.95
    assert (planted.position >= 0).mean() >= 0.95


def test_no_track_of_the_benchmark_is_in_both_training_and_validation(benchmark):
    _, _, _, (_, valid, _) = benchmark
    assert (valid.position >= 0).sum() == 0


def test_eight_test_images_of_the_benchmark_are_training_images_all_stop_signs(benchmark):
    _, is_exact, labels, (_, _, test) = benchmark
    assert is_exact.sum() == 8
    assert np.array_equal(test.exact, is_exact)
    assert labels[test.exact].tolist() == [14] * 8

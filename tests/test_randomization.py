import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from signs import randomization
from signs.randomization import SUPERSAMPLING, Camera

STILL = {
    "scale": (0.5, 0.5),
    "rotation": (0, 0),
    "offset": (0, 0),
    "perspective": (0, 0),
    "brightness": (1, 1),
    "contrast": (1, 1),
    "colour": (1, 1),
    "blur": (0, 0),
    "noise": (0, 0),
}
LIMITS = {name: (-1000, 1000) if name in ("rotation", "offset", "perspective") else (0, 1000) for name in STILL}


def posed(drawing, rows, columns, settings, generator):
    ready = randomization.prepared(drawing, rows // SUPERSAMPLING, columns // SUPERSAMPLING)
    return randomization.posed(ready, rows, columns, settings, generator)


def photograph(drawing, height, width, settings, generator):
    ready = randomization.prepared(drawing, height, width)
    return randomization.photograph(ready, height, width, settings, generator)


def camera(**changes):
    return Camera(**STILL | changes)


def rng(seed=1):
    return np.random.default_rng(seed)


def square(colour=(200, 100, 50, 255), size=64):
    return np.full((size, size, 4), colour, dtype=np.uint8)


@pytest.mark.parametrize(("height", "width"), [(32, 32), (24, 40), (40, 24), (1, 1), (7, 64)])
@pytest.mark.parametrize("shape", [(64, 64), (512, 256), (3, 90), (1, 1)])
def test_the_image_has_the_size_asked_for_whatever_the_drawing_s(height, width, shape):
    image = photograph(np.full((*shape, 4), 255, np.uint8), height, width, camera(blur=(0, 2), noise=(0, 8)), rng())
    assert (image.shape, image.dtype) == ((height, width, 3), np.uint8)


def test_the_same_seed_gives_the_same_bytes_and_another_other_ones():
    settings = camera(rotation=(-8, 8), offset=(-0.1, 0.1), blur=(0, 1), noise=(0, 8))
    first, second, other = (photograph(square(), 32, 32, settings, rng(seed)) for seed in (1, 1, 2))
    assert first.tobytes() == second.tobytes()
    assert first.tobytes() != other.tobytes()


@given(st.sampled_from(sorted(LIMITS)), st.data(), st.integers(0, 9))
@settings(max_examples=60)
def test_extreme_settings_still_give_an_image(name, data, seed):
    low, high = sorted(data.draw(st.tuples(*[st.floats(*LIMITS[name])] * 2)))
    image = photograph(square(), 12, 20, camera(**{name: (low, high)}), rng(seed))
    assert (image.shape, image.dtype) == ((12, 20, 3), np.uint8)


def test_everything_at_its_limit_still_gives_an_image():
    image = photograph(square(), 12, 20, Camera(**LIMITS), rng())
    assert (image.shape, image.dtype) == ((12, 20, 3), np.uint8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale": (0.9, 0.7)}, "the lowest value comes first, then the highest"),
        ({"noise": (-1, 1)}, "greater than or equal to 0"),
        ({"blur": (0, 1001)}, "less than or equal to 1000"),
        ({"rotation": (0, float("inf"))}, "finite number"),
        ({"offset": (0, True)}, "a number is expected, not a bool"),
        ({"zoom": (0, 1)}, "Extra inputs are not permitted"),
    ],
)
def test_impossible_settings_are_an_error(changes, message):
    with pytest.raises(ValidationError, match=message):
        camera(**changes)


@pytest.mark.parametrize(("height", "width"), [(40, 40), (40, 80), (80, 40)])
def test_the_sign_lies_in_the_middle_as_large_as_asked(height, width):
    image = photograph(square(), height, width, camera(), rng())
    is_sign = (image == [200, 100, 50]).all(axis=-1)
    rows, columns = np.nonzero(is_sign)
    assert (rows.min(), rows.max()) == pytest.approx((height / 2 - 10, height / 2 + 9), abs=1)
    assert (columns.min(), columns.max()) == pytest.approx((width / 2 - 10, width / 2 + 9), abs=1)
    assert is_sign.sum() == pytest.approx(400, abs=80)


def test_a_turn_by_180_degrees_turns_the_sign():
    drawing = square()
    drawing[:32, :, :3] = 0
    seen, turned = (
        posed(drawing, 64, 64, camera(rotation=(degrees, degrees), scale=(1, 1)), rng()) for degrees in (0, 180)
    )
    above, below = (slice(8, 28), slice(8, 56)), (slice(36, 56), slice(8, 56))
    assert (seen[above][..., :3] == 0).all()
    assert (turned[below][..., :3] == 0).all()
    assert seen[below][..., 0] == pytest.approx(200 / 255)
    assert turned[above][..., 0] == pytest.approx(200 / 255)


def test_an_offset_moves_the_sign_right_and_down():
    seen = posed(square(), 40, 40, camera(offset=(0.25, 0.25)), rng())
    rows, columns = np.nonzero(seen[..., 3] > 0.5)
    assert (rows.mean(), columns.mean()) == pytest.approx((29.5, 29.5), abs=0.1)


def test_colours_under_a_soft_edge_stay_those_of_the_sign():
    drawing = square((250, 0, 0, 0), 40)
    cv2.circle(drawing, (20, 20), 18, (0, 0, 250, 255), -1)
    seen = posed(drawing, 40, 40, camera(rotation=(30, 30)), rng())
    edge = seen[(seen[..., 3] > 0.05) & (seen[..., 3] < 0.95)]
    assert len(edge) > 20
    assert edge[:, 0].max() < 0.1
    assert edge[:, 2].min() > 0.9


def test_a_transparent_drawing_leaves_the_background():
    first, second = (photograph(square((*colour, 0)), 16, 16, camera(), rng()) for colour in ((0, 0, 0), (255, 9, 9)))
    assert np.array_equal(first, second)


def test_no_brightness_is_black():
    assert photograph(square(), 16, 16, camera(brightness=(0, 0)), rng()).max() == 0


def test_no_contrast_is_one_level():
    scene = rng().random((8, 8, 3)).astype(np.float32)
    flat = randomization.lit(scene, camera(contrast=(0, 0)), rng())
    assert flat == pytest.approx(np.full_like(flat, scene.mean()), abs=1e-6)


def test_light_multiplies_contrast_spreads_about_the_mean():
    scene = rng().random((8, 8, 3)).astype(np.float32)
    result = randomization.lit(scene, camera(brightness=(0.5, 0.5), contrast=(0.3, 0.3)), rng())
    assert result == pytest.approx(0.5 * (scene.mean() + 0.3 * (scene - scene.mean())), abs=1e-6)


def test_noise_has_the_deviation_asked_for():
    settings = camera(scale=(2, 2), noise=(10, 10))
    image = photograph(square((128, 128, 128, 255)), 64, 64, settings, rng())
    assert image.mean() == pytest.approx(128, abs=1)
    assert image.std() == pytest.approx(10, rel=0.05)


def test_blur_keeps_the_mean_and_takes_the_detail():
    scene = rng().random((64, 64, 3)).astype(np.float32)
    soft = randomization.blurred(scene, 2.0)
    assert soft.mean() == pytest.approx(scene.mean(), abs=0.01)
    assert soft.std() < scene.std() / 3
    assert np.array_equal(randomization.blurred(scene, 0.0), scene)


def test_backgrounds_are_within_range_and_differ():
    scenes = [randomization.background(24, 40, rng(seed)) for seed in range(20)]
    assert {(scene.shape, scene.dtype.name) for scene in scenes} == {((24, 40, 3), "float32")}
    assert all(scene.min() >= 0 and scene.max() <= 1 for scene in scenes)
    assert np.std([scene.mean() for scene in scenes]) > 0.1


def test_the_drawing_is_not_altered():
    drawing = square()
    photograph(drawing, 32, 32, camera(noise=(5, 5), blur=(1, 1)), rng())
    assert np.array_equal(drawing, square())

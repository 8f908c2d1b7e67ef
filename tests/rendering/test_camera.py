import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from signs.core import params
from signs.core.errors import UserError
from signs.rendering.camera import CHUNK, Camera, render
from signs.rendering.lens import demosaic
from signs.rendering.scene import Surroundings

ROOT = Path(__file__).parents[2]
STILL = {
    "pose": {"scale": (0.5, 0.5), "aspect": (1, 1), "rotation": (0, 0), "offset": (0, 0), "perspective": (0, 0)},
    "wear": {"fading": 0, "bleaching": 0, "dirt": 0, "stickers": 0, "graffiti": 0},
    "background": {"photographs": 0},
    "light": {"backlight": (1, 1), "shadow": 0, "glare": 0},
    "lens": {
        "contrast": (1, 1),
        "colour": (1, 1),
        "hue": (0, 0),
        "saturation": (1, 1),
        "blur": (0, 0),
        "motion": (0, 0),
        "resolution": (1, 1),
        "mosaic": 0,
        "brightness": None,
        "power": 1,
        "mottle": 0,
        "noise": 0,
    },
}
EXTREMES = {
    "pose.scale": (0, 1000),
    "pose.aspect": (0, 1000),
    "pose.rotation": (-1000, 1000),
    "pose.offset": (-1000, 1000),
    "pose.perspective": (-1000, 1000),
    "light.backlight": (1e-3, 1000),
    "lens.contrast": (0, 1000),
    "lens.colour": (1e-3, 1000),
    "lens.hue": (-1000, 1000),
    "lens.saturation": (0, 1000),
    "lens.blur": (0, 50),
    "lens.motion": (0, 50),
    "lens.resolution": (0.01, 10),
    "lens.brightness": (0, 1),
}


PRESETS = sorted((Path(__file__).parents[2] / "presets/cameras").glob("*.yaml"))
SIZE = {"height": 32, "width": 32}


def camera(**changes):
    parts = {name: dict(part) for name, part in STILL.items()}
    for place, value in changes.items():
        part, name = place.split("_", 1)
        assert name in parts[part]
        parts[part][name] = value
    return Camera(**parts)


def square(colour=(200, 100, 50, 255), size=64):
    return np.full((size, size, 4), colour, dtype=np.uint8)


def images(drawings=None, count=3, height=32, width=32, seed=(1,), workers=1, **changes):
    settings = {"count": count, "height": height, "width": width, "workers": workers}
    return render([drawings or [square()]], [seed], camera=camera(**changes), **settings)[0]


@pytest.mark.parametrize(("height", "width"), [(32, 32), (24, 40), (40, 24), (1, 1), (7, 64)])
@pytest.mark.parametrize("shape", [(64, 64), (512, 256), (3, 90), (1, 1)])
def test_images_have_the_size_asked_for_whatever_the_drawing_s(height, width, shape):
    found = images(
        [square(size=1).repeat(shape[0], 0).repeat(shape[1], 1)], height=height, width=width, lens_blur=(0, 2)
    )
    assert (found.shape, found.dtype) == ((3, height, width, 3), np.uint8)


LIVELY = {
    "pose_rotation": (-8, 8),
    "pose_perspective": (-0.1, 0.1),
    "wear_fading": 0.5,
    "wear_dirt": 0.5,
    "wear_stickers": 0.5,
    "light_backlight": (0.5, 1.5),
    "light_shadow": 0.5,
    "light_glare": 0.5,
    "lens_blur": (0, 1),
    "lens_motion": (0, 4),
    "lens_resolution": (0.4, 1.2),
    "lens_mosaic": 0.5,
    "lens_brightness": (0.1, 0.9),
    "lens_noise": 8,
}


def test_the_same_seed_gives_the_same_bytes_with_any_number_of_workers():
    first, second, other = (
        images(count=2 * CHUNK + 5, seed=(seed,), workers=workers, **LIVELY)
        for seed, workers in ((1, 1), (1, 3), (2, 1))
    )
    assert first.tobytes() == second.tobytes()
    assert (first != other).mean() > 0.5
    assert len(np.unique(first.reshape(len(first), -1), axis=0)) == len(first)


def test_workers_share_the_surroundings_of_many_photographs():
    many = Surroundings.from_photographs(np.random.default_rng(0).integers(0, 256, (9000, 32, 32, 3), dtype=np.uint8))
    assert many.corners.nbytes > 2**20  # from where they are passed as a file
    settings = camera(**LIVELY | {"background_photographs": 0.5, "lens_brightness": "photographs"})
    one, two = (
        render(
            [[square()]] * 2, [[1], [2]], **SIZE, count=CHUNK + 3, camera=settings, workers=workers, surroundings=many
        )
        for workers in (1, 2)
    )
    assert [images.tobytes() for images in one] == [images.tobytes() for images in two]


@pytest.mark.parametrize("count", [1, 5, CHUNK, CHUNK + 1])
def test_with_more_images_the_first_stay_as_they_are(count):
    assert np.array_equal(images(count=count, **LIVELY), images(count=CHUNK + 30, **LIVELY)[:count])


def test_variants_take_turns():
    found = images([square((255, 0, 0, 255)), square((0, 0, 255, 255))], count=4)
    assert found[:, 16, 16].argmax(axis=-1).tolist() == [0, 2, 0, 2]


def test_no_drawing_is_altered():
    drawing = square()
    images([drawing], **LIVELY)
    assert np.array_equal(drawing, square())


@given(st.sampled_from(sorted(EXTREMES)), st.data(), st.integers(0, 9))
@settings(max_examples=40, deadline=None)
def test_extreme_settings_still_give_images(name, data, seed):
    ends = tuple(sorted(data.draw(st.tuples(*[st.floats(*EXTREMES[name])] * 2))))
    found = images(height=12, width=20, seed=(seed,), **{name.replace(".", "_"): ends})
    assert (found.shape, found.dtype) == ((3, 12, 20, 3), np.uint8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"pose_scale": (0.9, 0.7)}, "the lowest value comes first, then the highest"),
        ({"lens_noise": -1}, "greater than or equal to 0"),
        ({"lens_blur": (0, 1001)}, "less than or equal to"),
        ({"pose_rotation": (0, float("inf"))}, "finite number"),
        ({"pose_offset": (0, True)}, "a number is expected, not a bool"),
        ({"wear_dirt": 1.5}, "less than or equal to 1"),
        ({"light_backlight": (0, 1)}, "greater than 0"),
    ],
)
def test_impossible_settings_are_an_error(changes, message):
    with pytest.raises(ValidationError, match=message):
        camera(**changes)


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_every_preset_is_a_camera(path):
    Camera(**params.read(path))


# --- pose


@pytest.mark.parametrize(("height", "width"), [(40, 40), (40, 80), (80, 40)])
def test_the_sign_lies_in_the_middle_as_large_as_asked(height, width):
    is_sign = (np.abs(images(height=height, width=width)[0].astype(int) - [200, 100, 50]) <= 1).all(axis=-1)
    rows, columns = np.nonzero(is_sign)
    assert (rows.min(), rows.max()) == pytest.approx((height / 2 - 10, height / 2 + 9), abs=1)
    assert (columns.min(), columns.max()) == pytest.approx((width / 2 - 10, width / 2 + 9), abs=1)


def test_a_turn_by_180_degrees_turns_the_sign():
    drawing = square()
    drawing[:32, :, :3] = 0
    seen, turned = (images([drawing], pose_scale=(1, 1), pose_rotation=(angle, angle))[0] for angle in (0, 180))
    above, below = slice(4, 14), slice(18, 28)
    assert seen[above, 4:28].max() == turned[below, 4:28].max() == 0
    assert (seen[below, 4:28] == [200, 100, 50]).all()
    assert (turned[above, 4:28] == [200, 100, 50]).all()


def test_an_offset_moves_the_sign_right_and_down():
    found = images([square((0, 255, 0, 255))], height=40, width=40, pose_offset=(0.25, 0.25))[0]
    rows, columns = np.nonzero((found == [0, 255, 0]).all(axis=-1))
    assert (rows.mean(), columns.mean()) == pytest.approx((29.5, 29.5), abs=0.6)


def test_an_aspect_makes_the_sign_wide():
    found = images([square((0, 255, 0, 255))], height=40, width=40, pose_aspect=(4, 4), pose_scale=(0.4, 0.4))[0]
    rows, columns = np.nonzero((found == [0, 255, 0]).all(axis=-1))
    assert (np.ptp(columns) + 1) / (np.ptp(rows) + 1) == pytest.approx(4, rel=0.15)


def test_a_transparent_drawing_leaves_the_background():
    first, second = (images([square((*colour, 0))]) for colour in ((0, 0, 0), (255, 9, 9)))
    assert np.array_equal(first, second)
    assert first.std(axis=(1, 2, 3)).min() > 0


# --- wear


def grey(**changes):
    """Images that a grey sign fills."""
    return images([square((100, 100, 100, 255))], count=CHUNK, pose_scale=(2, 2), **changes)


def test_a_still_camera_sees_the_sign_as_it_is():
    assert (grey() == 100).all()


def test_a_faded_sign_goes_towards_another_grey():
    levels = grey(wear_fading=1)[:, 16, 16, 0].astype(int)
    assert np.ptp(levels) > 30
    assert (grey(wear_fading=1).std(axis=(1, 2, 3)) < 1).all()


def test_dirt_darkens_patches_and_nothing_else():
    found = grey(wear_dirt=0.8)
    assert found.max() == 100
    assert found.min() < 60
    assert 0.2 < (found == 100).mean() < 0.8


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_stickers_cover_a_share_of_the_signs(share):
    is_covered = (grey(wear_stickers=share) != 100).any(axis=(1, 2, 3))
    assert is_covered.mean() == pytest.approx(1 - (1 - share) ** 2, abs=0.15)


def test_sunlight_takes_colours_and_leaves_black_and_white():
    drawing = square((200, 20, 30, 255))
    drawing[:24, :, :3], drawing[40:, :, :3] = 0, 255
    plain, bleached = (
        images([drawing], count=CHUNK, pose_scale=(2, 2), wear_bleaching=amount)[:, 2:-2] for amount in (0, 1)
    )
    is_red = plain[0, :, 16, 1] == 20
    is_grey = np.isin(plain[0, :, 16, 1], (0, 255))
    assert np.array_equal(plain[:, is_grey], bleached[:, is_grey])
    assert set(plain[0, is_grey, 16, 1].tolist()) == {0, 255}
    green = bleached[..., 1][:, is_red].mean(axis=(1, 2))
    assert green.min() >= 20
    assert np.median(green) < 60  # most are little bleached
    assert 150 < green.max() < 220


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_graffiti_run_over_a_share_of_the_signs_and_not_beside_them(share):
    drawing = square((100, 100, 100, 255))
    drawing[:, :32, 3] = 0
    plain, scrawled = (images([drawing], count=CHUNK, pose_scale=(2, 2), wear_graffiti=part) for part in (0, share))
    is_covered = (scrawled[:, :, 18:] != 100).any(axis=-1)
    assert is_covered.any(axis=(1, 2)).mean() == pytest.approx(share, abs=0.15)
    assert is_covered.mean() < 0.4
    assert (plain[:, :, 18:] == 100).all()


# --- light


def test_backlight_darkens_the_sign_and_leaves_the_background():
    drawing = square((100, 100, 100, 255))
    drawing[:, :32, 3] = 0
    plain, dark = (images([drawing], pose_scale=(2, 2), light_backlight=(factor, factor)) for factor in (1, 0.5))
    assert np.array_equal(plain[:, :, :14], dark[:, :, :14])
    assert (dark[:, :, 18:] == 50).all()


@pytest.mark.parametrize(("effect", "sign"), [("light_shadow", -1), ("light_glare", 1)])
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_shadow_darkens_and_glare_brightens_a_share_of_the_images(effect, sign, share):
    change = sign * (grey(**{effect: share}).astype(int) - 100)
    assert change.min() >= 0
    assert (change.max(axis=(1, 2, 3)) > 3).mean() == pytest.approx(share, abs=0.2)


# --- lens


def test_the_brightness_is_the_one_asked_for_and_mostly_dark():
    means = grey(lens_brightness=(0.1, 0.9), lens_power=3).mean(axis=(1, 2, 3)) / 255
    assert means.min() == pytest.approx(0.1, abs=0.02)
    assert 0.7 < means.max() <= 0.9 + 1e-3
    assert np.median(means) == pytest.approx(0.1 + 0.8 / 8, abs=0.08)


def photographs(count=40):
    """Images of one grey each: three of 20, then one of 220, and so on."""
    levels = np.where(np.arange(count) % 4 < 3, 20, 220).astype(np.uint8)
    return np.tile(levels[:, None, None, None], (1, 32, 32, 3))


def test_the_brightness_of_photographs_is_drawn_as_they_have_it():
    drawing = square((100, 100, 100, 255))
    settings = {**SIZE, "camera": camera(pose_scale=(2, 2), lens_brightness="photographs")}
    around = Surroundings.from_photographs(photographs())
    (found,) = render([[drawing]], [[1]], count=4 * CHUNK, surroundings=around, **settings)
    found = found.mean(axis=(1, 2, 3))
    assert set(np.rint(found).astype(int).tolist()) == {20, 220}
    assert (found < 100).mean() == pytest.approx(0.75, abs=0.08)
    with pytest.raises(UserError, match=r"lens\.brightness is 'photographs', but there are none here"):
        render([[drawing]], [[1]], count=1, **settings)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_a_share_of_the_backgrounds_is_cut_from_photographs(share):
    settings, around = camera(background_photographs=share), Surroundings.from_photographs(photographs())
    (found,) = render([[square((0, 0, 0, 0))]], [[1]], **SIZE, count=4 * CHUNK, camera=settings, surroundings=around)
    is_cut = np.isin(found, [20, 220]).all(axis=(1, 2, 3))
    assert is_cut.mean() == pytest.approx(share, abs=0.1)


def test_without_saturation_all_is_grey_and_a_turn_by_120_degrees_swaps_the_channels():
    assert np.ptp(images(lens_saturation=(0, 0)), axis=-1).max() <= 1
    drawing = square((200, 100, 50, 255))
    (turned,) = images([drawing], count=1, pose_scale=(2, 2), lens_hue=(120, 120))
    assert sorted(turned[16, 16].tolist()) == pytest.approx([50, 100, 200], abs=1)
    assert turned[16, 16].tolist() != [200, 100, 50]


def test_contrast_goes_about_the_mean():
    found, flat = images(count=1), images(count=1, lens_contrast=(0.5, 0.5))
    expected = (found - found.mean()) / 2 + found.mean()
    assert np.abs(flat - expected).max() <= 1.5


def test_each_channel_has_its_own_colour_factor():
    found = grey(lens_colour=(0.5, 2))[:, 16, 16].astype(int)
    assert found.min() >= 49
    assert found.max() <= 201
    assert np.ptp(found, axis=1).mean() > 20


@pytest.mark.parametrize("effect", [{"lens_blur": (2, 2)}, {"lens_motion": (6, 6)}, {"lens_resolution": (0.3, 0.3)}])
def test_blur_motion_and_few_pixels_keep_the_mean_and_take_detail(effect):
    drawing = square()
    drawing[::8, :, :3] = drawing[:, ::8, :3] = 0
    sharp, soft = (images([drawing], count=CHUNK, **changes).astype(int) for changes in ({}, effect))
    assert soft.mean() == pytest.approx(sharp.mean(), abs=2)
    detail = [np.abs(np.diff(found, axis=2)).mean() + np.abs(np.diff(found, axis=1)).mean() for found in (sharp, soft)]
    assert detail[1] < 0.8 * detail[0]


@pytest.mark.parametrize("red", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_what_is_grey_and_changes_evenly_is_the_same_behind_a_mosaic(red):
    rows, columns = np.indices((9, 10), dtype=np.float32)
    even = np.repeat((0.2 + rows * 0.05 + columns * 0.02)[..., None], 3, axis=-1)
    found = demosaic(even, *red)
    assert (found.dtype, found.shape) == (np.float32, even.shape)
    assert found[1:-1, 1:-1] == pytest.approx(even[1:-1, 1:-1], abs=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (5, 1), (2, 2), (3, 8)])
@pytest.mark.parametrize("red", [(0, 0), (1, 1)])
def test_one_colour_stays_behind_a_mosaic_whatever_the_size(shape, red):
    image = np.full((*shape, 3), (0.6, 0.3, 0.1), np.float32)
    assert demosaic(image, *red) == pytest.approx(image, abs=1e-6)


def test_a_white_line_one_pixel_wide_gets_the_colours_of_its_pixels():
    image = np.zeros((6, 6, 3), np.float32)
    image[:, 2] = 1
    found = demosaic(image, 0, 0)
    # Red is seen in rows and columns 0, 2, 4; blue in 1, 3, 5; green elsewhere.
    assert found[2, 2].tolist() == [1, 0.5, 0]
    assert found[3, 2].tolist() == [1, 1, 0]
    assert found[2, 3].tolist() == [0.5, 0, 0]
    assert found[3, 3].tolist() == [0.5, 0.25, 0]


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_a_share_of_the_images_is_seen_through_a_mosaic(share):
    drawing = square((0, 0, 0, 255))
    drawing[:, 31:34, :3] = 255
    found = images([drawing], count=2 * CHUNK, pose_scale=(1, 1), lens_mosaic=share)
    assert np.ptp(found, axis=-1).max(axis=(1, 2)).astype(bool).mean() == pytest.approx(share, abs=0.12)


def test_noise_has_the_deviation_asked_for_at_most():
    deviations = grey(lens_noise=20).astype(float).std(axis=(1, 2, 3))
    assert 10 < deviations.max() <= 21
    assert deviations.min() < 2


def test_mottle_varies_smoothly():
    found = grey(lens_mottle=0.4).astype(int)
    assert np.abs(np.diff(found, axis=1)).max() < np.ptp(found)
    assert found.std(axis=(1, 2, 3)).max() > 5


RENDERING = """
import sys
from tests.rendering.test_camera import images
images(count=100_000, workers=2)
"""


def test_workers_end_with_a_process_that_is_killed():
    with subprocess.Popen([sys.executable, "-c", RENDERING], cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while len(started := children.read_text().split()) < 3:  # two workers, and what tracks their resources
            time.sleep(0.1)
        time.sleep(5)
        process.kill()
    for _ in range(300):
        if not any(Path("/proc", child).exists() for child in started):
            return
        time.sleep(0.1)
    pytest.fail("a worker goes on")


def test_more_images_than_memory_holds_are_refused_before_the_first_is_rendered():
    with pytest.raises(UserError, match=r"^rendering 1,000,000,000 images of 1,024 pixels takes at least 3,072 GB"):
        images(count=10**9)

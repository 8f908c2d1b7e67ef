from pathlib import Path

import cv2
import numpy as np
import pytest

from signs.core import params
from signs.core.errors import UserError
from signs.data import classes
from signs.synthesis.randomized import randomize
from signs.synthesis.synthesis import synthesize

ROOT = Path(__file__).parents[2]
CAMERA = params.read(ROOT / "presets/cameras/synthesis.yaml")
# Shows the sign alone, and as it is.
STILL = {
    "pose": {"scale": [2, 2], "aspect": [1, 1], "rotation": [0, 0], "offset": [0, 0], "perspective": [0, 0]},
    "wear": {"fading": 0, "bleaching": 0, "dirt": 0, "stickers": 0, "graffiti": 0},
    "background": {"photographs": 0},
    "light": {"backlight": [1, 1], "shadow": 0, "glare": 0},
    "lens": CAMERA["lens"]
    | {key: [1, 1] for key in ["contrast", "colour", "saturation", "resolution"]}
    | {key: [0, 0] for key in ["hue", "blur", "motion"]}
    | {"brightness": None, "mosaic": 0, "mottle": 0, "noise": 0},
}
NOISY = STILL | {"lens": STILL["lens"] | {"noise": 9}}


def sign(*colour):
    return np.full((9, 9, 4), (*colour, 255), np.uint8)


def images(drawings, camera, count=20, photographs=None):
    return randomize(drawings, 8, 8, [1, 0], photographs, images=count, workers=1, camera=camera)


def test_images_of_a_class_do_not_depend_on_other_classes():
    bus = {"Bus": [sign(9, 99, 199)]}
    alone, both = images(bus, NOISY), images({"Ant": [sign(200, 0, 0)]} | bus, NOISY)
    assert list(both) == ["Ant", "Bus"]
    assert np.array_equal(alone["Bus"], both["Bus"])


@pytest.mark.parametrize("colour", [(200, 0, 0), (0, 200, 0)])
def test_a_plain_background_is_cut_out(colour):
    drawing = np.full((40, 40, 4), 255, np.uint8)
    drawing[10:30, 10:30, :3] = colour
    found = images({"Bus": [drawing]}, STILL | {"pose": STILL["pose"] | {"scale": [1, 1]}})["Bus"]
    assert np.abs(found[:, 4, 4].astype(int) - colour).max() <= 1
    assert len(np.unique(found[:, 0, 0], axis=0)) > 1  # the background of the drawing would be white everywhere


def made(folder, camera, photographs=None):
    settings = {"seed": 1, "height": 8, "width": 8, "shares": {"train": 0.6, "valid": 0.1, "test": 0.3}}
    recipe = {"name": "randomized", "images": 20, "workers": 1, "camera": camera}
    names = classes.read(ROOT / "data/signnames.csv")
    return synthesize(folder, folder, names, photographs, also_render=[], recipe=recipe, **settings)


def write(path, *blue_green_red):
    cv2.imwrite(str(path), np.full((9, 9, 3), blue_green_red, np.uint8))


def test_of_several_drawings_the_last_is_for_the_test_alone(tmp_path):
    for number, colour in enumerate([(0, 0, 200), (0, 200, 0), (200, 0, 0)]):
        write(tmp_path / f"bus_{number}.png", *colour)
    write(tmp_path / "route_66_0.png", 99, 99, 99)
    data = made(tmp_path, STILL)
    assert data.classes.names == ["Bus", "Route 66"]
    shown = {
        name: set(split.features[split.labels == 0][:, 4, 4].argmax(axis=-1).tolist())
        for name, split in data.splits.items()
    }
    assert shown == {"train": {0, 1}, "valid": {0, 1}, "test": {2}}
    assert [len(split.labels) for split in data.splits.values()] == [24, 4, 12]


@pytest.mark.parametrize("photographs", [None, np.empty((0, 12, 12, 3), np.uint8)])
def test_brightness_of_photographs_needs_some(tmp_path, photographs):
    write(tmp_path / "a.png", 99, 99, 99)
    with pytest.raises(UserError, match=r"randomized\.camera has lens\.brightness: photographs, but"):
        made(tmp_path, CAMERA, photographs)
    given = CAMERA | {"lens": CAMERA["lens"] | {"brightness": [0.1, 0.8]}}
    assert len(made(tmp_path, given, photographs).train.labels) == 12

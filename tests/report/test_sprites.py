import base64
import functools

import cv2
import numpy as np
import pytest

from signs.report.sprites import LONGEST_SIDE, Sprite, data_uri


@functools.cache
def decoded(uri):
    """The picture in a `data:` address, RGB."""
    kind, content = uri.split(",")
    assert kind == "data:image/webp;base64"
    content = base64.b64decode(content, validate=True)
    assert (content[:4], content[8:12]) == (b"RIFF", b"WEBP")
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def tile(sheet, place):
    row, column = divmod(place, sheet["columns"])
    height, width = sheet["height"], sheet["width"]
    return decoded(sheet["uri"])[row * height : (row + 1) * height, column * width : (column + 1) * width]


def soft(count, height, width, channels=3, seed=0):
    """Smooth pictures in one hue each, which a lossy format keeps well."""
    rng = np.random.default_rng(seed)
    slope = np.linspace(0.4, 1, height)[:, np.newaxis, np.newaxis] * np.linspace(0.5, 1, width)[:, np.newaxis]
    return (slope * rng.uniform(30, 255, (count, 1, 1, channels))).astype(np.uint8)


def filled(pictures):
    sprite = Sprite(*pictures.shape[1:3])
    return [sprite.add(picture) for picture in pictures], sprite.sheet()


@pytest.mark.parametrize(("height", "width"), [(32, 32), (48, 24), (16, 40), (64, 64)])
def test_each_tile_is_the_picture_that_it_came_from(height, width):
    pictures = soft(23, height, width)
    places, sheet = filled(pictures)
    assert (sheet["height"], sheet["width"], sheet["count"], sheet["columns"]) == (height, width, 23, 5)
    assert places == list(range(23))
    for place in places:
        far = [np.abs(tile(sheet, place).astype(int) - other).mean() for other in pictures]
        assert far[place] == min(far) < 12


def test_a_picture_in_one_channel_is_grey():
    pictures = soft(5, 32, 32, channels=1)
    places, sheet = filled(pictures)
    for place, picture in zip(places, pictures, strict=True):
        shown = tile(sheet, place).astype(int)
        assert np.abs(shown - picture).mean() < 4
        assert np.abs(shown - shown.mean(axis=-1, keepdims=True)).max() < 6


def test_the_same_picture_has_the_same_place():
    pictures = soft(3, 32, 32)
    sprite = Sprite(32, 32)
    places = [sprite.add(pictures[index]) for index in (0, 1, 0, 2, 1, 0)]
    assert places == [0, 1, 0, 2, 1, 0]
    assert sprite.sheet()["count"] == 3


def test_grey_in_one_channel_and_in_three_is_the_same_picture():
    grey = soft(1, 32, 32, channels=1)[0]
    sprite = Sprite(32, 32)
    assert sprite.add(grey) == sprite.add(grey.repeat(3, axis=-1)) == 0


@pytest.mark.parametrize(
    ("size", "tile_size"),
    [((128, 128), (64, 64)), ((300, 150), (64, 32)), ((90, 640), (9, 64)), ((64, 65), (63, 64)), ((3000, 10), (64, 1))],
)
def test_large_pictures_are_shrunk_and_keep_their_shape(size, tile_size):
    picture = soft(1, *size)[0]
    sprite = Sprite(*size)
    sprite.add(picture)
    sheet = sprite.sheet()
    assert (sheet["height"], sheet["width"]) == tile_size
    assert max(tile_size) == LONGEST_SIDE
    means = cv2.resize(picture, tile_size[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(tile(sheet, 0).astype(int) - means).mean() < 6


def test_small_pictures_are_not_enlarged():
    _, sheet = filled(soft(4, 8, 5))
    assert (sheet["height"], sheet["width"]) == (8, 5)


def test_pictures_of_another_size_are_scaled_to_the_tile():
    sprite = Sprite(32, 32)
    place = sprite.add(np.full((20, 50, 3), 200, np.uint8))
    assert np.abs(tile(sprite.sheet(), place).astype(int) - 200).max() < 6


@pytest.mark.parametrize(
    ("count", "columns", "rows"), [(0, 1, 1), (1, 1, 1), (2, 2, 1), (9, 3, 3), (10, 4, 3), (17, 5, 4)]
)
def test_the_sheet_is_about_square(count, columns, rows):
    _, sheet = filled(soft(count, 16, 12))
    assert (sheet["columns"], sheet["count"]) == (columns, count)
    assert decoded(sheet["uri"]).shape == (rows * 16, columns * 12, 3)


def test_the_same_pictures_give_the_same_bytes_and_none_is_altered():
    pictures = soft(7, 80, 80)
    before = pictures.copy()
    assert filled(pictures) == filled(pictures)
    assert np.array_equal(pictures, before)


def test_red_is_red():
    shown = decoded(data_uri(np.tile(np.array([250, 10, 10], np.uint8), (32, 48, 1))))
    assert shown.shape == (32, 48, 3)
    assert np.abs(shown.astype(int) - [250, 10, 10]).max() < 12


def test_preprocessed_pictures_are_refused():
    with pytest.raises(ValueError, match="images are float32 in 1 channels; expected uint8"):
        Sprite(8, 8).add(np.zeros((8, 8, 1), np.float32))

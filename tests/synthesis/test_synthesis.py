import math
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from signs.core import params
from signs.data import classes, datasets
from signs.data.classes import SEEN_DRAWINGS
from signs.data.datasets import SPLITS
from signs.rendering import drawings as templates
from signs.synthesis import synthesis
from signs.synthesis.synthesis import article, synthesize

ROOT = Path(__file__).parents[2]
NEW_SIGNS, TEMPLATES = ROOT / "data/new_signs", ROOT / "data/templates"
NAMES = classes.read(ROOT / "data/signnames.csv")
SETTINGS = params.load("synthesize", ROOT / "params.yaml")
RECIPES = SETTINGS["recipe"]
RECIPE = RECIPES["article"]
# Quicker than the article's: 2 brightnesses, each at full size and at 3 x 3 places.
SMALL = {
    "brightness": {"start": 0.5, "stop": 1.1, "step": 0.5},
    "scale": {"start": 0.5, "stop": 0.6, "step": 0.2},
    "offset_step": 3,
    "canvas_pixel": [2, 2],
}

FEW = {"images": 20, "workers": 1}
STILL = {
    "pose": {"scale": [2, 2], "aspect": [1, 1], "rotation": [0, 0], "offset": [0, 0], "perspective": [0, 0]},
    "wear": {"fading": 0, "bleaching": 0, "dirt": 0, "stickers": 0, "graffiti": 0},
    "background": {"photographs": 0},
    "light": {"backlight": [1, 1], "shadow": 0, "glare": 0},
    "lens": RECIPES["randomized"]["camera"]["lens"]
    | {key: [1, 1] for key in ["contrast", "colour", "saturation", "resolution"]}
    | {key: [0, 0] for key in ["hue", "blur", "motion"]}
    | {"brightness": None, "mosaic": 0, "mottle": 0, "noise": 0},
}


def frange(x, y, jump):
    while x < y:
        yield x
        x += jump


def article_cells_28_and_29(original):
    """The article's loops; only `cv2.resize` gets width before height, which its square images hide."""
    imsize = original.shape
    resized = []
    for brightness in frange(0.1, 4.0, 0.5):
        image = np.clip(brightness * np.copy(original), 0, 255).astype(np.uint8)
        resized.append(image)
        for scale in frange(0.5, 1.0, 0.1):
            newsize = (int(imsize[0] / scale), int(imsize[1] / scale), int(imsize[2]))
            for xoff in range(0, newsize[0] - imsize[0], 5):
                for yoff in range(0, newsize[1] - imsize[1], 5):
                    blank = np.ones(shape=newsize, dtype=image.dtype) * image[2, 2, :]
                    blank[xoff : xoff + imsize[0], yoff : yoff + imsize[1], :] = image
                    resized.append(cv2.resize(blank, (imsize[1], imsize[0])))
    return np.array(resized)


def drawings(folder):
    return {name: templates.on_background(drawn[0]) for name, drawn in templates.of_names(folder).items()}


def picture(folder, name, colour=(10, 200, 90), size=(12, 12)):
    folder.mkdir(exist_ok=True)
    image = np.full((*size, 3), colour, dtype=np.uint8)
    image[size[0] // 2 :] //= 2
    (folder / name).write_bytes(cv2.imencode(Path(name).suffix, image[..., ::-1])[1].tobytes())
    return folder


def made(folder, **changes):
    sections = {"seed": 1, "height": 8, "width": 8, "shares": {"train": 0.6, "valid": 0.1, "test": 0.3}, "known": []}
    return synthesize(
        folder, TEMPLATES, NAMES, **sections | {"recipe": {"name": "article", "article": SMALL}} | changes
    )


@pytest.fixture(scope="module")
def ours():
    return synthesize(NEW_SIGNS, TEMPLATES, NAMES, **SETTINGS)


# --- the recipe


@pytest.mark.parametrize("shape", [(32, 32, 3), (32, 20, 3), (17, 48, 3), (64, 64, 3)])
def test_the_recipe_is_the_article_s_to_the_bit(shape):
    image = np.random.default_rng(sum(shape)).integers(0, 256, shape, dtype=np.uint8)
    expected = article_cells_28_and_29(image)
    result = article(image, **RECIPE)
    assert result.dtype == np.uint8
    assert np.array_equal(result, expected)


@given(npst.arrays(np.uint8, st.tuples(st.integers(3, 12), st.integers(3, 12), st.just(3))))
@settings(max_examples=25)
def test_the_recipe_is_the_article_s_for_images_of_any_size(image):
    before = image.copy()
    assert np.array_equal(article(image, **RECIPE), article_cells_28_and_29(image))
    assert np.array_equal(image, before)


def one_at_a_time(image, brightness, scale, offset_step, canvas_pixel):
    """The recipe without a shortcut: a canvas for each place, each scaled by itself."""
    height, width = image.shape[:2]
    made = []
    for light in frange(*brightness.values()):
        original = np.clip(light * image, 0, 255).astype(np.uint8)
        made.append(original)
        for factor in frange(*scale.values()):
            rows, columns = int(height / factor), int(width / factor)
            for row in range(0, rows - height, offset_step):
                for column in range(0, columns - width, offset_step):
                    canvas = np.full((rows, columns, 3), original[tuple(canvas_pixel)], np.uint8)
                    canvas[row : row + height, column : column + width] = original
                    made.append(cv2.resize(canvas, (width, height), interpolation=cv2.INTER_LINEAR))
    return np.array(made)


@given(
    npst.arrays(np.uint8, st.tuples(st.integers(1, 3), st.integers(1, 40), st.integers(1, 40), st.just(3))),
    st.floats(0.15, 1.5),
    st.floats(0.05, 0.5),
    st.integers(1, 30),
    st.data(),
)
@settings(max_examples=25, deadline=None)
def test_several_images_at_once_become_what_each_becomes_alone(images, start, step, offset_step, data):
    height, width = images.shape[1:3]
    recipe = {
        "brightness": {"start": 0.3, "stop": 1.9, "step": 0.4},
        "scale": {"start": start, "stop": start + 0.3, "step": step},
        "offset_step": offset_step + max(height, width) // 2,  # few places, so it is quick
        "canvas_pixel": [data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))],
    }
    before = images.copy()
    expected = np.stack([one_at_a_time(image, **recipe) for image in images])
    result = article(images, **recipe)
    assert result.dtype == np.uint8
    assert np.array_equal(result, expected)
    assert np.array_equal(images, before)


@pytest.mark.parametrize(
    ("height", "width"), [(1, 1), (2, 3), (31, 32), (32, 31), (33, 47), (48, 17), (64, 64), (128, 9)]
)
@pytest.mark.parametrize("factor", [0.07, 0.35, 0.5, 0.6, 0.97])
def test_images_far_down_a_tall_canvas_become_what_each_becomes_alone(height, width, factor):
    """OpenCV's single precision would tell, had we asked too much of it."""
    images = np.random.default_rng(height).integers(0, 256, (40, height, width, 3), dtype=np.uint8)
    recipe = {
        "brightness": {"start": 1.0, "stop": 1.1, "step": 1.0},
        "scale": {"start": factor, "stop": 1.0, "step": 1.0},
        "offset_step": max(1, int(height / factor) // 2),
        "canvas_pixel": [0, 0],
    }
    assert np.array_equal(article(images, **recipe), [one_at_a_time(image, **recipe) for image in images])


def test_a_tall_canvas_may_have_more_rows_than_16_bits_count():
    images = np.random.default_rng(1).integers(0, 256, (2000, 32, 4, 3), dtype=np.uint8)
    recipe = {
        "brightness": {"start": 1.0, "stop": 1.1, "step": 1.0},
        "scale": {"start": 0.6, "stop": 0.7, "step": 1.0},
        "offset_step": 20,
        "canvas_pixel": [0, 0],
    }
    assert np.array_equal(article(images, **recipe), [one_at_a_time(image, **recipe) for image in images])


@pytest.mark.parametrize("start", [1.0, 2.5, 40.0])
def test_there_is_no_place_on_a_canvas_smaller_than_the_image(start):
    image = np.random.default_rng(1).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    recipe = SMALL | {"scale": {"start": start, "stop": start + 1, "step": 0.5}}
    assert np.array_equal(article(image, **recipe), one_at_a_time(image, **recipe))
    assert len(article(image, **recipe)) == 2


def test_a_square_of_32_pixels_becomes_712_images():
    images = article(np.zeros((32, 32, 3), np.uint8), **RECIPE)
    assert images.shape == (712, 32, 32, 3)
    assert 8 * (1 + sum(math.ceil((int(32 / scale) - 32) / 5) ** 2 for scale in frange(0.5, 1.0, 0.1))) == 712


def test_brightness_is_clipped_at_white():
    image = np.full((4, 4, 3), (10, 100, 200), np.uint8)
    steps = {"brightness": {"start": 0.5, "stop": 3.0, "step": 1.0}, "scale": {"start": 1, "stop": 2, "step": 1}}
    images = article(image, **RECIPE | steps)
    assert images[:, 0, 0].tolist() == [[5, 50, 100], [15, 150, 255], [25, 250, 255]]


def test_the_canvas_has_the_colour_of_the_pixel_asked_for():
    image = np.zeros((8, 8, 3), np.uint8)
    image[1, 6] = (10, 20, 30)
    smaller = article(
        image, **SMALL | {"canvas_pixel": [1, 6], "brightness": {"start": 1.0, "stop": 1.1, "step": 1.0}}
    )[1:]
    assert len(smaller) == 9
    assert (smaller[0][-1, -1] == (10, 20, 30)).all()


@pytest.mark.parametrize("pixel", [[8, 0], [0, 8], [100, 100]])
def test_a_canvas_pixel_outside_the_image_is_an_error(pixel):
    with pytest.raises(ValueError, match=r"params\.yaml: synthesize\.recipe\.article\.canvas_pixel .* is outside"):
        article(np.zeros((8, 8, 3), np.uint8), **RECIPE | {"canvas_pixel": pixel})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"canvas_pixel": [-1, 2]}, r"article\.canvas_pixel\.0 is -1; .*greater than or equal to 0"),
        ({"offset_step": 0}, r"article\.offset_step is 0; .*greater than or equal to 1"),
        ({"scale": {"start": 0.5, "stop": 1.0, "step": 0}}, r"article\.scale\.step is 0; .*equal to 0\.001"),
        ({"scale": {"start": 0, "stop": 1.0, "step": 1}}, r"article\.scale\.start is 0; .*equal to 0\.001"),
        ({"brightness": {"start": 1, "stop": 1e9, "step": 1}}, r"article\.brightness\.stop is 1.*; .*equal to 1000"),
        ({"brightness": {"start": 4, "stop": 1, "step": 1}}, r"article\.brightness is .*start 4 is not below stop 1"),
        ({"brightness": {"start": 4, "stop": 5, "setp": 1}}, r"article\.brightness\.(step is missing|setp is unknown)"),
        ({"offest_step": 5}, r"article\.offest_step is unknown; synthesize\.recipe\.article takes brightness, canvas"),
    ],
)
def test_a_wrong_setting_of_the_recipe_is_an_error(tmp_path, changes, message):
    recipe = {"name": "article", "article": RECIPE | changes}
    with pytest.raises(ValueError, match=rf"params\.yaml: synthesize\.recipe\.{message}"):
        made(picture(tmp_path, "a.png"), recipe=recipe)


# --- our five new signs


def test_the_five_new_signs_give_the_article_s_numbers(ours):
    assert {name: len(split.labels) for name, split in ours.splits.items()} == {
        "train": 2135,
        "valid": 355,
        "test": 1070,
    }
    for split, count in zip(ours.splits.values(), (427, 71, 214), strict=True):
        assert np.bincount(split.labels).tolist() == [count] * 5
        assert (split.features.shape[1:], split.features.dtype) == ((32, 32, 3), np.uint8)


def test_the_new_signs_are_classes_in_order_of_their_files(ours):
    assert ours.classes.ids.tolist() == [0, 1, 2, 3, 4]
    assert ours.classes.names == ["Bus lane", "Bus stop", "Oncoming priority", "Parking", "Pedestrian zone"]
    assert {row.origin for row in ours.classes.rows} == {"synthetic"}


def test_each_class_is_the_recipe_of_its_drawing_each_image_once_and_the_test_of_another_drawing(ours):
    for label, (name, drawings) in enumerate(templates.of_names(NEW_SIGNS).items()):
        assert ours.classes.names[label] == name
        learned, judged = (
            article_cells_28_and_29(
                cv2.resize(templates.on_background(drawing), (32, 32), interpolation=cv2.INTER_AREA)
            )
            for drawing in (drawings[0], drawings[-1])
        )
        train, valid, test = (split.of([label]).features for split in ours.splits.values())
        got = np.concatenate([train, valid, test])
        assert Counter(map(bytes, [*train, *valid])) <= Counter(map(bytes, learned))
        assert Counter(map(bytes, test)) <= Counter(map(bytes, judged))
        assert len(got) == len(learned)
        assert not np.array_equal(train, learned[: len(train)])


def test_the_new_signs_are_a_sound_data_set(ours, tmp_path):
    datasets.write(tmp_path / "synthetic", ours)
    assert datasets.read(tmp_path / "synthetic").classes == ours.classes


# --- any folder


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    folder = picture(tmp_path / "new", "a.png")
    for name in ("first", "second"):
        datasets.write(tmp_path / name, made(folder))
    assert datasets.digest(tmp_path / "first") == datasets.digest(tmp_path / "second")


def test_another_seed_gives_another_order_of_the_same_images(tmp_path):
    folder = picture(tmp_path / "new", "a.png")
    first, other = (made(folder, seed=seed) for seed in (1, 2))
    orders = [np.concatenate([split.features for split in data.splits.values()]) for data in (first, other)]
    assert not np.array_equal(*orders)
    assert Counter(map(bytes, orders[0])) == Counter(map(bytes, orders[1]))


def test_another_image_leaves_those_before_it_as_they_were(tmp_path):
    one = made(picture(tmp_path / "new", "a.png"))
    two = made(picture(tmp_path / "new", "b.png", (200, 0, 0)))
    for name in SPLITS:
        of_first = two.splits[name].features[two.splits[name].labels == 0]
        assert np.array_equal(of_first, one.splits[name].features)


def test_classes_are_named_after_files_of_every_kind_in_sorted_order(tmp_path):
    for name in ("zebra_crossing.png", "Überholen_verboten.jpg", "bus__stop.jpeg", "a.PNG"):
        picture(tmp_path, name)
    (tmp_path / "c.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>')
    (tmp_path / "README.md").write_text("not an image")
    assert made(tmp_path).classes.names == ["A", "Bus  stop", "C", "Zebra crossing", "Überholen verboten"]


def test_what_is_transparent_becomes_white(tmp_path):
    (tmp_path / "a.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>')
    bright = SMALL | {"brightness": {"start": 1.0, "stop": 1.1, "step": 1.0}}
    assert (made(tmp_path, recipe={"name": "article", "article": bright}).train.features == 255).all()


def test_drawings_are_the_images_by_the_names_of_their_classes(tmp_path):
    """In order of files and not of names, at their own size."""
    red_above = np.zeros((10, 6, 3), np.uint8)
    red_above[:5] = (250, 0, 0)
    red_above[5:] = (125, 0, 0)
    picture(tmp_path, "stop_Ahead.png", (250, 0, 0), size=(10, 6))
    picture(tmp_path, "Zebra.png", (10, 20, 30), size=(4, 4))
    found = drawings(tmp_path)
    assert list(found) == ["Zebra", "Stop Ahead"]
    assert found["Zebra"].shape == (4, 4, 3)
    assert np.array_equal(found["Stop Ahead"], red_above)
    assert list(found) == made(tmp_path).classes.names


def test_drawings_are_white_where_they_are_transparent(tmp_path):
    rgba = np.zeros((2, 2, 4), np.uint8)
    rgba[0] = (30, 20, 10, 255)  # blue, green, red
    (tmp_path / "a.png").write_bytes(cv2.imencode(".png", rgba)[1].tobytes())
    assert drawings(tmp_path)["A"].tolist() == [[[10, 20, 30]] * 2, [[255] * 3] * 2]


def test_our_new_signs_are_judged_by_another_drawing(ours):
    found = templates.of_names(NEW_SIGNS)
    assert list(found) == ours.classes.names
    assert all(len(variants) >= 2 for variants in found.values())
    assert {row.origin for row in ours.classes.rows} == {"synthetic"}


@pytest.mark.parametrize(("height", "width"), [(8, 12), (12, 8), (32, 32), (6, 7)])
def test_images_have_the_size_asked_for(tmp_path, height, width):
    result = made(picture(tmp_path, "a.png", size=(30, 17)), height=height, width=width)
    assert {split.features.shape[1:] for split in result.splits.values()} == {(height, width, 3)}


def test_the_picture_is_scaled_by_means_of_areas(tmp_path):
    image = np.random.default_rng(1).integers(0, 256, (16, 24, 3), dtype=np.uint8)
    (tmp_path / "a.png").write_bytes(cv2.imencode(".png", image[..., ::-1])[1].tobytes())
    only = {"brightness": {"start": 1.0, "stop": 1.1, "step": 1.0}, "scale": {"start": 0.5, "stop": 0.6, "step": 1.0}}
    result = made(tmp_path, recipe={"name": "article", "article": SMALL | only})
    means = image.reshape(8, 2, 8, 3, 3).mean(axis=(1, 3))
    every = np.concatenate([split.features for split in result.splits.values()])
    assert np.abs(every - means).max(axis=(1, 2, 3)).min() <= 0.5 + 1e-6


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"train": 0.6, "valid": 0.1, "test": 0.2}, r"synthesize\.shares is .*the shares add up to 0\.9; expected 1"),
        ({"train": 1.2, "valid": -0.1, "test": -0.1}, r"synthesize\.shares\.train is 1\.2; .*less than or equal to 1"),
        ({"train": 0.6, "valid": 0.4}, r"synthesize\.shares\.test is missing"),
        ({"train": 1, "valid": 0, "test": 0}, r"synthesize: 20 images a class leave a split empty at shares of"),
        ({"train": 0.97, "valid": 0.01, "test": 0.02}, r"synthesize: 20 images a class leave a split empty"),
    ],
)
def test_shares_that_cannot_be_are_an_error(tmp_path, shares, message):
    with pytest.raises(ValueError, match=message):
        made(picture(tmp_path, "a.png"), shares=shares)


@given(st.integers(3, 1000), st.integers(1, 98), st.integers(1, 98))
def test_each_image_falls_to_one_split_at_the_floor_of_its_share(count, train, valid):
    if train + valid > 99:
        train, valid = train // 2, valid // 2
    train, valid = max(train, 1), max(valid, 1)
    shares = datasets.Shares(train=train / 100, valid=valid / 100, test=(100 - train - valid) / 100)
    ends = [count * train // 100, count * (train + valid) // 100]
    lengths = [ends[0], ends[1] - ends[0], count - ends[1]]
    if not all(lengths):
        with pytest.raises(ValueError, match="leave a split empty"):
            synthesis._divided(np.arange(count), shares)
        return
    parts = synthesis._divided(np.arange(count), shares)
    assert [len(part) for part in parts] == lengths
    assert np.array_equal(np.concatenate(parts), np.arange(count))


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"holds no \.svg, \.png, \.jpg, \.jpeg file; put an image for each class"):
        made(tmp_path)
    with pytest.raises(ValueError, match="put an image for each class"):
        drawings(tmp_path)


@pytest.mark.parametrize("name", ["b.png", "b.jpg", "b.svg"])
def test_an_unreadable_image_is_an_error_that_names_it(tmp_path, name):
    picture(tmp_path, "a.png")
    (tmp_path / name).write_bytes(b"not an image")
    with pytest.raises(ValueError, match=rf"{name} cannot be (read as an image|drawn as SVG)"):
        made(tmp_path)


def test_an_unknown_recipe_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"params\.yaml: synthesize\.recipe\.name is 'cake'; it may be article"):
        made(picture(tmp_path, "a.png"), recipe={"name": "cake"})


def test_known_classes_come_after_the_new_ones_from_their_first_drawing(tmp_path):
    data = made(picture(tmp_path / "new", "bus.png"), known=[38, 14])
    assert data.classes.names == ["Bus", "Keep right", "Stop"]
    stop = templates.on_background(templates.read(TEMPLATES / "14.svg"))
    small = cv2.resize(stop, (8, 8), interpolation=cv2.INTER_AREA)
    expected = {image.tobytes() for image in article(small, **SMALL)}
    found = {
        image.tobytes()
        for split in data.splits.values()
        for image, label in zip(split.features, split.labels, strict=True)
        if label == 2
    }
    assert found == expected


@pytest.mark.parametrize(
    ("known", "message"),
    [
        ([99], r"synthesize\.known \[99\]: .*has no drawing of it"),
        ([-1], r"synthesize\.known\.0 is -1"),
        ([14], r"\['Stop'\] are new signs and in synthesize\.known"),
    ],
)
def test_known_classes_that_cannot_be_made_are_an_error(tmp_path, known, message):
    with pytest.raises(ValueError, match=message):
        made(picture(tmp_path / "new", "stop.png"), known=known)


def test_of_variants_the_last_is_for_the_test_alone(tmp_path):
    for number, colour in enumerate([(200, 0, 0), (0, 200, 0), (0, 0, 200)]):
        picture(tmp_path, f"bus_{number}.png", colour)
    picture(tmp_path, "route_66.png", (99, 99, 99))
    data = made(tmp_path, recipe={"name": "randomized", "randomized": FEW | {"camera": STILL}})
    assert data.classes.names == ["Bus", "Route 66"]
    shown = {
        name: set(split.features[split.labels == 0][:, 4, 4].argmax(axis=-1).tolist())
        for name, split in data.splits.items()
    }
    assert shown == {"train": {0, 1}, "valid": {0, 1}, "test": {2}}
    assert [len(split.labels) for split in data.splits.values()] == [24, 4, 12]
    assert (drawings(tmp_path)["Bus"][0, 0] == [200, 0, 0]).all()


def test_images_of_a_sign_do_not_depend_on_other_signs(tmp_path):
    recipe = {"name": "randomized", "randomized": FEW | {"camera": STILL | {"lens": STILL["lens"] | {"noise": 9}}}}
    alone = made(picture(tmp_path / "one", "bus.png"), recipe=recipe)
    picture(tmp_path / "two", "ant.png")
    both = made(picture(tmp_path / "two", "bus.png"), recipe=recipe)
    for name, split in both.splits.items():
        mine = {bytes(image) for image in split.features[split.labels == 1]}
        everywhere = {bytes(image) for other in alone.splits.values() for image in other.features}
        assert mine <= everywhere, name


def test_two_images_of_the_same_name_are_refused(tmp_path):
    for name in ("parking.png", "parking.jpg"):
        cv2.imwrite(str(tmp_path / name), np.full((40, 40, 3), 99, np.uint8))
    for read in (drawings, made):
        with pytest.raises(ValueError, match="holds 2 images of 'Parking'"):
            read(tmp_path)


@pytest.mark.parametrize("photographs", [None, np.empty((0, 12, 12, 3), np.uint8)])
def test_brightness_of_photographs_needs_some(tmp_path, photographs):
    picture(tmp_path, "a.png")
    randomized = RECIPES["randomized"] | FEW
    camera = randomized["camera"]
    settings = SETTINGS | {"recipe": {"name": "randomized", "randomized": randomized}}
    with pytest.raises(
        ValueError, match=r"params\.yaml: synthesize\.recipe\.randomized\.camera\.lens\.brightness is 'photo"
    ):
        synthesize(tmp_path, tmp_path, NAMES, photographs, **settings)
    settings["recipe"]["randomized"] = randomized | {
        "camera": camera | {"lens": camera["lens"] | {"brightness": [0.1, 0.8]}}
    }
    assert len(synthesize(tmp_path, tmp_path, NAMES, photographs, **settings).train.labels) == 12


def test_classes_whose_test_images_show_what_was_trained_on_say_so(tmp_path):
    for name in ("a.png", "b.png", "b_1.png"):
        picture(tmp_path, name)
    settings = SETTINGS | {"known": [14], "recipe": {"name": "article", "article": SMALL}}
    made = synthesize(tmp_path, TEMPLATES, NAMES, **settings)
    assert [row.origin for row in made.classes.rows] == [SEEN_DRAWINGS, "synthetic", SEEN_DRAWINGS]

from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signs.core import params
from signs.core.errors import UserError
from signs.data import classes, datasets
from signs.data.classes import SEEN_DRAWINGS, Classes
from signs.data.datasets import SPLITS
from signs.data.reader import on_background
from signs.data.shards import collected
from signs.rendering.drawings import read, read_by_name
from signs.synthesis.article import vary
from signs.synthesis.synthesis import deal, synthesize

ROOT = Path(__file__).parents[2]
NEW_SIGNS, TEMPLATES = ROOT / "data/new_signs", ROOT / "data/templates"
NAMES = classes.read(ROOT / "data/signnames.csv")
SETTINGS = params.load("synthesize", recipe="synthesis_recipes")
ARTICLE = params.load("synthesis_recipes")["article"]
RANDOMIZED = {"name": "randomized"} | params.load("synthesis_recipes")["randomized"]
# Quicker than the article's: 2 brightnesses, each at full size and at 3 x 3 places.
SMALL = {
    "brightness": {"start": 0.5, "stop": 1.1, "step": 0.5},
    "scale": {"start": 0.5, "stop": 0.6, "step": 0.2},
    "offset_step": 3,
    "canvas_pixel": [2, 2],
}


def picture(folder, name, colour=(10, 200, 90), size=(12, 12)):
    folder.mkdir(exist_ok=True)
    image = np.full((*size, 3), colour, dtype=np.uint8)
    image[size[0] // 2 :] //= 2
    (folder / name).write_bytes(cv2.imencode(Path(name).suffix, image[..., ::-1])[1].tobytes())
    return folder


def small(drawing, side):
    return cv2.resize(on_background(drawing), (side, side), interpolation=cv2.INTER_AREA)


def made(folder, **changes):
    settings = {"seed": 1, "height": 8, "width": 8, "shares": {"train": 0.6, "valid": 0.1, "test": 0.3}}
    settings |= {"also_render": [], "recipe": {"name": "article"} | SMALL}
    return synthesize(folder, TEMPLATES, NAMES, **settings | changes)


@pytest.fixture(scope="module")
def ours():
    return synthesize(NEW_SIGNS, TEMPLATES, NAMES, **SETTINGS)


# --- our five new signs


def test_the_five_new_signs_give_the_article_s_numbers_of_images(ours):
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
    for label, (name, drawings) in enumerate(read_by_name(NEW_SIGNS).items()):
        assert ours.classes.names[label] == name
        learned, judged = (vary(small(drawing, 32), **ARTICLE) for drawing in (drawings[0], drawings[-1]))
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


def test_our_new_signs_are_judged_by_another_drawing(ours):
    found = read_by_name(NEW_SIGNS)
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
    result = made(tmp_path, recipe={"name": "article"} | SMALL | only)
    means = image.reshape(8, 2, 8, 3, 3).mean(axis=(1, 3))
    every = np.concatenate([split.features for split in result.splits.values()])
    assert np.abs(every - means).max(axis=(1, 2, 3)).min() <= 0.5 + 1e-6


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"train": 0.6, "valid": 0.1, "test": 0.2}, r"synthesize\.shares is .*the shares add up to 0\.9; expected 1"),
        ({"train": 1.2, "valid": -0.1, "test": -0.1}, r"synthesize\.shares\.train is 1\.2; .*less than or equal to 1"),
        ({"train": 0.6, "valid": 0.4}, r"synthesize\.shares\.test is missing"),
        ({"train": 1, "valid": 0, "test": 0}, r"synthesize: 20 images per class and shares of .* leave a split empty"),
        (
            {"train": 0.97, "valid": 0.01, "test": 0.02},
            r"synthesize: 20 images per class and shares of .* leave a split empty",
        ),
    ],
)
def test_shares_that_cannot_be_are_an_error(tmp_path, shares, message):
    with pytest.raises(UserError, match=message):
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
        with pytest.raises(UserError, match="leave a split empty"):
            deal(np.arange(count), shares)
        return
    parts = deal(np.arange(count), shares)
    assert [len(part) for part in parts] == lengths
    assert np.array_equal(np.concatenate(parts), np.arange(count))


@pytest.mark.parametrize("recipe", [{"name": "article"} | SMALL, {"name": "none"}, RANDOMIZED])
def test_without_drawings_the_data_set_is_empty(tmp_path, recipe):
    (tmp_path / "README.md").write_text("not an image")
    assert_empty(made(tmp_path, recipe=recipe))


def test_the_recipe_none_makes_no_class_of_any_drawing(tmp_path):
    assert_empty(made(picture(tmp_path, "a.png"), recipe={"name": "none"}, also_render=[14], height=6, width=9), 6, 9)
    with pytest.raises(UserError, match=r"params\.yaml: synthesis_recipes\.none\.images is unknown"):
        made(tmp_path, recipe={"name": "none", "images": 3})


def assert_empty(data, height=8, width=8):
    assert data.classes == Classes(())
    for split in data.splits.values():
        assert (split.features.shape, split.features.dtype) == ((0, height, width, 3), np.uint8)
        assert (split.labels.shape, split.labels.dtype) == ((0,), np.int64)


def test_only_classes_asked_for_can_be_made(tmp_path):
    assert made(tmp_path, also_render=[14]).classes.names == ["Stop"]


@pytest.mark.parametrize("name", ["b.png", "b.jpg", "b.svg"])
def test_an_unreadable_image_is_an_error_that_names_it(tmp_path, name):
    picture(tmp_path, "a.png")
    (tmp_path / name).write_bytes(b"not an image")
    with pytest.raises(UserError, match=rf"{name} cannot be (read as|drawn as SVG)"):
        made(tmp_path)


def test_an_unknown_recipe_is_an_error(tmp_path):
    with pytest.raises(UserError, match=r"params\.yaml: .*synthesis_recipes.* 'cake'"):
        made(picture(tmp_path, "a.png"), recipe={"name": "cake"})


def test_known_classes_come_after_the_new_ones_from_their_first_drawing(tmp_path):
    data = made(picture(tmp_path / "new", "bus.png"), also_render=[38, 14])
    assert data.classes.names == ["Bus", "Keep right", "Stop"]
    expected = {image.tobytes() for image in vary(small(read(TEMPLATES / "14.svg"), 8), **SMALL)}
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
        ([99], r"synthesize\.also_render holds \[99\], which have no drawing in .* or no name"),
        ([-1], r"synthesize\.also_render\.0 is -1"),
        ([14], r"synthesize\.also_render holds \['Stop'\], which are new signs, too"),
    ],
)
def test_known_classes_that_cannot_be_made_are_an_error(tmp_path, known, message):
    with pytest.raises(UserError, match=message):
        made(picture(tmp_path / "new", "stop.png"), also_render=known)


def test_classes_whose_test_images_show_what_was_trained_on_say_so(tmp_path):
    for name in ("a.png", "b.png", "b_1.png"):
        picture(tmp_path, name)
    data = made(tmp_path, also_render=[14])
    assert [row.origin for row in data.classes.rows] == [SEEN_DRAWINGS, "synthetic", SEEN_DRAWINGS]


def test_what_is_transparent_becomes_white(tmp_path):
    (tmp_path / "a.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>')
    bright = SMALL | {"brightness": {"start": 1.0, "stop": 1.1, "step": 1.0}}
    assert (made(tmp_path, recipe={"name": "article"} | bright).train.features == 255).all()


def test_another_sign_leaves_what_a_name_with_a_number_means(tmp_path):
    """A class keeps its name and images, whatever lies beside its file."""
    alone = made(picture(tmp_path / "new", "zone_30_0.png", (200, 0, 0)))
    both = made(picture(tmp_path / "new", "zone.png"))
    assert (alone.classes.names, both.classes.names) == (["Zone 30"], ["Zone", "Zone 30"])
    for name, split in both.splits.items():
        own = {bytes(image) for image in split.features[split.labels == 1]}
        assert own <= {bytes(image) for part in alone.splits.values() for image in part.features}, name


@pytest.mark.parametrize("recipe", ["article", "randomized"])
def test_beside_photographs_in_shards_the_same_images_are_made_in_shards(recipe):
    photographs = np.random.default_rng(0).integers(0, 256, (50, 32, 32, 3), np.uint8)
    settings = SETTINGS | ({"recipe": RANDOMIZED | {"images": 70}} if recipe == "randomized" else {})
    in_shards = collected([photographs], photographs.shape, np.uint8, 20)
    whole, parts = (synthesize(NEW_SIGNS, TEMPLATES, NAMES, given, **settings) for given in (photographs, in_shards))
    assert whole.classes == parts.classes
    for name, split in parts.splits.items():
        assert split.features.part == 20
        np.testing.assert_array_equal(split.features[:], whole.splits[name].features)
        np.testing.assert_array_equal(split.labels, whole.splits[name].labels)

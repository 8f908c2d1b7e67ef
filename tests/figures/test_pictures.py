import numpy as np
import pytest
from specimens import pixels, preview, saved, shares, shows, stored, texts

from signs.exploration.preview import Preview
from signs.figures import canvas, gallery, preprocessing
from signs.figures import mistakes as mistaken
from signs.figures.mistakes import ConfusedPair
from signs.figures.new_sign import new_sign
from signs.figures.pictures import scaled, show


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 4, 3), (300, 200, 1)])
def test_images_of_any_size_and_of_one_channel_are_drawn(shape, tmp_path):
    images, grey = stored(2, *shape), stored(2, *shape[:2], 1)
    normalized = grey[0] / np.float32(127.5) - 1
    for figure in (
        gallery.one_per_class(images, [0, 1], ["a", "b"], "c"),
        preprocessing.before_and_after(images[0], grey[0], normalized, np.eye(2)[1], "b"),
        gallery.copies(images, grey, ["a", "b"], "c"),
        new_sign(Preview("a", images[0], 1, [("b", 0.5)], images, images), 1, "c"),
        mistaken.confused_pairs([ConfusedPair("a", "b", images, "c", grey)], "d"),
        mistaken.mistakes(images, shares(2, 3, 3), ["a", "b"], "c"),
    ):
        assert len(saved(tmp_path / "a.png", figure)) > 1000


@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_shown_pixel_for_pixel(channels, tmp_path):
    images = stored(10, 32, 32, channels)
    tiles = gallery.one_per_class(images, range(10), [""] * 10, "")
    pairs = gallery.copies(images[:2], images[2:4], [""] * 2, "")
    wrong = mistaken.mistakes(images[:2], shares(2, 4, 4), [""] * 2, "")
    confused = mistaken.confused_pairs([ConfusedPair("", "", images[:4], "", images[4:8])], "")
    for figure, count, zoom in ((tiles, 10, 4), (pairs, 4, 4), (wrong, 2, 4), (confused, 8, 2)):
        picture = pixels(tmp_path / "a.png", figure)
        assert all(shows(picture, image, zoom) for image in images[:count])
        assert not shows(picture, stored(32, 32, channels, seed=9), zoom)


@pytest.mark.parametrize("height", [200, 201, 402, 1609])
def test_no_row_is_lost_at_heights_that_matplotlib_would_cut(height, tmp_path):
    """201 / 100 * 100 is a little less than 201."""
    image = stored(20, 20, 3)
    figure, axes = canvas.canvas(height, "")
    show(axes, [image], [(100, height - 21)])
    picture = pixels(tmp_path / "a.png", figure)
    assert picture.shape[0] in (height, height + 1)
    assert np.array_equal(picture[height - 21 : height - 1, 100:120], image)


def test_enlarging_is_by_whole_numbers_and_shrinking_keeps_the_mean():
    image = stored(10, 20, 3)
    assert np.array_equal(scaled(image, 70, 70), image.repeat(3, axis=0).repeat(3, axis=1))
    small = scaled(image, 5, 5)
    assert small.shape == (2, 5, 3)
    assert small.mean() == pytest.approx(image.mean(), abs=4)


def test_a_new_sign_shows_its_drawing_images_by_brightness_and_samples(tmp_path):
    sign = preview(["Parking", "Stop", "Yield"], samples=5, drawing_count=2)
    figure = new_sign(sign, 3, "synthetic: Parking")
    picture = pixels(tmp_path / "a.png", figure)
    assert shows(picture, sign.drawing, 4)
    assert all(shows(picture, image, 2) for image in [*sign.by_brightness, *sign.samples])
    said = {"synthetic: Parking", "One in 3 synthetic images: 5", "First of 2 drawings", "0.50 Stop", "0.50 Yield"}
    assert said <= set(texts(figure))
    many = new_sign(preview(["Parking"], steps=24, samples=150), 1, "")
    assert "All synthetic images: the first 100 of 150" in texts(many)


def test_a_heatmap_is_bright_where_the_network_looked(tmp_path):
    images = np.full((1, 32, 32, 3), 128, np.uint8)
    heatmaps = np.zeros((1, 4, 4))
    heatmaps[0, :, 2:] = 1
    picture = pixels(tmp_path / "a.png", mistaken.mistakes(images, heatmaps, [""], ""))
    right = picture[140:200, 24 + 128 + 4 + 80 : 24 + 128 + 4 + 120].mean()
    left = picture[140:200, 24 + 128 + 4 : 24 + 128 + 4 + 40].mean()
    assert (picture[140:200, 24 : 24 + 128] == 128).all()
    assert right > left + 60


# --- nothing to show, and more than is shown


def test_where_there_is_nothing_to_show_the_figure_says_so(tmp_path):
    none = stored(0, 32, 32, 3)
    for figure, title, sentence in (
        (gallery.copies([], [], [], "Copies"), "Copies", "There are no copies."),
        (mistaken.mistakes(none, shares(0, 4, 4), [], "Mistakes"), "Mistakes", "There are no mistakes."),
        (mistaken.confused_pairs([], "Confused"), "Confused", "No classes are confused."),
    ):
        assert texts(figure) == [title, sentence]
        assert saved(tmp_path / "a.png", figure)
    pair = ConfusedPair("Pair", "left", none, "right", stored(1, 32, 32, 3))
    assert texts(mistaken.confused_pairs([pair], "")).count("no images") == 1


def test_of_many_pairs_and_mistakes_the_first_are_shown():
    images = stored(40, 8, 8, 3)
    captions = [f"caption {i}" for i in range(40)]
    pairs = texts(gallery.copies(images, images, captions, "Copies"))
    assert "Copies, first 24 of 40 pairs" in pairs
    assert [text for text in pairs if text.startswith("caption")] == captions[:24]
    wrong = texts(mistaken.mistakes(images, shares(40, 4, 4), captions, "Mistakes"))
    assert [text for text in wrong if text.startswith("caption")] == captions[:32]
    confused = texts(mistaken.confused_pairs([ConfusedPair(name, "a", images, "b", images) for name in captions], ""))
    assert [text for text in confused if text.startswith("caption")] == captions[:6]


def test_a_caption_of_a_mistake_keeps_its_lines():
    figure = mistaken.mistakes(stored(1, 8, 8, 3), shares(1, 4, 4), ["one\ntwo\nthree\nfour"], "Mistakes")
    assert "one\ntwo\nthree" in texts(figure)

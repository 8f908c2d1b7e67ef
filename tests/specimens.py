"""Figures of made-up data, and what a test of figures looks at."""

import functools
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from matplotlib.text import Text

from signs.exploration.preview import Preview
from signs.figures import canvas, distributions, gallery, preprocessing, probabilities
from signs.figures import mistakes as mistaken
from signs.figures.mistakes import ConfusedPair
from signs.figures.new_sign import new_sign as plot_new_sign

PLAIN = ["Stop", "No passing for vehicles over 3.5 metric tons", "Yield"]
STRANGE = [
    "<b>Stop</b> &amp; 'a' \"b\"",
    "$x^2$ \\frac{a}{b} \\$ _a_ $",
    "\N{GRINNING FACE}\N{AUTOMOBILE} 漢字 \ud800",
    "תמרור עצור",
    "ممنوع الوقوف",
    "one\ntwo\r\n\tthree\x00\x07\u2028four \u202egnol",
    "W" * 300,
    "word " * 60,
    "",
]


def stored(*shape, seed=1):
    """Random pixels that may not be written to."""
    return frozen(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


def frozen(values, dtype=None):
    array = np.array(values, dtype=dtype)
    array.flags.writeable = False
    return array


def shares(*shape):
    return frozen(np.random.default_rng(2).random(shape))


def numbers(*shape):
    return frozen(np.random.default_rng(3).integers(1, 200, shape))


def ids_of(names):
    """Ids with gaps."""
    return frozen(np.arange(len(names)) * 7 + 3)


def counts(names):
    splits = ("train", "valid", "test")
    return distributions.counts({split: numbers(len(names)) for split in splits}, ids_of(names), names, names[0])


def brightness(names):
    labels = frozen(np.repeat(ids_of(names), 5))
    return distributions.brightness(frozen(shares(len(labels)) * 255), labels, ids_of(names), names, names[0])


def one_per_class(names):
    return gallery.one_per_class(stored(len(names), 32, 32, 3), ids_of(names), names, names[0])


def average_probabilities(names):
    matrix = shares(len(names), len(names))
    matrix = frozen(matrix / matrix.sum(axis=1, keepdims=True))
    return probabilities.average_probabilities(matrix, ids_of(names), names, names[0])


def before_and_after(names):
    grey = stored(32, 32, 1)
    normalized = frozen(grey / np.float32(127.5) - 1, np.float32)
    return preprocessing.before_and_after(stored(32, 32, 3), grey, normalized, frozen(np.eye(len(names))[0]), names[0])


def copies(names):
    images = stored(len(names), 32, 32, 3)
    return gallery.copies(list(images), list(images), names, names[0])


def preview(names, steps=8, samples=20, drawing_count=1):
    """What is known of a new sign; the names of similar classes are the others."""
    similar = [(name, 0.5) for name in names[1:4]]
    by_brightness, others = stored(steps, 32, 32, 3, seed=4), stored(samples, 32, 32, 3)
    return Preview(names[0], stored(64, 64, 3), drawing_count, similar, by_brightness, others)


def new_sign(names):
    return plot_new_sign(preview(names), 3, names[0])


def confused_pairs(names):
    images = stored(10, 32, 32, 3)
    return mistaken.confused_pairs([ConfusedPair(name, name, images, name, images[:3]) for name in names], names[0])


def mistakes(names):
    return mistaken.mistakes(stored(len(names), 32, 32, 3), shares(len(names), 5, 5), names, names[0])


OF_CLASSES = [counts, one_per_class, brightness, average_probabilities]
EVERY = [*OF_CLASSES, before_and_after, copies, new_sign, confused_pairs, mistakes]
every_figure = pytest.mark.parametrize("plot", EVERY, ids=lambda plot: plot.__name__)
every_figure_of_classes = pytest.mark.parametrize("plot", OF_CLASSES, ids=lambda plot: plot.__name__)


@functools.cache
def plain(plot):
    """The figure of three classes with ordinary names, for tests that do not change it."""
    return plot(PLAIN)


@functools.cache
def strange(plot):
    """The figure of classes with strange names, for tests that do not change it."""
    return plot(STRANGE)


@functools.cache
def plain_file(plot):
    """The bytes of the file of `plain`."""
    with tempfile.TemporaryDirectory() as folder:
        return saved(Path(folder, "figures", "a.png"), plain(plot))


def texts(figure):
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def saved(path, figure):
    canvas.save(path, figure)
    return path.read_bytes()


def pixels(path, figure):
    """What the file shows, uint8 (height, width, 3)."""
    content = np.frombuffer(saved(path, figure), np.uint8)
    return cv2.cvtColor(cv2.imdecode(content, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)


def shows(picture, image, zoom):
    """Whether an enlarged image is there, pixel for pixel."""
    enlarged = image.repeat(3 // image.shape[2], axis=2).repeat(zoom, axis=0).repeat(zoom, axis=1)
    corner = np.ascontiguousarray(enlarged[:12, :12])
    left, top = cv2.minMaxLoc(cv2.matchTemplate(picture, corner, cv2.TM_SQDIFF))[2]
    found = picture[top : top + enlarged.shape[0], left : left + enlarged.shape[1]]
    return np.array_equal(found, enlarged)

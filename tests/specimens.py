"""Figures of made-up data, for the tests of figures, and what such a test looks at."""

import functools
import tempfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from matplotlib.text import Text

from signs.figures import canvas, confidence, confusions, distributions, galleries, learning, preprocessing
from signs.figures import mistakes as mistaken
from signs.figures.mistakes import ConfusedPair

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
    return distributions.counts({split: numbers(len(names)) for split in splits}, ids_of(names), names)


def gallery(names):
    return galleries.gallery(stored(len(names), 32, 32, 3), ids_of(names), names, names[0])


def brightness(names):
    labels = frozen(np.repeat(ids_of(names), 5))
    return distributions.brightness(frozen(shares(len(labels)) * 255), labels, ids_of(names), names, names[0])


def colour_beside_grey(names):
    grey = stored(32, 32, 1)
    normalized = frozen(grey / np.float32(127.5) - 1, np.float32)
    return preprocessing.colour_beside_grey(
        stored(32, 32, 3), grey, normalized, frozen(np.eye(len(names))[0]), names[0]
    )


def near_duplicates(names):
    images = stored(len(names), 32, 32, 3)
    return galleries.near_duplicates(list(images), list(images), names, names[0])


def new_sign(names):
    nearest = [(name, 0.5) for name in names[1:4]]
    return galleries.new_sign(names[0], stored(64, 64, 3), 1, nearest, stored(8, 32, 32, 3), stored(20, 32, 32, 3), 3)


def learning_curves(names):
    splits = ("train", "valid")
    history = [
        {"epoch": epoch, "squared_change": 0.5 * epoch}
        | {f"{split}_accuracy": 0.1 * epoch for split in splits}
        | {f"{split}_loss": 3 * 0.3**epoch for split in splits}
        for epoch in range(6)
    ]
    return learning.learning_curves(history, 4)


def confusion(names):
    return confusions.confusion(numbers(len(names), len(names)), ids_of(names), names, names[0])


def per_class(names):
    scores = shares(3, len(names))
    return confusions.per_class(*scores, numbers(len(names)), ids_of(names), names)


def average_probabilities(names):
    matrix = shares(len(names), len(names))
    return confidence.average_probabilities(
        frozen(matrix / matrix.sum(axis=1, keepdims=True)), ids_of(names), names, names[0]
    )


def reliability(names):
    curve = (*shares(2, 15), numbers(15))
    return confidence.reliability({"valid": curve, "test": curve}, names[0])


def confused_pairs(names):
    images = stored(10, 32, 32, 3)
    return mistaken.confused_pairs([ConfusedPair(name, name, images, name, images[:3]) for name in names])


def mistakes(names):
    return mistaken.mistakes(stored(len(names), 32, 32, 3), shares(len(names), 5, 5), names, names[0])


OF_CLASSES = [counts, gallery, brightness, confusion, per_class, average_probabilities]
EVERY = [
    *OF_CLASSES,
    colour_beside_grey,
    near_duplicates,
    new_sign,
    learning_curves,
    reliability,
    confused_pairs,
    mistakes,
]
every_figure = pytest.mark.parametrize("draw", EVERY, ids=lambda draw: draw.__name__)
every_figure_of_classes = pytest.mark.parametrize("draw", OF_CLASSES, ids=lambda draw: draw.__name__)


@functools.cache
def plain(draw):
    """The figure of three classes of ordinary names, for tests that only look at it."""
    return draw(PLAIN)


@functools.cache
def strange(draw):
    """The same with names that are not."""
    return draw(STRANGE)


@functools.cache
def plain_file(draw):
    """The bytes of the file of `plain`."""
    with tempfile.TemporaryDirectory() as folder:
        return saved(Path(folder, "figures", "a.png"), plain(draw))


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

"""Reads files as the project does, in a process of its own: a crash, a hang or gigabytes would end the tests.

`serve` runs there. It takes the bytes of a file, and answers with an `Outcome`.
"""

import contextlib
import hashlib
import io
import os
import resource
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

GIBIBYTE = 2**30
HEADROOM = 4 * GIBIBYTE  # that may be asked for; what is used is measured


class Outcome(NamedTuple):
    """What reading a file ended with: the name of the exception, its message, bytes and seconds that it took."""

    error: str
    message: str
    memory: int
    seconds: float


def serve(connection, kind, sample):
    folder = Path(tempfile.mkdtemp())
    path = folder / f"file.{kind}"
    read = READERS[kind]
    outcome(read, path, sample)  # loads libraries
    resource.setrlimit(resource.RLIMIT_AS, (status("VmSize") + HEADROOM,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    connection.send(outcome(read, path, sample))
    with contextlib.suppress(EOFError):  # the tests ended
        while True:
            connection.send(outcome(read, path, connection.recv_bytes()))


def outcome(read, path, content):
    path.write_bytes(content)
    Path("/proc/self/clear_refs").write_text("5")  # the peak of memory starts anew
    before, start = status("VmRSS"), time.process_time()
    try:
        with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
            read(path)
        error, message = "", ""
    except Exception as caught:
        error, message = type(caught).__name__, str(caught)
    return Outcome(error, message, status("VmHWM") - before, time.process_time() - start)


def status(key):
    """A field of this process in bytes."""
    lines = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(lines[key].split()[0]) * 1024


def read_pickle(path):
    from signs.data import pickles, split_files
    from signs.sources.conversion import converted

    with path.open("rb") as file:
        found = pickles.read(file, "train.p")
    split_files.split_of(converted({"train.p": found})["train.p"], "train.p")


def read_zip(path):
    from signs.data.classes import Classes
    from signs.sources.release import read_release

    read_release(path.parent, Classes(()), [str(path)], hashlib.sha256(path.read_bytes()).hexdigest())


def read_svg(path):
    from signs.rendering import svg

    with svg.reader() as read:
        read(path)


def read_image(path):
    from signs.data import reader

    reader.is_image(path)
    reader.resize(reader.read_rgb(path), 32, 32)


def read_csv(path):
    from signs.core import tables
    from signs.data import classes
    from signs.sources import image_tables

    content = path.read_bytes()
    if content.startswith(b"epoch"):
        tables.read(path, "epoch", "train")
    elif content.startswith(b"ClassId"):
        classes.read(path)
    else:
        image_tables.parse(content, str(path))


def read_yaml(path):
    from signs.core import params
    from signs.core.params import Count, Positive, Seed, Sha256, Side, preset, validated
    from signs.rendering.camera import Camera
    from signs.sources.splitting import Folding

    @validated("fetch")
    def check(*, camera: preset(Camera)):
        return camera

    @validated("fetch.sample")
    def sample(*, seed: Seed, height: Side, width: Side, train: Count, valid: Count, test: Count, camera: object):
        return None

    @validated("fetch")
    def fetch(
        *,
        sample: dict,
        sha256: Sha256 | None,
        shard_images: Count | None,
        fold: Folding,
        folders: dict,
        gtsrb: dict,
        source: str,
        path: str,
        url: object,
    ):
        return sample

    @validated("schedules.constant")
    def train(*, seed: Seed, learning_rate: Positive, epochs: Count, patience: Count | None, **_: object):
        return None

    if "fetch" not in path.read_bytes().decode("utf-8", "replace"):
        check(camera=str(path))
        return
    params.value("native", path)
    train(**params.load("train", path, augmentation="augmentations"))
    sample(**fetch(**params.load("fetch", path)))


def read_json(path):
    from signs.deployment import description
    from signs.networks import model_json

    if b'"licence"' in path.read_bytes():
        description.from_json(path.read_bytes())
    else:
        model_json.read(path)


def read_npz(path):
    from signs.evaluation import predictions

    predictions.read(path)


def read_keras(path):
    from signs.networks import store

    store.read_network(path)


def read_exported(path):
    from signs.deployment import model_file

    model = model_file.read(path, threads=1)
    model.probabilities(np.zeros((1, model.description.height, model.description.width, 3), np.uint8))


READERS = {
    "p": read_pickle,
    "zip": read_zip,
    "svg": read_svg,
    "image": read_image,
    "csv": read_csv,
    "yaml": read_yaml,
    "json": read_json,
    "npz": read_npz,
    "keras": read_keras,
    "onnx": read_exported,
    "tflite": read_exported,
}
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

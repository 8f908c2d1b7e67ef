"""The network that comes with the project: right on images rendered here, and as its card says on the benchmark."""

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest

from signs.core import params
from signs.data import classes
from signs.data.split_files import read_split
from signs.deployment import model_file
from signs.deployment.models import load
from signs.sources.sample import render_sample

ROOT = Path(__file__).parents[2]
WEIGHTS = ROOT / "weights"
BENCHMARK = ROOT.parent / "shared" / "data" / "signs.zip"


@pytest.mark.parametrize("file", ["model.onnx", "model_int8.tflite"])
def test_it_knows_signs_that_are_rendered_here(file):
    known = classes.read(ROOT / "data" / classes.FILE_NAME)
    settings = params.load("fetch", ROOT / "params.yaml")["sample"] | {"train": 1, "valid": 1, "test": 6, "seed": 9}
    settings["camera"] = str(ROOT / settings["camera"])
    test = render_sample(ROOT / "data/templates", known, **settings).test
    found = [answer.class_id for answer in load(WEIGHTS / file).predict(test.features)]
    assert np.mean(found == test.labels) > 0.9


def test_it_names_the_sign_on_the_picture_of_the_documents():
    (answer,) = load(WEIGHTS).predict(ROOT / "docs/pictures/road-work.jpg")
    assert (answer.name, answer.known) == ("Road work", True)


def test_its_files_say_that_they_know_the_same_classes():
    described = [model_file.read(WEIGHTS / name, threads=1).description for name in ("model.onnx", "model_int8.tflite")]
    assert described[0] == described[1]
    assert (WEIGHTS / "model.json").read_text() == described[0].to_json()


@pytest.mark.skipif(not BENCHMARK.is_file(), reason="the benchmark is not here")
@pytest.mark.parametrize("file", ["model.onnx", "model_int8.tflite"])
def test_its_accuracy_on_the_official_test_set_is_that_of_its_card(file):
    with zipfile.ZipFile(BENCHMARK) as archive:
        test = read_split(io.BytesIO(archive.read("test.p")), "test.p")
    model = load(WEIGHTS / file)
    found = np.array(model.ids)[model.model.probabilities(test.features).argmax(axis=1)]
    told = re.search(rf"\| `{re.escape(file)}` \|.*\| ([\d,]+) \| ([\d.]+) % \|", (WEIGHTS / "README.md").read_text())
    assert f"{100 * np.mean(found == test.labels):.2f}" == told[2]
    assert f"{(WEIGHTS / file).stat().st_size:,}" == told[1]

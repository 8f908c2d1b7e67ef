"""A small exported model, and a browser."""

import shutil
from contextlib import contextmanager

import numpy as np
import pytest
from playwright.sync_api import sync_playwright

from signs.data import classes
from signs.deployment import onnx_file, pages
from signs.deployment.description import Description
from signs.deployment.models import load
from signs.networks.lenet import LeNet
from signs.networks.store import Model

NAMES = ["Stop", "Yield", "Keep right", "No entry", "Speed limit (30km/h)"]
BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chromium-browser"))), None)


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """The folder of an untrained LeNet whose answers differ from image to image."""
    network = LeNet(len(NAMES), (4, 8, 20, 10), 1.0)
    network(np.zeros((1, 32, 32, 1), np.float32))
    rng = np.random.default_rng(0)
    for weight in network.trainable_variables:
        weight.assign(rng.normal(0, 0.2, weight.shape))
    rows = tuple(classes.SignClass(3 * place + 1, name, "photographs") for place, name in enumerate(NAMES))
    preprocess = {"central_fraction": 1.0, "grey": True, "normalize": True, "min_brightness": None}
    metadata = {"image_shape": [32, 32, 1], "preprocess": preprocess, "temperature": 1.5, "data": "0" * 64}
    described = Description(
        classes=[{"id": row.id, "name": row.name} for row in rows],
        height=32,
        width=32,
        threshold=0.3,
        temperature=1.5,
        data="0" * 64,
        metrics={},
        licence="CC0",
    )
    folder = tmp_path_factory.mktemp("exported")
    model = Model(network, classes.Classes(rows), metadata)
    (folder / "model.onnx").write_bytes(onnx_file.onnx_bytes(model, described.to_properties()))
    return folder


@pytest.fixture(scope="session")
def images():
    """Random pixels at the model's size, uint8 (20, 32, 32, 3)."""
    return np.random.default_rng(1).integers(0, 256, (20, 32, 32, 3), dtype=np.uint8)


@pytest.fixture(scope="session")
def page_file(exported, tmp_path_factory):
    """The page that holds the model."""
    path = tmp_path_factory.mktemp("page") / "signs.html"
    html = pages.of_model((exported / "model.onnx").read_bytes(), load(exported).model.description)
    path.write_text(html, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def chromium():
    """Opens a page of a headless Chromium, in which an error of a script fails the test."""
    if BROWSER is None:
        pytest.skip("no Chromium is installed to open the page with")

    @contextmanager
    def opened():
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox", "--disable-gpu"])
            page, errors = browser.new_page(), []
            page.on("pageerror", lambda error: errors.append(str(error)))
            yield page
            browser.close()
            assert errors == []

    return opened

"""The page that is whole in itself, in a real browser."""

from pathlib import Path

import numpy as np
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from signs.deployment import pages
from signs.deployment.models import load

WEIGHTS = Path(__file__).parents[2] / "weights"
EVALUATE = "images => images.map(image => [...model.classifyPixels(Uint8Array.from(image))])"


def test_the_page_computes_what_the_model_computes(page_file, exported, chromium, images):
    expected = load(exported).model.probabilities(images)
    with chromium() as page:
        page.goto(page_file.as_uri())
        page.wait_for_selector("#about:not(:empty)")
        found = np.array(page.evaluate(EVALUATE, [image.ravel().tolist() for image in images]))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_array_equal(found.argmax(axis=1), expected.argmax(axis=1))


def test_the_page_of_the_network_that_comes_with_the_project_looks_at_its_framings_too(chromium, tmp_path):
    model = load(WEIGHTS)
    html = pages.of_model((WEIGHTS / "model.onnx").read_bytes(), model.model.description)
    (tmp_path / "signs.html").write_text(html, encoding="utf-8")
    images = np.random.default_rng(4).integers(0, 256, (8, *model.size, 3), dtype=np.uint8)
    images[1:] //= np.arange(1, 8, dtype=np.uint8)[:, np.newaxis, np.newaxis, np.newaxis]
    with chromium() as page:
        page.goto((tmp_path / "signs.html").as_uri())
        page.wait_for_selector("#about:not(:empty)")
        found = np.array(page.evaluate(EVALUATE, [image.ravel().tolist() for image in images]))
    np.testing.assert_allclose(found, model.model.probabilities(images), atol=1e-5)


def test_a_photo_of_any_size_is_named_as_the_library_names_it_and_nothing_leaves_the_page(
    page_file, exported, chromium, tmp_path
):
    photo = np.random.default_rng(2).integers(0, 256, (57, 90, 3), dtype=np.uint8)
    Image.fromarray(photo).save(tmp_path / "photo.png")
    (expected,) = load(exported).predict([tmp_path / "photo.png"])
    with chromium() as page:
        requested = []
        page.on("request", lambda request: requested.append(request.url))
        page.goto(page_file.as_uri())
        page.wait_for_selector("#about:not(:empty)")
        page.set_input_files("#files", tmp_path / "photo.png")
        page.wait_for_selector("#results li meter")
        text = page.locator("#results li").inner_text()
        assert expected.name in text
        assert f"{100 * expected.confidence:.1f} %" in text
        assert [url for url in requested if not url.startswith(("blob:", "data:"))] == [page_file.as_uri()]


def test_it_can_be_used_by_keyboard_and_screen_reader(page_file, chromium, tmp_path):
    Image.new("RGB", (32, 32), "red").save(tmp_path / "red.png")
    with chromium() as page:
        page.goto(page_file.as_uri())
        page.wait_for_selector("#about:not(:empty)")
        page.set_input_files("#files", tmp_path / "red.png")
        page.wait_for_selector("#results li meter")
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "files"
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "camera"


def test_a_hostile_class_name_is_text(exported, chromium, tmp_path):
    content = exported_onnx(exported)
    description = load(exported).model.description
    classes = [{"id": row["id"], "name": "</script><img src=x onerror=alert(1)>"} for row in description.classes]
    page_file = tmp_path / "page.html"
    hostile = description.__class__(**{**description.__dict__, "classes": classes})
    page_file.write_text(pages.of_model(content, hostile), encoding="utf-8")
    Image.new("RGB", (32, 32), "red").save(tmp_path / "red.png")
    with chromium() as page:
        alerts = []
        page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
        page.goto(page_file.as_uri())
        page.wait_for_selector("#about:not(:empty)")
        page.set_input_files("#files", tmp_path / "red.png")
        page.wait_for_selector("#results li meter")
        assert "onerror" in page.locator("#results li").inner_text()
        assert not alerts


def exported_onnx(exported):
    return (exported / "model.onnx").read_bytes()

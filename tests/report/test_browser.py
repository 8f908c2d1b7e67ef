import base64
import itertools
import json
import os
import re
import shutil
from functools import cache

import cv2
import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from signs.report.page import render
from tests.reported import context_of

BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chromium-browser"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed to open the page with")

SPLITS = ("train", "valid", "test")
SIDE = 32  # pixels of a tile
TILES = 40
COLOURS = np.random.default_rng(5).integers(0, 256, (TILES, 3))
SECTIONS = [
    "results",
    "datasets",
    "training",
    "classes",
    "confusion",
    "mistakes",
    "calibration",
    "stress",
    "probabilities",
]
NAMES = ["Stop", "Yield", "Priority road", "No entry"]
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror="alert(2)">',
    "it's \"quoted\" & 'so on'",
    "🚸 children </script><script>alert(3)</script>",
    "עצור {{ 7 * 7 }}",
]


# --- contexts: what the page gets to show, as the report builds it


def sprite(height=SIDE, width=SIDE, columns=8):
    """Tiles of one colour each, encoded without loss."""
    rows = -(-TILES // columns)
    sheet = np.zeros((rows * height, columns * width, 3), np.uint8)
    for tile, colour in enumerate(COLOURS):
        row, column = divmod(tile, columns)
        sheet[row * height : (row + 1) * height, column * width : (column + 1) * width] = colour
    encoded = cv2.imencode(".webp", sheet[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, 101])[1].tobytes()
    uri = "data:image/webp;base64," + base64.b64encode(encoded).decode()
    return {"uri": uri, "height": height, "width": width, "columns": columns, "count": TILES}


def rows_of(names, origin="photographs"):
    return [{"id": 10 + 3 * place, "name": name, "origin": origin} for place, name in enumerate(names)]


def share(right, images):
    value = right / images if images else None
    low, high = (max(0.0, value - 0.02), min(1.0, value + 0.01)) if images else (None, None)
    return {"value": value, "low": low, "high": high, "images": images}


def scores(place, outcomes):
    """Precision, recall and F1 of the class at `place`."""
    true = sum(truth == place for truth, _, _ in outcomes)
    taken = sum(predicted == place for _, predicted, _ in outcomes)
    hits = sum(truth == predicted == place for truth, predicted, _ in outcomes)
    precision, recall = hits / taken if taken else None, hits / true if true else None
    f1 = 2 * hits / (true + taken) if true + taken else None
    return {"images": true, "precision": precision, "recall": recall, "f1": f1}


def peak_at(row, column, rows=4, columns=5):
    return "".join("9" if (r, c) == (row, column) else "0" for r in range(rows) for c in range(columns))


ACCEPTED = {
    "target_accuracy": 0.9, "threshold": 0.75, "coverage": 0.5, "coverage_low": 0.25, "coverage_high": 0.625,
    "accuracy": 0.875, "accuracy_low": 0.75, "accuracy_high": 0.9375,
}  # fmt: skip


def model(name, classes, outcomes, validated=True, **changes):
    """A model that made these of the test images 0, 1, ...: (true, predicted, confidence), places in `classes`."""
    images = [
        {"tile": image % TILES, "image": image, "true": true, "predicted": predicted, "confidence": confidence}
        | {"truth": confidence if true == predicted else (1 - confidence) / 2}
        | {"probabilities": [[predicted, confidence]]}
        for image, (true, predicted, confidence) in enumerate(outcomes)
    ]
    wrong = [image | {"heatmap": peak_at(0, 4)} for image in images if image["true"] != image["predicted"]]
    correct = [image for image in images if image["true"] == image["predicted"]]
    counts = {}
    for true, predicted, _ in outcomes:
        counts[true, predicted] = counts.get((true, predicted), 0) + 1
    pairs = [
        {"first": a, "second": b, "forward": counts.get((a, b), 0), "backward": counts.get((b, a), 0)}
        for a in range(len(classes))
        for b in range(a + 1, len(classes))
        if (a, b) in counts or (b, a) in counts
    ]
    bins = [
        {"low": k / 5, "high": (k + 1) / 5, "images": 4 * k, "confidence": (k + 0.5) / 5 if k else None}
        | {"accuracy": k / 5 if k else None}
        for k in range(5)
    ]
    columns = ("train_accuracy", "train_loss") + (("valid_accuracy", "valid_loss") if validated else ())
    return {
        "name": name,
        "classes": [
            row
            | scores(place, outcomes)
            | {"tile": place % TILES, "valid_probability": 0.5 + place / 1000 if validated else None}
            for place, row in enumerate(classes)
        ],
        "metrics": {
            "test": {"accuracy": 0.5, "loss": 1.25, "macro_f1": 0.4, "calibration_error": 0.123, "accepted": ACCEPTED},
            **({"valid": {"accuracy": 0.75, "loss": 0.8}} if validated else {}),
        },
        "accuracy": share(len(correct), len(images)),
        "parts": [],
        "history": [
            {"epoch": epoch, "squared_change": 1 / epoch if epoch else None} | dict.fromkeys(columns, 0.5 + epoch / 20)
            for epoch in range(6)
        ],
        "kept_epoch": 4,
        "hidden": None,
        "confusion": [[true, predicted, count] for (true, predicted), count in sorted(counts.items())],
        "matrix_classes": list(range(len(classes))),
        "pairs": sorted(pairs, key=lambda pair: -pair["forward"] - pair["backward"]),
        "reliability": {"valid": bins if validated else [], "test": bins},
        "acceptance": [
            {"threshold": 0.9, "coverage": 0.25, "accuracy": 1.0},
            {"threshold": 0.75, "coverage": 0.5, "accuracy": 0.875},
            {"threshold": 0.0, "coverage": 1.0, "accuracy": 0.5},
        ],
        "corruptions": [
            {"severity": severity, "blur": 0.5 - severity / 10, "jpeg": 0.5 - severity / 100} for severity in range(4)
        ],
        "stress": {"corrupted": {"blur": 0.3, "jpeg": 0.48, "mean": 0.39}, "turned_away": {"noise": 0.81}},
        "average_probability": [[[place, 0.75]] if validated else [] for place in range(len(classes))],
        "mistakes": sorted(wrong, key=lambda image: -image["confidence"]),
        "heatmap_shape": [4, 5],
        "mistakes_total": len(wrong),
        "correct": [image for place in range(len(classes)) for image in correct if image["true"] == place],
    } | changes


def dataset(name, classes, copies=0, **changes):
    examples = [{"first": 1, "second": 2, "similarity": 0.99, "first_name": NAMES[0], "second_name": NAMES[1]}]
    return {
        "name": name,
        "digest": "0123456789abcdef" * 4,
        "shape": [32, 32, 3],
        "images": {"train": 1200, "valid": 30, "test": 60},
        "sampled": None,
        "origin": " and ".join(sorted({row["origin"] for row in classes})),
        "classes": [
            row | {"train": 40 + place, "valid": 10, "test": 20, "typical": 0, "brightest": 1, "darkest": 2}
            for place, row in enumerate(classes)
        ],
        "brightness": {"edges": list(range(0, 261, 10)), "train": [3] * 26, "valid": [1] * 26},
        "duplicates": [
            {"first": "train", "second": "valid", "images": 30, "exact": copies, "near": 0}
            | {"examples": examples if copies else []}
        ],
    } | changes


def context(*models, classes=None, **changes):
    classes = classes or [{key: row[key] for key in ("id", "name", "origin")} for row in models[0]["classes"]]
    return {
        "images": " and ".join(sorted({row["origin"] for row in classes})),
        "data": [dataset("original", classes)],
        "new_signs": [],
        "models": list(models),
        "corrupted": {"name": classes[0]["name"], "tile": 0, "tiles": {"blur": [1, 2, 3], "jpeg": [4, 5, 6]}},
        "summary": {
            "run": "LeNet, 100 epochs, seed 1, on the rendered sample, data 0123456…, portable instructions",
            "weakest": {"name": classes[0]["name"], "correct": 3, "images": 8, "other": "Tram", "times": 4},
            "advice": {"setting": "train.epochs: 200", "reason": "accuracy may still rise"},
        },
        "comparison": None,
        "keep": "best",
        "native": False,
        "params": [
            {"key": "train.epochs", "value": "100", "default": None},
            {"key": "networks.lenet.depths", "value": "[10, 20]", "default": "[20, 40]"},
        ],
        "versions": [["tensorflow", "2.20.0"]],
        "sprite": sprite(),
    } | changes


# (true, predicted, confidence); image 0 is the first
OUTCOMES = [
    *[(0, 0, 0.9)] * 12,
    (0, 1, 0.95),
    (0, 1, 0.3),
    (1, 0, 0.7),
    *[(1, 1, 0.8)] * 3,
    (2, 3, 0.65),
    (2, 2, 0.5),
    (3, 2, 0.55),
    (3, 0, 0.45),
]
SECOND_OUTCOMES = [(0, 0, 0.9)] * 12 + [(1, 1, 0.8)] * 4 + [(2, 4, 0.7), (3, 3, 0.5), (4, 4, 0.9), (4, 0, 0.6)]


def one_model(names=NAMES, outcomes=OUTCOMES, **changes):
    return context(model("original", rows_of(names), outcomes), **changes)


def two_models(names=NAMES):
    """The second knows a synthetic class more."""
    rows = rows_of(names)
    more = [*rows, {"id": 99, "name": f"{names[0]} zone", "origin": "synthetic"}]
    parts = [{"name": "original classes"} | share(17, 18), {"name": "synthetic classes"} | share(1, 2)]
    first, second = model("original", rows, OUTCOMES), model("augmented", more, SECOND_OUTCOMES, parts=parts)
    changed = [
        {"tile": 3, "true": true, "first": names[0], "second": names[1], "first_confidence": 0.6}
        | {"second_confidence": 0.7, "image": 12 + true, "gained": bool(true), "mistake": mistake}
        for true, mistake in ((0, None), (1, [0, 13]))
    ]
    comparison = {
        "first": "original",
        "second": "augmented",
        "images": 22,
        "both_correct": 14,
        "both_wrong": 1,
        "verdict": {"only_first": 2, "only_second": 5, "p_value": 0.453125, "words": "no significant difference"},
        "changed": changed,
        "changed_total": 7,
        "classes": [{"name": names[0], "id": 10, "tile": 0, "first": 0.5, "second": 1.0}],
    }
    drawing = sprite()["uri"]
    new_sign = {"name": more[-1]["name"], "drawing": drawing, "drawings": 2, "origin": "synthetic"}
    new_sign |= {"nearest": [[names[0], 0.5], [names[1], -0.25]], "mistaken_for": [[names[0], 1], [names[1], 12]]}
    new_sign |= {"is_hidden": False}
    new_sign |= {"by_brightness": [1, 2, 3], "sample_every": 17, "samples": [4, 5]}
    origin = "synthetic and synthetic of seen drawings"
    data = [dataset("original", rows, copies=3), dataset("synthetic", more[-1:], sampled=2000, origin=origin)]
    return context(first, second, classes=more, data=data, new_signs=[new_sign], comparison=comparison)


@cache
def rendered(content):
    return render(json.loads(content))


# --- the browser


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []  # Chromium's sandbox refuses root
        browser = playwright.chromium.launch(executable_path=BROWSER, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def window(browser):
    """A window with or without scripts, used by one test after the other: opening one takes longer than the page."""

    @cache
    def window_(scripts):
        page = browser.new_page(java_script_enabled=scripts, reduced_motion="reduce")
        page.set_default_timeout(5000)
        return page

    return window_


@pytest.fixture
def open_page(window, tmp_path):
    """Opens the page of a context from disk; whatever the test does with it, no request leaves it and nothing fails."""
    requests, faults, used = [], [], []
    listeners = {
        "request": lambda request: requests.append(request.url),
        "pageerror": lambda error: faults.append(str(error)),
        "dialog": lambda dialog: (faults.append(dialog.message), dialog.dismiss()),
        "console": lambda message: faults.append(message.text) if message.type in ("error", "warning") else None,
    }

    def open_(content, width=1280, scripts=True):
        page = window(scripts)
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="light")
        for event, listener in listeners.items():
            page.on(event, listener)
        used.append(page)
        path = tmp_path / "index.html"
        path.write_text(rendered(json.dumps(content)), encoding="utf-8")
        page.goto(path.as_uri())
        return page

    yield open_
    for page in used:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)
    assert [url for url in requests if not url.startswith(("file://", "data:"))] == []
    assert faults == []


def images_in(page, selector):
    """The numbers of the test images that are shown, in order."""
    labels = page.locator(f"{selector} .tile[aria-label^='Image ']").evaluate_all(
        "tiles => tiles.map(tile => tile.ariaLabel)"
    )
    return [int(re.match(r"Image (\d+):", label)[1]) for label in labels]


def isolated(name):
    return f"\u2068{name}\u2069"


def cell(page, true, predicted):
    """The button of the matrix whose accessible name speaks of these two."""
    truth, answer = (isolated(name).replace('"', r"\"") for name in (true, predicted))
    if true == predicted:
        return page.locator(f'#matrix button[aria-label*="{truth} classified correctly"]')
    return page.locator(f'#matrix button[aria-label*="{truth} classified as"][aria-label*="{answer}:"]')


def expected(outcomes, **wanted):
    """Numbers of the wrong images of these places, surest first, as the page keeps them."""
    rows = [
        (-confidence, image)
        for image, (true, predicted, confidence) in enumerate(outcomes)
        if true != predicted
        and wanted.get("true", true) == true
        and wanted.get("predicted", predicted) == predicted
        and wanted.get("lowest", 0) <= confidence <= wanted.get("highest", 1)
    ]
    return [image for _, image in sorted(rows)]


# --- results


def test_the_accuracy_comes_first_with_its_interval_and_its_images(open_page):
    card = open_page(one_model()).locator(".card").first
    expect(card).to_contain_text("72.7\xa0% accuracy")  # 16 of 22
    expect(card).to_contain_text("95\xa0% interval 70.7\xa0% to 73.7\xa0%")
    expect(card).to_contain_text("22 test images")
    expect(card).to_contain_text("photographs")


def test_the_page_opens_with_what_was_trained_then_the_verdict_and_the_command(open_page):
    content = two_models()
    page = open_page(content)
    expect(page.locator("h1 + p")).to_have_text(content["summary"]["run"])
    words = page.locator("#results").inner_text().replace("\xa0", " ")
    for earlier, later in itertools.pairwise(
        (
            "94.4 % accuracy",
            "The difference between augmented and original is within noise on the 22 test images of the classes that "
            "both know: accuracy 86.4 % against 72.7 % (McNemar's exact test, p = 0.45).",
            "Stop: augmented classifies 3 of 8 images correctly, and 4 as Tram.",
            "train.epochs: 200 in params.yaml: accuracy may still rise.",
            "signs predict photo.jpg --model models/exported/augmented",
            "What these results come from",
        )
    ):
        assert -1 < words.find(earlier) < words.find(later)


def test_the_verdict_names_the_better_model_and_one_model_has_none(open_page):
    content = two_models()
    content["comparison"]["verdict"] |= {"p_value": 1e-6, "words": "better"}
    expect(open_page(content).locator(".verdict")).to_contain_text(
        re.compile(r"augmented is better than original\s+on the 22 .* p\s<\s0\.0001")
    )
    single = one_model(summary=content["summary"] | {"weakest": None, "advice": {"setting": None, "reason": "rest"}})
    lines = open_page(single).locator(".verdict > div").all()
    assert [" ".join(line.inner_text().split()) for line in lines] == [
        "Weakest class original classifies every test image correctly.",
        "To try next rest.",
        "To classify a photo signs predict photo.jpg --model models/exported/original",
    ]


def test_synthetic_classes_stand_apart_and_the_headline_is_without_them(open_page):
    card = open_page(two_models()).locator(".card").nth(1)
    expect(card.locator(".figure")).to_have_text("94.4\xa0% accuracy")  # 17 of 18
    expect(card.locator(".apart")).to_contain_text("synthetic")
    expect(card.locator(".apart")).to_contain_text("50.0\xa0%")


@pytest.mark.parametrize(
    ("origins", "words"),
    [
        (["photographs", "synthetic"], []),
        (["rendered", "rendered"], ["Rendered images, not photographs."]),
        (["rendered", "photographs"], ["Some classes are rendered images, not photographs."]),
    ],
)
def test_a_banner_says_that_rendered_images_are_no_photographs(origins, words):
    rows = [row | {"origin": origin} for row, origin in zip(rows_of(NAMES[:2]), origins, strict=True)]
    page = render(context(model("original", rows, [(0, 0, 0.9)])))
    assert re.findall(r'<aside class="banner".*?<strong>(.*?)</strong>', page, re.DOTALL) == words


def test_the_whole_digest_and_the_settings_are_there(open_page):
    page = open_page(one_model())
    page.get_by_text("SHA-256").click()
    expect(page.locator(".whole-digest")).to_have_text("0123456789abcdef" * 4)
    expect(page.get_by_role("row", name="networks.lenet.depths [10, 20] [20, 40]")).to_be_visible()
    page.get_by_text("All 2 settings").click()
    expect(page.get_by_role("row", name="train.epochs 100")).to_be_visible()
    expect(page.locator(".more tr.changed")).to_have_count(1)


# --- data


def test_the_page_says_that_no_image_is_in_two_splits(open_page):
    page = open_page(one_model())
    expect(page.locator("#datasets .good")).to_contain_text("No image occurs in two splits")
    expect(page.get_by_role("row", name="valid in train 30 0 0")).to_be_visible()


def test_copies_are_counted_and_shown_side_by_side(open_page):
    page = open_page(two_models())
    expect(page.get_by_role("row", name="valid in train 30 3 10.0")).to_be_visible()
    expect(page.locator(".twins li").first.locator(".tile")).to_have_count(2)
    expect(page.locator("#datasets")).to_contain_text("at most 2,000 images of each")


def test_a_class_shows_the_image_that_the_switch_names(open_page):
    page = open_page(one_model())
    seen = page.locator(".gallery .tile:visible")
    for tile, kind in enumerate(("typical", "brightest", "darkest")):
        page.get_by_role("radio", name=kind).check()
        expect(seen).to_have_count(len(NAMES))
        expect(seen.first).to_have_attribute("aria-label", f"{kind} image of {isolated(NAMES[0])}")
        assert colour_of(seen.first) == pytest.approx(COLOURS[tile], abs=2)


# --- pictures


def colour_of(tile):
    """RGB in the middle of what the browser painted."""
    painted = cv2.imdecode(np.frombuffer(tile.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    return painted[painted.shape[0] // 2, painted.shape[1] // 2, ::-1].tolist()


@pytest.mark.parametrize(("height", "width"), [(24, 48), (64, 40)])
def test_a_tile_shows_the_pixels_of_its_place_in_the_sprite(open_page, height, width):
    page = open_page(one_model(outcomes=[(0, 1, 0.9)] * TILES, sprite=sprite(height, width, columns=7)))
    tiles = page.locator("#mistake-list .tile")
    for image in (0, 6, 7, 39):
        box = tiles.nth(image).bounding_box()
        assert box["width"] / box["height"] == pytest.approx(width / height)
        assert colour_of(tiles.nth(image)) == pytest.approx(COLOURS[image], abs=2)


# --- confusion


def test_a_wrong_cell_shows_all_its_mistakes_and_no_other(open_page):
    page = open_page(one_model())
    cell(page, "Stop", "Yield").click()
    expect(page.locator("#sheet-close")).to_be_focused()  # the images are the next stops of Tab
    expect(page.locator("#sheet-title")).to_have_text("Stop classified as Yield: 2 images")
    assert images_in(page, "#sheet") == expected(OUTCOMES, true=0, predicted=1) == [12, 13]
    cell(page, "Yield", "Stop").click()
    assert images_in(page, "#sheet") == [14]
    cell(page, "No entry", "Stop").click()
    assert images_in(page, "#sheet") == expected(OUTCOMES, true=3, predicted=0) == [21]


def test_a_cell_of_the_diagonal_shows_images_that_are_correct(open_page):
    content = one_model()
    content["models"][0]["correct"] = [item for item in content["models"][0]["correct"] if item["image"] < 10]
    page = open_page(content)
    cell(page, "Stop", "Stop").click()
    assert images_in(page, "#sheet") == list(range(10))
    expect(page.locator("#sheet")).to_contain_text("10 of 12 images are shown.")


def test_the_cells_are_those_that_are_not_empty_and_say_what_they_hold(open_page):
    page = open_page(one_model())
    assert page.locator("#matrix button").evaluate_all("cells => cells.map(cell => cell.ariaLabel)") == [
        "10 \u2068Stop\u2069 classified correctly: 12 images, 85.7\xa0%",
        "10 \u2068Stop\u2069 classified as 13 \u2068Yield\u2069: 2 images, 14.3\xa0%",
        "13 \u2068Yield\u2069 classified as 10 \u2068Stop\u2069: 1 image, 25.0\xa0%",
        "13 \u2068Yield\u2069 classified correctly: 3 images, 75.0\xa0%",
        "16 \u2068Priority road\u2069 classified correctly: 1 image, 50.0\xa0%",
        "16 \u2068Priority road\u2069 classified as 19 \u2068No entry\u2069: 1 image, 50.0\xa0%",
        "19 \u2068No entry\u2069 classified as 10 \u2068Stop\u2069: 1 image, 50.0\xa0%",
        "19 \u2068No entry\u2069 classified as 16 \u2068Priority road\u2069: 1 image, 50.0\xa0%",
    ]


def test_pointing_at_a_cell_reads_it_out(open_page):
    page = open_page(one_model())
    cell(page, "No entry", "Priority road").hover()
    expect(page.locator("#readout")).to_have_text("19 No entry classified as 16 Priority road: 1 image, 50.0\xa0% of 2")
    expect(page.locator("#readout")).to_have_attribute("aria-live", "polite")
    expect(page.locator("#matrix .row.lit")).to_have_text("19 No entry")
    expect(page.locator("#matrix .column.lit")).to_have_text("16 Priority road")


def test_the_switch_shows_the_other_models_matrix(open_page):
    page = open_page(two_models())
    cell(page, "Stop", "Yield").click()
    expect(page.locator("#axis")).to_have_text("model original, data set original: true ↓, predicted →")
    page.locator("#confusion").get_by_label("augmented").check()
    expect(page.locator("#axis")).to_contain_text("model augmented, data set augmented")
    expect(page.locator("#sheet")).to_be_hidden()
    expect(cell(page, "Stop", "Yield")).to_have_count(0)
    expect(page.locator("#readout")).to_contain_text("Point at a cell")  # not what the other model's cell held
    cell(page, "Priority road", "Stop zone").click()
    assert images_in(page, "#sheet") == [16]


def test_a_pair_shows_both_directions_beside_typical_images(open_page):
    page = open_page(one_model())
    page.get_by_role(
        "button", name=re.compile("Stop.* classified as .*Yield.* 2 times, the other way round 1 time")
    ).click()
    first, second = page.locator("#sheet .direction").all()
    expect(first).to_contain_text("2 images classified as Yield")
    expect(second).to_contain_text("1 image classified as Stop")
    assert images_in(page, "#sheet .direction:first-child") == expected(OUTCOMES, true=0, predicted=1)
    assert images_in(page, "#sheet .direction:last-child") == expected(OUTCOMES, true=1, predicted=0)
    for direction, name in ((first, "Stop"), (second, "Yield")):
        expect(direction.get_by_label(f"Typical image of \u2068{name}\u2069")).to_be_visible()
    assert first.bounding_box()["y"] == second.bounding_box()["y"]


def test_a_pair_is_listed_by_direction_the_more_frequent_one_first(open_page):
    outcomes = [*OUTCOMES, *[(1, 0, 0.7)] * 3]
    lines = open_page(one_model(outcomes=outcomes)).locator("#pairs li").first.locator(".one-way")
    assert [line.inner_text().split("\n") for line in lines.all()] == [
        ["Yield → Stop", "4\N{MULTIPLICATION SIGN}"],
        ["Stop → Yield", "2\N{MULTIPLICATION SIGN}"],
    ]


def test_the_matrix_of_many_classes_has_ids_and_of_few_has_names(open_page):
    page = open_page(one_model())
    assert page.locator("#matrix .row").all_text_contents() == [f"{10 + 3 * i} {name}" for i, name in enumerate(NAMES)]
    page = open_page(EDGES["a hundred classes"])
    assert page.locator("#matrix .column").all_text_contents()[:2] == ["10", "13"]


def test_on_a_phone_a_finger_meets_each_cell_and_the_table_of_copies_fits(open_page):
    page = open_page(EDGES["a hundred classes"], width=390)
    box = page.locator("#matrix button").first.bounding_box()
    assert min(box["width"], box["height"]) >= 24
    page = open_page(two_models(), width=360)
    overflow = page.locator(".copies").first.evaluate("table => table.scrollWidth - table.parentNode.clientWidth")
    assert overflow <= 0


def test_the_matrix_works_by_keyboard_alone(open_page):
    page = open_page(one_model())
    in_matrix = "document.activeElement.closest('#matrix') !== null"
    for _ in range(150):
        page.keyboard.press("Tab")
        if page.evaluate(in_matrix):
            break
    focused = page.locator("#matrix button:focus")
    expect(focused).to_have_accessible_name(re.compile("Stop.* classified correctly"))
    for key, name in [
        ("ArrowRight", "Stop.* classified as .*Yield"),
        ("ArrowDown", "Yield.* classified correctly"),
        ("ArrowDown", "Priority road.* classified correctly"),
        ("End", "Priority road.* classified as .*No entry"),
        ("ArrowRight", "No entry.* classified as .*Stop"),
        ("ArrowUp", "Priority road.* classified correctly"),
        ("ArrowLeft", "Yield.* classified correctly"),
        ("Home", "Yield.* classified as .*Stop"),
    ]:
        page.keyboard.press(key)
        expect(focused).to_have_accessible_name(re.compile(name))
    expect(page.locator("#readout")).to_contain_text("Yield classified as 10 Stop")
    assert page.locator("#matrix [tabindex='0']").count() == 1
    page.keyboard.press("Enter")
    assert images_in(page, "#sheet") == [14]
    expect(page.locator("#sheet-close")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#sheet")).to_be_hidden()
    expect(focused).to_have_accessible_name(re.compile("Yield.* classified as .*Stop"))


def test_of_too_many_classes_the_matrix_shows_those_most_confused(open_page):
    page = open_page(context(model("original", rows_of(NAMES), OUTCOMES, matrix_classes=[1, 3])))
    expect(page.locator("#matrix-note")).to_have_text("The 2 most confused of 4 classes.")
    assert page.locator("#matrix .row").all_text_contents() == ["13 Yield", "19 No entry"]
    expect(page.locator("#matrix button")).to_have_count(1)


# --- mistakes


def test_the_filters_leave_the_mistakes_that_they_name(open_page):
    page = open_page(one_model())
    for wanted in (
        {},
        {"true": 0},
        {"predicted": 0},
        {"true": 3, "predicted": 2},
        {"lowest": 0.5},
        {"highest": 0.55},
        {"lowest": 0.55, "highest": 0.65},
        {"true": 0, "lowest": 0.9},
        {"true": 1, "lowest": 0.9},
    ):
        for key in ("true", "predicted"):
            page.locator(f"[name={key}]").select_option(str(wanted.get(key, "")))
        for key, otherwise in (("lowest", 0), ("highest", 1)):
            page.locator(f"[name={key}]").fill(f"{100 * wanted.get(key, otherwise):g}")
        images = expected(OUTCOMES, **wanted)
        assert images_in(page, "#mistake-list") == images
        expect(page.locator("#mistake-count")).to_have_text(f"{len(images)} of 6 mistakes")


def test_a_mistake_names_the_file_that_it_was_read_from(open_page):
    content = one_model()
    for item in content["models"][0]["mistakes"]:
        item["file"] = f"stop/<b>{item['image']}</b>.jpg"
    page = open_page(content)
    image = content["models"][0]["mistakes"][0]["image"]
    card = page.locator("#mistake-list li").first
    expect(card).to_contain_text(f"stop/<b>{image}</b>.jpg")
    expect(card.locator(".tile")).to_have_attribute(
        "aria-label", re.compile(rf"^\u2068stop/<b>{image}</b>\.jpg\u2069: ")
    )


def test_a_mistake_opens_large_with_its_file_its_probabilities_and_where_the_network_looked(open_page):
    content = one_model()
    item = content["models"][0]["mistakes"][0]  # Stop, classified as Yield
    item |= {"file": "stop/7.jpg", "probabilities": [[1, 0.95], [2, 0.03]], "truth": 0.004}
    page = open_page(content)
    dialog = page.get_by_role("dialog", name="Stop classified as Yield")
    first = page.locator("#mistake-list button").first
    first.click()
    expect(dialog).to_contain_text("stop/7.jpg of data set original, model original")
    assert [line.inner_text().replace("\xa0", " ").split("\n") for line in dialog.locator("li").all()] == [
        ["13 Yield", "95.0 %"],
        ["16 Priority road", "3.0 %"],
        ["10 Stop (true class)", "0.4 %"],
    ]
    looked = dialog.locator("figure", has_text="Where the network looked")
    assert looked.locator("canvas").bounding_box() == looked.locator(".tile").bounding_box()
    assert looked.locator(".tile").bounding_box()["width"] > 2 * first.bounding_box()["width"]
    assert colour_of(dialog.locator(".tile").first) == pytest.approx(COLOURS[item["tile"]], abs=2)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(first).to_be_focused()


def test_images_of_a_cell_and_of_the_comparison_open_large_too(open_page):
    page = open_page(two_models())
    cell(page, "Stop", "Stop").click()
    page.locator("#sheet .picture").first.click()
    dialog = page.get_by_role("dialog", name="Stop classified correctly")
    expect(dialog).to_contain_text("Test image 0 of data set original")
    expect(dialog.locator("canvas")).to_have_count(0)  # a heatmap is kept of mistakes
    page.get_by_role("button", name="Close").last.click()
    pictures = page.locator("#comparison button.picture")
    expect(pictures).to_have_count(1)  # the other mistake is not among those that the page has
    pictures.click()
    dialog = page.get_by_role("dialog", name="Stop classified as Yield")
    expect(dialog).to_contain_text("Test image 13 of data set original, model original")
    expect(dialog.locator("canvas")).to_have_count(1)


def test_a_reset_brings_all_mistakes_back(open_page):
    page = open_page(two_models())
    page.locator("[name=model]").select_option("augmented")
    page.locator("[name=true]").select_option("4")
    assert images_in(page, "#mistake-list") == expected(SECOND_OUTCOMES, true=4)
    page.get_by_role("button", name="Reset").click()
    expect(page.locator("#mistake-count")).to_have_text("6 of 6 mistakes")
    assert images_in(page, "#mistake-list") == expected(OUTCOMES)


def test_many_mistakes_come_in_steps(open_page):
    outcomes = [(0, 1, 0.999 - image / 1000) for image in range(130)]
    content = one_model(outcomes=outcomes)
    content["models"][0]["mistakes_total"] = 200
    page = open_page(content)
    more = page.get_by_role("button", name="Show")
    for shown, rest in ((60, "Show 60 more of 70"), (120, "Show 10 more of 10")):
        assert images_in(page, "#mistake-list") == list(range(shown))
        expect(more).to_have_text(rest)
        more.click()
    assert images_in(page, "#mistake-list") == list(range(130))
    expect(more).to_be_hidden()
    expect(page.locator("#mistake-note")).to_have_text("The page shows the 130 most confident of 200 mistakes.")


def test_a_heatmap_lies_over_its_picture(open_page):
    page = open_page(one_model())
    expect(page.locator("#mistake-list canvas")).to_have_count(0)
    page.get_by_label("Show heatmaps").check()
    expect(page.locator("#mistake-list canvas")).to_have_count(6)
    first = page.locator("#mistake-list .picture").first
    assert first.locator("canvas").bounding_box() == first.locator(".tile").bounding_box()
    alpha = first.locator("canvas").evaluate(
        "canvas => [...canvas.getContext('2d').getImageData(0, 0, 5, 4).data].filter((_, index) => index % 4 === 3)"
    )
    assert np.flatnonzero(alpha).tolist() == [4]  # the last column of the first row
    page.get_by_label("Show heatmaps").uncheck()
    expect(page.locator("#mistake-list canvas")).to_have_count(0)


# --- the table of the classes


def column(page, place):
    return page.locator("#class-table tbody tr").evaluate_all(
        "(rows, place) => rows.map(row => row.cells[place].dataset.text ?? row.cells[place].dataset.value)", place
    )


def numbers(values):
    return [float(value) for value in values if value]


def test_the_table_starts_with_the_worst_class_and_sorts_by_number(open_page):
    names = [f"class {place}" for place in range(12)]
    outcomes = [(place, place, 0.9) for place in range(11) for _ in range(place + 1)] + [(5, 2, 0.6), (7, 2, 0.6)]
    page = open_page(one_model(names, outcomes))
    f1 = numbers(column(page, 7))
    assert f1 == sorted(f1)
    assert column(page, 7)[-1] == ""  # the class without images has none
    assert page.locator("[aria-sort]").get_attribute("aria-sort") == "ascending"
    header = page.get_by_role("columnheader", name="Test images")
    header.get_by_role("button").click()
    assert numbers(column(page, 4)) == [0, 1, 2, 3, 4, 5, 7, 7, 9, 9, 10, 11]
    expect(header).to_have_attribute("aria-sort", "ascending")
    header.get_by_role("button").click()
    assert numbers(column(page, 4)) == [11, 10, 9, 9, 7, 7, 5, 4, 3, 2, 1, 0]
    expect(header).to_have_attribute("aria-sort", "descending")
    expect(page.locator("[aria-sort]")).to_have_count(1)
    for _ in range(2):
        page.get_by_role("columnheader", name="Recall").get_by_role("button").click()
        assert column(page, 6)[-1] == ""  # last in either direction
    page.get_by_role("columnheader", name="Class").get_by_role("button").press("Enter")
    assert column(page, 2) == names


def test_both_models_stand_side_by_side_where_both_know_the_class(open_page):
    page = open_page(two_models())
    rows = dict(zip(column(page, 2), zip(column(page, 9), column(page, 10), strict=True), strict=True))
    assert numbers(rows["Stop"]) == [pytest.approx(2 * 12 / (14 + 14)), pytest.approx(2 * 12 / (12 + 13))]
    assert rows["Stop zone"][0] == ""
    assert float(rows["Stop zone"][1]) == pytest.approx(2 * 1 / (2 + 2))
    assert numbers(column(page, 10)) == sorted(numbers(column(page, 10)))
    expect(page.get_by_role("columnheader", name="F1, augmented")).to_have_attribute("aria-sort", "ascending")


def test_the_name_of_a_measure_stands_over_the_columns_of_both_models(open_page):
    page = open_page(two_models())
    group = page.get_by_role("columnheader", name="Recall", exact=True)
    middle = group.evaluate("""head => {
        const range = document.createRange();
        range.selectNodeContents(head);
        const { left, right } = range.getBoundingClientRect();
        return (left + right) / 2;
    }""")
    columns = [page.get_by_role("columnheader", name=f"Recall, {name}") for name in ("original", "augmented")]
    boxes = [column.bounding_box() for column in columns]
    assert middle == pytest.approx((boxes[0]["x"] + boxes[1]["x"] + boxes[1]["width"]) / 2, abs=2)


def test_the_table_is_filtered_by_name(open_page):
    page = open_page(two_models())
    page.get_by_label("Filter by name").fill(" STOP ")
    assert page.locator("#class-table tbody tr:visible th").all_text_contents() == ["Stop zone", "Stop"]
    expect(page.locator("#class-count")).to_have_text("2 of 5 classes")


# --- the rest of the page


def test_the_charts_say_their_findings_in_words(open_page):
    page = open_page(two_models())
    for words in (
        "Images per class, 4 classes: from 70 to 73",
        "Accuracy of \u2068original\u2069 over 6 epochs: training ends at 75.0\xa0%, validation ends at 75.0\xa0%; "
        "kept epoch 4",
        "Both correct 14, only \u2068original\u2069 2, only \u2068augmented\u2069 5, both wrong 1",
        "Recall of \u2068Stop\u2069: 50.0\xa0%, then 100.0\xa0%",
    ):
        expect(page.get_by_role("img", name=words, exact=True)).to_have_count(1)
    expect(page.get_by_role("img", name="Test, reliability of \u2068original\u2069")).to_have_accessible_name(
        re.compile("expected calibration error 12.3\xa0%; overconfident: mean confidence is 10.0 points above accuracy")
    )
    unnamed = page.locator("svg:not([role=img][aria-label])")
    expect(unnamed).to_have_count(0)


def test_a_threshold_is_a_point_of_the_curve_and_its_missed_target_is_called_missed(open_page):
    page = open_page(two_models())
    article = page.locator("#calibration article").first
    expect(article).to_contain_text(
        "Target missed: above a confidence of 75 %, chosen on validation for an accuracy of 90 %"
    )
    expect(article).to_contain_text("answers 50.0 % of the test images (25.0 % to 62.5 %), 87.50 % of them correctly")
    expect(page.locator(".card").first).to_contain_text("target of 90 % missed (87.50 % on 50.0 % of the test images)")
    figure = article.locator("figure").last
    x, y = (float(figure.locator("circle").get_attribute(name)) for name in ("cx", "cy"))
    assert x == pytest.approx(48 + 300 / 2, abs=0.1)
    assert y == pytest.approx(168 - 150 * 0.125 / 0.6, abs=0.1)  # the axis ends at 60 %


def test_under_stress_each_corruption_has_a_picture_and_a_figure_a_severity(open_page):
    page = open_page(two_models())
    rows = page.locator("#stress tbody").first.locator("tr")
    assert [row.locator("th").inner_text() for row in rows.all()] == ["blur", "jpeg"]
    cells = rows.first.locator("td")
    assert [cell.inner_text().replace("\xa0", " ").split("\n") for cell in cells.all()] == [
        ["50.0 %"] * 2, ["40.0 %"] * 2, ["30.0 %"] * 2, ["20.0 %"] * 2, ["30.0 %"] * 2,
    ]  # fmt: skip
    assert [cell.locator(".tile").count() for cell in cells.all()] == [1, 1, 1, 1, 0]
    strangers = page.locator("#stress tbody").last.locator("tr")
    assert [row.inner_text().split() for row in strangers.all()] == [["noise", "81.0", "%", "81.0", "%"]]


def test_average_probabilities_are_those_of_the_chosen_model(open_page):
    page = open_page(two_models())
    seen = page.locator("#probabilities .averages:visible > li")
    expect(seen).to_have_count(4)
    page.locator("#probabilities").get_by_role("radio", name="augmented").check()
    expect(seen).to_have_count(5)
    expect(seen.last).to_contain_text("75.0\xa0%")


@pytest.mark.parametrize(("keep", "words"), [("best", "the best on validation"), ("last", "the last")])
def test_the_page_says_which_epoch_is_kept(open_page, keep, words):
    section = open_page(one_model(keep=keep)).locator("#training")
    expect(section).to_contain_text(f"The model has the weights of epoch 4 of 5, {words}; validation accuracy 70.0")


def test_the_comparison_gives_its_verdict_and_the_images_that_only_one_model_classifies_correctly(open_page):
    section = open_page(two_models()).locator("#comparison")
    expect(section).to_contain_text("5 22.7\xa0%")
    expect(section).to_contain_text("The 2 most confident of 7 are shown.")
    expect(section.get_by_text("1 image that only augmented classifies correctly")).to_be_visible()
    assert images_in(section.page, "#comparison") == [13, 12]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "Its test images show a drawing that was not used in training."),
        (
            {"origin": "synthetic of seen drawings", "drawings": 1},
            "Its test images show the drawing that it was trained on",
        ),
        ({"origin": "photographs"}, "It is a known class: its synthetic images are added to training"),
        ({"is_hidden": True}, "It is a known class whose original images were hidden from training"),
        ({}, f"Its test images are misclassified as {NAMES[0]} (1 image), {NAMES[1]} (12 images)."),
        ({"mistaken_for": []}, "None of its test images is misclassified. Its test images show"),
        ({}, f"Most similar classes: {NAMES[0]} (0.50), {NAMES[1]} (-0.25)."),
        ({}, "First of 2 drawings"),
    ],
)
def test_a_new_sign_says_what_it_is_like_and_what_its_test_is_worth(open_page, changes, sentence):
    content = two_models()
    content["new_signs"][0] |= changes
    expect(open_page(content).locator("#new-signs")).to_contain_text(sentence)


@pytest.mark.parametrize("content", [one_model(), two_models()], ids=["one", "two"])
def test_the_sections_are_in_the_navigation_and_their_headings_in_order(open_page, content):
    page = open_page(content)
    ids = page.locator("main > section").evaluate_all("sections => sections.map(section => section.id)")
    assert set(SECTIONS) <= set(ids)
    assert ("comparison" in ids) == ("new-signs" in ids) == (len(content["models"]) == 2)
    links = page.locator("nav.sections a").evaluate_all("links => links.map(link => link.hash.slice(1))")
    assert links == ids
    levels = [int(tag[1]) for tag in page.locator("h1, h2, h3, h4").evaluate_all("all => all.map(h => h.tagName)")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_a_page_that_was_built_from_results_works(open_page):
    content = context_of()
    page = open_page(content)
    model = content["models"][0]
    true, predicted = next((true, predicted) for true, predicted, _ in model["confusion"] if true != predicted)
    cell(page, *(model["classes"][place]["name"] for place in (true, predicted))).click()
    shown = [item["image"] for item in model["mistakes"] if (item["true"], item["predicted"]) == (true, predicted)]
    assert images_in(page, "#sheet") == shown
    page.locator("#pairs button").first.click()
    page.get_by_label("Show heatmaps").check()
    expect(page.locator("#mistake-list canvas")).to_have_count(min(60, len(model["mistakes"])))
    page.locator("#confusion").get_by_label("augmented").check()
    expect(page.locator("#matrix .row")).to_have_count(6)


def test_ids_occur_once(open_page):
    ids = open_page(two_models()).locator("[id]").evaluate_all("all => all.map(node => node.id)")
    assert len(ids) == len(set(ids))


def test_names_are_text_whatever_is_in_them(open_page):
    content = two_models(HOSTILE[:4])
    for part in (*content["data"], *content["models"]):
        part["name"] = HOSTILE[0] + part["name"]
    content["comparison"] |= {"first": content["models"][0]["name"], "second": content["models"][1]["name"]}
    content["params"] = [{"key": HOSTILE[1], "value": HOSTILE[0], "default": HOSTILE[2]}]
    page = open_page(content)
    cell(page, HOSTILE[0], HOSTILE[1]).click()
    expect(page.locator("#sheet-title")).to_have_text(f"{HOSTILE[0]} classified as {HOSTILE[1]}: 2 images")
    page.locator("#pairs button").first.click()
    page.get_by_label("Show heatmaps").check()
    cell(page, HOSTILE[2], HOSTILE[3]).hover()
    expect(page.locator("#readout")).to_contain_text(HOSTILE[2])
    for selector in (".tiles", "#class-table", "#pairs", "#mistake-list", "[name=true]", ".averages", "#comparison"):
        expect(page.locator(selector).first).to_contain_text(HOSTILE[1])
    expect(page.locator("script")).to_have_count(2)
    expect(page.locator("img:not(.recipe img)")).to_have_count(0)
    page.wait_for_timeout(50)  # for what a name might have started


def test_a_right_to_left_name_keeps_its_direction_to_itself(open_page):
    page = open_page(one_model([HOSTILE[4], *NAMES[1:]]))
    expect(page.locator("#class-table tbody bdi", has_text=HOSTILE[4])).to_have_count(1)
    cell(page, HOSTILE[4], "Yield").hover()
    assert page.locator("#readout bdi").all_text_contents() == [HOSTILE[4], "Yield"]


def without_anything():
    """Every value that may be None or empty is."""
    rows = rows_of(NAMES[:2])
    content = context(
        model("bare", rows, [], validated=False, metrics={}, history=[], kept_epoch=0, average_probability=[]),
        data=[dataset("original", rows, duplicates=[])],
        params=[],
        versions=[],
    )
    for row in content["models"][0]["classes"]:
        row["tile"] = None
    return content


EDGES = {
    "one class": one_model(["only"], [(0, 0, 0.9)] * 3),
    "no mistakes": one_model(outcomes=[(place, place, 0.9) for place in range(4)]),
    "no validation": context(model("original", rows_of(NAMES), OUTCOMES, validated=False)),
    "nothing": without_anything(),
    "a hundred classes": one_model(
        [f"class {place} with a name that is rather long" for place in range(100)],
        [(place, (place + step) % 100, 0.9) for place in range(100) for step in (0, 0, 7)],
    ),
    "large ids": context(
        model("original", [row | {"id": 10000 * (row["id"] + 1)} for row in rows_of(NAMES)], OUTCOMES, history=[])
    ),
    "long word": one_model(["w" * 200, *NAMES[1:]]),
    "two models": two_models(),
}


@pytest.mark.parametrize("content", EDGES.values(), ids=EDGES)
def test_whatever_there_is_to_show_the_page_fits_a_narrow_window(open_page, content):
    page = open_page(content, width=360)
    for summary in page.locator("summary").all():
        summary.click()
    for button in page.locator("#pairs button, #matrix button.wrong").all()[:1]:
        button.click()
    for picture in page.locator("#mistake-list button").all()[:1]:
        picture.click()
        assert page.locator("#image").evaluate("dialog => dialog.scrollWidth - dialog.clientWidth") <= 0
        page.keyboard.press("Escape")
    assert page.locator("#matrix .row").count() == len(content["models"][0]["classes"])
    assert page.evaluate("document.scrollingElement.scrollWidth") <= 360


def test_without_mistakes_the_page_says_so(open_page):
    page = open_page(EDGES["no mistakes"])
    expect(page.locator("#no-pairs")).to_be_visible()
    expect(page.locator("#mistake-count")).to_have_text("0 of 0 mistakes")
    expect(page.get_by_label("Show heatmaps")).to_be_hidden()


def test_without_scripts_the_page_still_gives_the_figures_and_says_what_it_lacks(open_page):
    page = open_page(one_model(), scripts=False)
    expect(page.locator(".figure")).to_have_text("72.7\xa0% accuracy")
    expect(page.locator("#class-table tbody tr")).to_have_count(4)
    for section in ("confusion", "mistakes"):
        expect(page.locator(f"#{section} noscript p")).to_be_visible()


def test_the_page_holds_all_that_it_shows_and_forbids_the_rest():
    page = render(two_models())
    assert """http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:;""" in page
    assert re.findall(r"""(?:src|href)=["'](?!#|data:)[^"']*|url\((?!"data:)""", page) == []


# --- accessibility


def faults(page, part=None):
    violations = Axe().run(page, part).response["violations"]
    return [
        (fault["id"], [node["target"] for node in fault["nodes"]])
        for fault in violations
        if fault["impact"] in ("serious", "critical")
    ]


def test_axe_finds_no_serious_fault_with_all_things_open(open_page):
    page = open_page(two_models())
    for summary in page.locator("summary").all():
        summary.click()
    page.get_by_label("Show heatmaps").check()
    page.get_by_label("Filter by name").fill("o")
    page.get_by_role("columnheader", name="F1, original").get_by_role("button").click()
    page.get_by_role("radio", name="darkest").first.check()
    cell(page, "Stop", "Yield").click()
    assert faults(page) == []
    page.emulate_media(color_scheme="dark")
    page.locator("#mistake-list button").first.click()
    assert faults(page, "#image") == []
    page.keyboard.press("Escape")
    assert faults(page) == []
    page.locator("#pairs button").first.click()
    page.set_viewport_size({"width": 360, "height": 900})
    assert faults(page) == []


def test_axe_would_find_a_fault(open_page):
    page = open_page(one_model())
    page.locator("#sheet-close").evaluate(
        "button => { button.textContent = ''; button.closest('#sheet').hidden = false }"
    )
    assert [fault for fault, _ in faults(page, "#sheet")] == ["button-name"]

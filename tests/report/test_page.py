import json
import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest

from signs.core import params
from signs.core.scores import interval, softmax
from signs.data.classes import Classes, SignClass
from signs.data.datasets import DataSet, Split
from signs.evaluation import rejection
from signs.evaluation.corruption import CORRUPTIONS
from signs.evaluation.diagnosis import diagnose
from signs.evaluation.metrics import evaluate
from signs.evaluation.predictions import Predictions
from signs.exploration.preview import preview
from signs.exploration.statistics import explore
from signs.report import page as report
from signs.report.inputs import Diagnosed, Explored, augmented
from signs.report.sprites import Sprite

PLAIN = {3: "Stop", 8: "Yield", 20: "Parking", 21: "No entry"}
NEW = {0: "Bus lane", 1: "Bus stop"}
HOSTILE = {
    3: "</script><script>alert(1)</script>",
    8: "\"><img src=x onerror='alert(2)'>",
    20: "<b>'bold'</b> &amp; \"quoted\" {{ 7 * 7 }} <!-- 🚗",
    21: "\u202e\u05e2\u05e6\u05d5\u05e8\u2066 ' onmouseover='alert(3)",
}
HOSTILE_NEW = {0: "<style>*{display:none}</style>", 1: "`${alert(4)}` \\u003c ]]>"}
SETTINGS = {
    "fetch": {"source": "sample", "url": "https://example.org/signs.zip", "sample": {"seed": 1}},
    "preview": {"every": 3, "rungs": 4, "nearest": 2},
    "merge": {},
    "train": {"keep": "best"},
    "stress": params.load("stress"),
}
LIMITS = {"right": 2, "changed": 100}


# --- small results of the real stages


def dataset(named, origin, counts=(6, 3, 9), shape=(16, 16, 3), seed=0, absent=()):
    """Noise; each count is of images a class. Classes that are absent have images in training alone."""
    rng = np.random.default_rng(seed)
    splits = []
    for number, count in enumerate(counts):
        labels = np.tile([id for id in named if not (number and id in absent)], count)
        splits.append(Split(rng.integers(0, 256, (len(labels), *shape), dtype=np.uint8), labels))
    return DataSet(*splits, Classes(tuple(SignClass(id, name, origin) for id, name in named.items())))


def explored(name, data, **changes):
    found = explore(data, **{"seed": 1, "max_images": 1000, "similarity": 0.99} | changes).found
    return Explored(name, data, "0123456789abcdef" * 4, found)


def diagnosed(name, data, seed=0, surely_right=0.0, mistakes=1000):
    """Results of a model that says what it likes, the truth a little more often."""
    rng = np.random.default_rng(seed)
    labels = {split: images.labels for split, images in data.splits.items()}
    logits = {}
    for split, ids in labels.items():
        logits[split] = rng.normal(0, 1.5, (len(ids), len(data.classes))).astype(np.float32)
        logits[split][np.arange(len(ids)), np.searchsorted(data.classes.ids, ids)] += 1 + surely_right
    metrics = evaluate(logits, labels, data.classes, calibration_bins=5, accepted_accuracy=0.9)
    judged = ("valid", "test")
    predictions = Predictions(
        data.classes.ids,
        {split: softmax(logits[split]) for split in judged},
        {split: labels[split] for split in judged},
    )
    found = diagnose(predictions, data.classes, bins=5, mistakes=mistakes)
    attention = rng.random((len(found.mistakes), 3, 2), dtype=np.float32)
    history = [
        {"epoch": epoch, "train_accuracy": 0.1, "train_loss": 2.0, "valid_accuracy": accuracy, "valid_loss": 2.0}
        for epoch, accuracy in enumerate((0.1, 0.6, 0.5))
    ]
    right = np.searchsorted(data.classes.ids, labels["test"])
    acceptance = rejection.acceptance(*rejection.answers(logits["test"], right))
    corruptions = [{"severity": severity} | dict.fromkeys(CORRUPTIONS, 0.9 - severity / 10) for severity in range(6)]
    stressed = {"corrupted": dict.fromkeys([*CORRUPTIONS, "mean"], 0.6), "turned_away": {"noise": 0.5}}
    return Diagnosed(name, data, metrics, history, predictions, found, attention, acceptance, corruptions, stressed)


def context_of(plain=PLAIN, new=NEW, models=("original", "augmented"), settings=SETTINGS, **limits):
    original, synthetic = dataset(plain, "photographs", absent=[21]), dataset(new, "synthetic", seed=1)
    original.valid.features[0] = original.train.features[0]
    drawings = {name: [np.full((300, 200, 4), 255, np.uint8)] for name in new.values()}
    data = {"original": original, "augmented": augmented(original, synthetic)}
    names = dict(zip(("original", "augmented"), models, strict=False))
    return report.build(
        [explored("original", original), explored("synthetic", synthetic)],
        preview(synthetic, original, drawings, **settings["preview"]),
        [diagnosed(name, data[kind], seed) for seed, (kind, name) in enumerate(names.items())],
        settings,
        **LIMITS | limits,
    )


@pytest.fixture(scope="module")
def context():
    return context_of()


@pytest.fixture(scope="module")
def second_model():
    """What the model `augmented` of the context said, to compare with."""
    return diagnosed(
        "augmented",
        augmented(dataset(PLAIN, "photographs", absent=[21]), dataset(NEW, "synthetic", seed=1)),
        seed=1,
    )


# --- the page, parsed


class Page(HTMLParser):
    """The elements of a page: `tags` with the names of their attributes, `values` of these, `texts`, `scripts`."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.values, self.texts, self.scripts, self.styles = [], [], [], [], []
        self.inside = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, tuple(name for name, _ in attributes)))
        self.values += [(name, value or "") for name, value in attributes]
        self.inside = tag
        if tag == "script":
            self.scripts.append((dict(attributes), ""))

    def handle_endtag(self, _):
        self.inside = None

    def handle_data(self, data):
        if self.inside == "script":
            attributes, text = self.scripts[-1]
            self.scripts[-1] = attributes, text + data
        elif self.inside == "style":
            self.styles.append(data)
        else:
            self.texts.append(data)

    def data(self):
        """The values that the scripts read, as strictly as a browser does."""
        (content,) = (text for attributes, text in self.scripts if attributes.get("id") == "data")
        return json.loads(content, parse_constant=refused)


def refused(constant):
    raise ValueError(f"{constant} is no JSON")


# --- what the page gets


def keys(row):
    return set(row)


def test_the_context_has_these_keys(context):
    assert keys(context) == {
        "images", "data", "new_signs", "models", "corrupted", "comparison", "keep", "params", "versions", "sprite",
    }  # fmt: skip
    for part in context["data"]:
        assert keys(part) >= {
            "name", "digest", "shape", "images", "sampled", "origin", "classes", "brightness", "duplicates",
        }  # fmt: skip
        assert keys(part["classes"][0]) == {
            "id", "name", "origin", "train", "valid", "test", "typical", "brightest", "darkest",
        }  # fmt: skip
        assert keys(part["brightness"]) == {"edges", "train", "valid"}
        assert keys(part["duplicates"][0]) == {"first", "second", "images", "exact", "near", "examples"}
    assert keys(context["data"][0]["duplicates"][0]["examples"][0]) == {
        "first", "second", "similarity", "first_name", "second_name",
    }  # fmt: skip
    assert keys(context["corrupted"]) == {"name", "tile", "tiles"}
    assert keys(context["new_signs"][0]) == {
        "name",
        "drawing",
        "drawings",
        "nearest",
        "origin",
        "taken_for",
        "ladder",
        "every",
        "samples",
    }
    assert keys(context["sprite"]) == {"uri", "height", "width", "columns", "count"}


def test_a_model_has_these_keys(context):
    for model in context["models"]:
        assert keys(model) >= {
            "name", "classes", "metrics", "accuracy", "parts", "history", "best_epoch", "confusion", "matrix_classes",
            "pairs", "reliability", "average_probability", "mistakes", "attention_shape", "mistakes_total", "right",
            "acceptance", "corruptions", "stress",
        }  # fmt: skip
        assert keys(model["classes"][0]) == {
            "id", "name", "origin", "tile", "images", "precision", "recall", "f1", "valid_probability",
        }  # fmt: skip
        assert keys(model["accuracy"]) == {"value", "low", "high", "images"}
        assert keys(model["pairs"][0]) == {"first", "second", "forward", "backward"}
        assert keys(model["reliability"]) == {"valid", "test"}
        assert keys(model["reliability"]["test"][0]) == {"low", "high", "confidence", "accuracy", "images"}
        assert keys(model["mistakes"][0]) >= {
            "tile", "true", "predicted", "confidence", "truth", "image", "attention",
        }  # fmt: skip
        assert keys(model["right"][0]) >= {"tile", "true", "confidence", "image"}
    assert keys(context["models"][1]["parts"][0]) == {"name", "value", "low", "high", "images"}
    assert keys(context["comparison"]) == {
        "first", "second", "images", "both_right", "both_wrong", "only_first", "only_second", "changed",
        "changed_total", "classes",
    }  # fmt: skip
    assert keys(context["comparison"]["changed"][0]) == {
        "tile", "true", "first", "second", "first_confidence", "second_confidence", "image", "gained",
    }  # fmt: skip
    assert keys(context["comparison"]["classes"][0]) == {"id", "name", "tile", "first", "second"}


def test_all_of_it_is_json(context):
    assert json.loads(json.dumps(context, allow_nan=False)) == context


def numbers_of(value, name):
    """All numbers under a key, wherever it is."""
    if isinstance(value, dict):
        found = [numbers_of(item, name) for key, item in value.items() if key != name]
        own = value.get(name, [])
        return [item for part in found for item in part] + (own if isinstance(own, list) else [own])
    return [number for item in value for number in numbers_of(item, name)] if isinstance(value, list) else []


def test_every_tile_is_on_the_sheet(context):
    tiles = [
        number
        for name in ("tile", "typical", "brightest", "darkest", "ladder", "samples")
        for number in numbers_of(context, name)
    ]
    tiles += [
        copy[side]
        for part in context["data"]
        for pair in part["duplicates"]
        for copy in pair["examples"]
        for side in ("first", "second")
    ]
    tiles += [tile for of_one in context["corrupted"]["tiles"].values() for tile in of_one]
    assert set(tiles) == set(range(context["sprite"]["count"]))
    assert (context["sprite"]["height"], context["sprite"]["width"]) == (16, 16)


def test_data_sets_are_told_as_they_are(context):
    original, synthetic = context["data"]
    assert (original["name"], synthetic["name"]) == ("original", "synthetic")
    assert original["digest"] == "0123456789abcdef" * 4
    assert (original["shape"], original["images"]) == ([16, 16, 3], {"train": 24, "valid": 9, "test": 27})
    assert (original["origin"], synthetic["origin"], context["images"]) == (
        "photographs",
        "synthetic",
        "photographs and synthetic",
    )
    assert [(row["id"], row["train"], row["valid"], row["test"]) for row in original["classes"]] == [
        (3, 6, 3, 9), (8, 6, 3, 9), (20, 6, 3, 9), (21, 6, 0, 0),
    ]  # fmt: skip
    (copy,) = original["duplicates"][0]["examples"]
    assert copy == {
        "first": copy["second"], "second": copy["first"], "similarity": 1, "first_name": "Stop", "second_name": "Stop",
    }  # fmt: skip
    assert original["sampled"] is None


def test_a_sample_is_told_with_its_size():
    data = dataset(PLAIN, "photographs")
    context = report.build(
        [explored("original", data, max_images=20)], [], [diagnosed("original", data)], SETTINGS, **LIMITS
    )
    assert context["data"][0]["sampled"] == 20


def test_new_signs_have_a_small_drawing_and_their_pictures(context):
    first, second = context["new_signs"]
    assert (first["name"], second["name"], first["every"]) == ("Bus lane", "Bus stop", 3)
    assert (len(first["ladder"]), len(first["samples"])) == (4, 6)
    assert first["drawing"].startswith("data:image/webp;base64,")


def test_a_model_is_told_as_it_is(context, second_model):
    model = context["models"][1]
    test, truth = second_model.predictions.softmax["test"], second_model.predictions.labels["test"]
    truth = np.searchsorted(second_model.predictions.ids, truth)
    said = test.argmax(axis=1)
    right = said == truth
    low, high = interval(int(right.sum()), len(right))
    assert model["accuracy"] == {"value": right.mean(), "low": low, "high": high, "images": len(right)}
    assert model["metrics"]["test"]["accuracy"] == right.mean()
    assert [(row["id"], row["name"]) for row in model["classes"]] == [
        *PLAIN.items(),
        (22, "Bus lane"),
        (23, "Bus stop"),
    ]
    expected = {(i, j): int(((truth == i) & (said == j)).sum()) for i in range(6) for j in range(6)}
    assert {(i, j): count for i, j, count in model["confusion"]} == {
        cell: count for cell, count in expected.items() if count
    }
    assert model["matrix_classes"] == list(range(6))
    assert (model["best_epoch"], len(model["history"])) == (1, 3)
    for pair in model["pairs"]:
        assert (pair["forward"], pair["backward"]) == (
            expected[pair["first"], pair["second"]],
            expected[pair["second"], pair["first"]],
        )
    totals = [pair["forward"] + pair["backward"] for pair in model["pairs"]]
    assert totals == sorted(totals, reverse=True)
    assert sum(totals) == model["mistakes_total"] == (~right).sum()


def test_original_and_synthetic_classes_have_intervals_of_their_own(context):
    first, second = context["models"]
    assert first["parts"] == []
    parts = {part["name"]: part for part in second["parts"]}
    assert {name: part["images"] for name, part in parts.items()} == {"original classes": 27, "synthetic classes": 18}
    kinds = second["metrics"]["test"]
    assert parts["original classes"]["value"] == kinds["original"]["accuracy"]
    assert parts["synthetic classes"]["value"] == kinds["synthetic"]["accuracy"]
    for part in parts.values():
        assert 0 <= part["low"] < part["value"] < part["high"] <= 1


def test_mistakes_and_right_answers_are_those_of_the_predictions(context, second_model):
    model = context["models"][1]
    test, labels = second_model.predictions.softmax["test"], second_model.predictions.labels["test"]
    truth = np.searchsorted(second_model.predictions.ids, labels)
    for kind in ("mistakes", "right"):
        for item in model[kind]:
            row = test[item["image"]]
            assert item["true"] == truth[item["image"]]
            assert (row.argmax() == item["true"]) == (kind == "right")
            assert item["confidence"] == pytest.approx(row.max(), abs=1e-4)
    for item in model["mistakes"]:
        assert item["predicted"] == test[item["image"]].argmax()
        assert item["truth"] == pytest.approx(test[item["image"], item["true"]], abs=1e-4)
    sure = [item["confidence"] for item in model["mistakes"]]
    assert sure == sorted(sure, reverse=True)
    found = np.bincount([item["true"] for item in model["right"]], minlength=6)
    assert found.tolist() == np.minimum(2, np.bincount(truth[test.argmax(axis=1) == truth], minlength=6)).tolist()


def test_attention_is_a_digit_a_place(context, second_model):
    model = context["models"][1]
    assert model["attention_shape"] == [3, 2]
    for item, places in zip(model["mistakes"], second_model.attention, strict=True):
        assert [int(digit) for digit in item["attention"]] == np.rint(places * 9).ravel().tolist()


def test_of_many_mistakes_the_page_says_how_many_there_are():
    data = dataset(PLAIN, "photographs")
    model = diagnosed("original", data, mistakes=3)
    (told,) = report.build([explored("original", data)], [], [model], SETTINGS, **LIMITS)["models"]
    said = model.predictions.softmax["test"].argmax(axis=1)
    assert len(told["mistakes"]) == 3 < told["mistakes_total"]
    assert told["mistakes_total"] == (data.classes.ids[said] != data.test.labels).sum()


def test_average_probabilities_are_sparse_and_fall(context, second_model):
    for told, row in zip(context["models"][1]["average_probability"], second_model.diagnosis.average, strict=True):
        places = [place for place, _ in told]
        assert set(places) == set(np.flatnonzero(np.nan_to_num(row) >= 0.01).tolist())
        assert [share for _, share in told] == pytest.approx(row[places], abs=1e-4)
        assert all(one >= other for (_, one), (_, other) in pairwise(told))
    assert context["models"][1]["average_probability"][3] == []


def test_the_comparison_adds_up(context, second_model):
    told = context["comparison"]
    assert (told["first"], told["second"], told["images"]) == ("original", "augmented", 27)
    assert told["both_right"] + told["both_wrong"] + told["only_first"] + told["only_second"] == 27
    assert told["changed_total"] == told["only_first"] + told["only_second"] == len(told["changed"])
    assert sum(item["gained"] for item in told["changed"]) == told["only_second"]
    names = {3: "Stop", 8: "Yield", 20: "Parking", 21: "No entry", 22: "Bus lane", 23: "Bus stop"}
    for item in told["changed"]:
        row = second_model.predictions.softmax["test"][item["image"]]
        assert item["second"] == list(names.values())[row.argmax()]
        assert item["second_confidence"] == pytest.approx(row.max(), abs=1e-4)
        assert item["gained"] == (item["second"] == list(names.values())[item["true"]])
        assert item["gained"] != (item["first"] == list(names.values())[item["true"]])
    surest = [max(item["first_confidence"], item["second_confidence"]) for item in told["changed"]]
    assert surest == sorted(surest, reverse=True)
    differences = [abs(row["first"] - row["second"]) for row in told["classes"]]
    assert differences == sorted(differences, reverse=True)
    assert [row["id"] for row in sorted(told["classes"], key=lambda row: row["id"])] == [3, 8, 20]


def test_of_many_changed_images_the_surest_are_shown(context):
    told, all_told = context_of(changed=2)["comparison"], context["comparison"]
    assert told["changed_total"] == all_told["changed_total"] > 2
    assert [item["image"] for item in told["changed"]] == [item["image"] for item in all_told["changed"][:2]]


def test_params_are_flat_and_versions_are_named(context):
    assert [row for row in context["params"] if not row[0].startswith("stress.")] == [
        ["fetch.source", "sample"],
        ["fetch.url", "https://example.org/signs.zip"],
        ["fetch.sample.seed", "1"],
        ["preview.every", "3"],
        ["preview.rungs", "4"],
        ["preview.nearest", "2"],
        ["merge", "{}"],
        ["train.keep", "best"],
    ]
    versions = dict(context["versions"])
    assert versions["numpy"] == np.__version__
    assert "tensorflow" in versions


def test_a_class_that_was_joined_is_shown_by_its_original_picture():
    original, synthetic = dataset(PLAIN, "photographs"), dataset({0: "Yield", 1: "Bus stop"}, "synthetic", seed=1)
    parts = [explored("original", original), explored("synthetic", synthetic)]
    merged = diagnosed("augmented", augmented(original, synthetic), seed=1)
    context = report.build(parts, [], [diagnosed("original", original), merged], SETTINGS, **LIMITS)
    shown = {row["id"]: row["tile"] for row in context["models"][1]["classes"]}
    fetched, made = ({row["id"]: row["typical"] for row in part["classes"]} for part in context["data"])
    assert shown == fetched | {22: made[1]}


def test_of_over_100_classes_those_with_most_confusions_are_in_the_matrix():
    data = dataset({id: f"class {id}" for id in range(110)}, "rendered", counts=(1, 1, 2), shape=(8, 8, 1))
    context = report.build([explored("original", data)], [], [diagnosed("original", data)], SETTINGS, **LIMITS)
    shown = context["models"][0]["matrix_classes"]
    assert len(shown) == 100
    assert shown == sorted(set(shown))
    wrong = [(row, column, count) for row, column, count in context["models"][0]["confusion"] if row != column]
    part = np.zeros(110)
    for row, column, count in wrong:
        part[[row, column]] += count
    assert part[shown].min() >= np.delete(part, shown).max()


@pytest.mark.parametrize(("setting", "value"), [("right", 0), ("changed", 0), ("wrong", 1)])
def test_a_wrong_setting_is_named(setting, value):
    with pytest.raises(ValueError, match=rf"params\.yaml: report\.{setting} is "):
        context_of(**{setting: value})


def test_the_settings_are_a_section_of_params():
    assert params.load("report").keys() == params.settings(report.build)


# --- the page


@pytest.fixture(scope="module")
def text(context):
    return report.render(context)


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_the_same_results_give_the_same_page(text, tmp_path):
    path = tmp_path / "reports" / "index.html"
    report.write(path, context_of())
    assert path.read_bytes() == text.encode()
    assert list(path.parent.iterdir()) == [path]


def test_the_page_is_whole_in_itself(page):
    loading = {"src", "href", "srcset", "action", "formaction", "data", "poster", "xlink:href", "background", "cite"}
    addresses = [value for name, value in page.values if name in loading]
    assert all(value.startswith(("#", "data:")) for value in addresses)
    styles = " ".join([*page.styles, *(value for name, value in page.values if name == "style")])
    assert re.findall(r"@import", styles) == []
    assert all(address.startswith("data:") for address in re.findall(r"""url\(\s*["']?([^"')]*)""", styles))
    code = " ".join(text for attributes, text in page.scripts if "type" not in attributes)
    assert not re.search(r"https?://|\bfetch\(|XMLHttpRequest|\bimport\b|innerHTML|insertAdjacentHTML|\beval\(", code)


def test_the_scripts_get_the_models(context, page):
    assert [attributes for attributes, _ in page.scripts] == [{"type": "application/json", "id": "data"}, {}]
    assert page.data() == {"models": context["models"], "columns": context["sprite"]["columns"]}


def hostile_settings():
    return SETTINGS | {
        "fetch": {"source": "<script>alert(5)</script>", "url": "javascript:alert(6)", "sample": {"seed": '"'}}
    }


@pytest.fixture(scope="module")
def hostile():
    models = ("<i>original</i>", "augmented\"' onclick=alert(7)")
    return context_of(HOSTILE, HOSTILE_NEW, models, hostile_settings())


@pytest.fixture(scope="module")
def hostile_text(hostile):
    return report.render(hostile)


def test_no_name_changes_the_elements_or_attributes_of_the_page(page, hostile, hostile_text):
    strange = Page(hostile_text)
    assert strange.tags == page.tags
    assert strange.data()["models"] == hostile["models"]


def test_every_name_is_on_the_page_as_it_is(hostile, hostile_text):
    said = "\n".join(Page(hostile_text).texts)
    names = [*HOSTILE.values(), *HOSTILE_NEW.values(), *(model["name"] for model in hostile["models"])]
    assert [name for name in [*names, "<script>alert(5)</script>"] if name not in said] == []


@pytest.mark.parametrize("name", [*HOSTILE.values(), *HOSTILE_NEW.values()])
def test_no_name_with_markup_is_on_the_page_unescaped(hostile_text, name):
    assert (name in hostile_text) == (not set(name) & set("<>&\"'"))


# --- other results than the usual ones


def test_a_single_model_is_compared_with_none(page):
    context = context_of(models=["original"])
    assert context["comparison"] is None
    single = Page(report.render(context))
    assert len(single.data()["models"]) == 1
    assert ("id", "comparison") in page.values
    assert ("id", "comparison") not in single.values


def test_a_single_class_makes_a_page():
    data = dataset({7: "Stop"}, "rendered", shape=(8, 20, 1))
    context = report.build([explored("original", data)], [], [diagnosed("original", data)], SETTINGS, **LIMITS)
    (model,) = context["models"]
    assert (model["accuracy"]["value"], model["mistakes"], model["pairs"]) == (1, [], [])
    assert model["confusion"] == [[0, 0, 9]]
    assert Page(report.render(context)).data()["models"] == [model]


def test_a_model_that_is_always_right_makes_a_page():
    data = dataset(PLAIN, "photographs")
    model = diagnosed("original", data, surely_right=99)
    model = model._replace(attention=np.zeros((0, 1, 1), np.float32))
    context = report.build([explored("original", data)], [], [model], SETTINGS, **LIMITS)
    assert (context["models"][0]["mistakes"], context["models"][0]["mistakes_total"]) == ([], 0)
    assert Page(report.render(context)).data()["models"] == context["models"]


def test_without_validation_accuracy_the_last_epoch_is_the_best():
    data = dataset(PLAIN, "photographs")
    model = diagnosed("original", data)
    model = model._replace(history=[{"epoch": epoch, "train_accuracy": 0.5, "train_loss": 1.0} for epoch in range(4)])
    context = report.build([explored("original", data)], [], [model], SETTINGS, **LIMITS)
    assert context["models"][0]["best_epoch"] == 3
    assert Page(report.render(context)).data()["models"] == context["models"]


def test_large_images_are_small_on_the_page():
    data = dataset(PLAIN, "photographs", counts=(1, 1, 1), shape=(200, 100, 3))
    context = report.build([explored("original", data)], [], [diagnosed("original", data)], SETTINGS, **LIMITS)
    assert (context["sprite"]["height"], context["sprite"]["width"]) == (64, 32)
    assert (Sprite(200, 100).height, Sprite(200, 100).width) == (64, 32)


def test_no_array_is_altered():
    data = dataset(PLAIN, "photographs")
    model = diagnosed("original", data)
    arrays = [data.test.features, model.predictions.softmax["test"], model.diagnosis.matrix, model.attention]
    before = [array.copy() for array in arrays]
    report.render(report.build([explored("original", data)], [], [model], SETTINGS, **LIMITS))
    assert all(np.array_equal(*pair) for pair in zip(arrays, before, strict=True))


def test_a_new_sign_tells_what_it_was_taken_for(context, second_model):
    classes, predicted = second_model.diagnosis.classes, second_model.predictions
    said = [classes.names[index] for index in predicted.softmax["test"].argmax(axis=1)]
    truth = [classes.names[index] for index in np.searchsorted(classes.ids, predicted.labels["test"])]
    for sign in context["new_signs"]:
        taken = Counter(other for other, name in zip(said, truth, strict=True) if name == sign["name"] != other)
        assert dict(map(tuple, sign["taken_for"])) == taken
        assert [images for _, images in sign["taken_for"]] == sorted(taken.values(), reverse=True)
        assert len(sign["nearest"]) == SETTINGS["preview"]["nearest"]
    assert any(sign["taken_for"] for sign in context["new_signs"])

import dataclasses
import json
import re
from collections import Counter
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest

from signs.core import params
from signs.data.classes import Classes
from signs.data.datasets import DataSet
from signs.data.splits import Split
from signs.evaluation.intervals import interval
from signs.exploration.preview import preview
from signs.report import page as report
from signs.report.inputs import augmented
from signs.report.settings import DEFAULTS
from signs.report.sprites import Sprite
from tests.reported import LIMITS, NEW, PLAIN, SETTINGS, context_of, dataset, diagnosed, explored

HOSTILE = {
    3: "</script><script>alert(1)</script>",
    8: "\"><img src=x onerror='alert(2)'>",
    20: "<b>'bold'</b> &amp; \"quoted\" {{ 7 * 7 }} <!-- 🚗",
    21: "\u202e\u05e2\u05e6\u05d5\u05e8\u2066 ' onmouseover='alert(3)",
}
HOSTILE_NEW = {0: "<style>*{display:none}</style>", 1: "`${alert(4)}` \\u003c ]]>"}


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


def text_of(context):
    """What a reader sees, in one line."""
    return " ".join(" ".join(Page(report.render(context)).texts).split())


def refused(constant):
    raise ValueError(f"{constant} is no JSON")


# --- what the page gets


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
        for name in ("tile", "typical", "brightest", "darkest", "by_brightness", "samples")
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
    assert (first["name"], second["name"], first["sample_every"]) == ("Bus lane", "Bus stop", 3)
    assert (len(first["by_brightness"]), len(first["samples"])) == (4, 6)
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
    assert (model["kept_epoch"], len(model["history"])) == (1, 3)
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


def test_mistakes_and_correct_answers_are_those_of_the_predictions(context, second_model):
    model = context["models"][1]
    test, labels = second_model.predictions.softmax["test"], second_model.predictions.labels["test"]
    truth = np.searchsorted(second_model.predictions.ids, labels)
    for kind in ("mistakes", "correct"):
        for item in model[kind]:
            row = test[item["image"]]
            assert item["true"] == truth[item["image"]]
            assert (row.argmax() == item["true"]) == (kind == "correct")
            assert item["confidence"] == pytest.approx(row.max(), abs=1e-4)
    for item in model["mistakes"]:
        assert item["predicted"] == test[item["image"]].argmax()
        assert item["truth"] == pytest.approx(test[item["image"], item["true"]], abs=1e-4)
    sure = [item["confidence"] for item in model["mistakes"]]
    assert sure == sorted(sure, reverse=True)
    found = np.bincount([item["true"] for item in model["correct"]], minlength=6)
    assert found.tolist() == np.minimum(2, np.bincount(truth[test.argmax(axis=1) == truth], minlength=6)).tolist()


def test_a_test_image_can_be_traced_to_its_file():
    data = dataset(PLAIN, "photographs")
    names = np.array([f"stop/{row}<b>.png" if row % 2 else "" for row in range(len(data.test.labels))])
    data = dataclasses.replace(data, test=data.test._replace(filenames=names))
    models = [diagnosed(name, data, seed=seed) for seed, name in enumerate(("original", "augmented"))]
    built = report.build([explored("original", data)], [], models, SETTINGS, **LIMITS)
    told = [*built["models"][0]["mistakes"], *built["models"][0]["correct"], *built["comparison"]["changed"]]
    assert {item["image"] % 2 for item in told} == {0, 1}
    for item in told:
        assert item.get("file", "") == names[item["image"]]
    labels = [value for name, value in Page(report.render(built)).values if name == "aria-label"]
    for item in built["comparison"]["changed"]:
        start = f"\u2068{item['file']}\u2069: " if "file" in item else f"Image {item['image']}: "
        assert any(label.startswith(start) for label in labels)


def test_a_heatmap_is_a_digit_a_place(context, second_model):
    model = context["models"][1]
    assert model["heatmap_shape"] == [3, 2]
    for item, places in zip(model["mistakes"], second_model.heatmaps, strict=True):
        assert [int(digit) for digit in item["heatmap"]] == np.rint(places * 9).ravel().tolist()


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
    verdict = told["verdict"]
    assert (told["first"], told["second"], told["images"]) == ("original", "augmented", 27)
    assert 0 <= verdict["p_value"] <= 1
    assert told["both_correct"] + told["both_wrong"] + verdict["only_first"] + verdict["only_second"] == 27
    assert told["changed_total"] == verdict["only_first"] + verdict["only_second"] == len(told["changed"])
    assert sum(item["gained"] for item in told["changed"]) == verdict["only_second"]
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
    told, all_told = context_of(max_changed=2)["comparison"], context["comparison"]
    assert told["changed_total"] == all_told["changed_total"] > 2
    assert [item["image"] for item in told["changed"]] == [item["image"] for item in all_told["changed"][:2]]


def test_params_are_flat_and_versions_are_named(context):
    others = ("stress.", "train.", "synthesize.", "networks.", "schedules.", "augmentations.", "synthesis_recipes.")
    shown = {row["key"]: row for row in context["params"] if not row["key"].startswith(others)}
    assert [(key, row["value"]) for key, row in shown.items()] == [
        ("fetch.source", "sample"),
        ("fetch.url", "https://example.org/signs.zip"),
        ("fetch.sample.seed", "1"),
        ("preview.sample_every", "3"),
        ("preview.brightness_steps", "4"),
        ("preview.nearest", "2"),
        ("merge.hide_photographs_of", "[]"),
        ("native", "False"),
    ]
    assert shown["fetch.url"]["default"] == params.load("fetch", DEFAULTS)["url"]
    assert shown["native"]["default"] is None
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


@pytest.mark.parametrize(("setting", "value"), [("correct_per_class", 0), ("max_changed", 0), ("misspelt", 1)])
def test_a_wrong_setting_is_named(setting, value):
    with pytest.raises(ValueError, match=rf"params\.yaml: report\.{setting} is "):
        context_of(**{setting: value})


def test_the_settings_are_a_section_of_params():
    assert params.load("report").keys() == params.settings(report.build)


def test_with_keep_last_the_last_epoch_is_named_as_the_kept_one():
    """The best of the three epochs is 1."""
    context = context_of(settings=SETTINGS | {"train": SETTINGS["train"] | {"keep": "last"}})
    assert [model["kept_epoch"] for model in context["models"]] == [2, 2]
    said = text_of(context)
    assert "weights of epoch 2 of 2, the last; validation accuracy 50.0" in said
    assert "kept epoch 2" in report.render(context)
    assert "weights of epoch 1 of 2, the best on validation; validation accuracy 60.0" in text_of(context_of())


def test_hidden_photographs_are_named_with_what_they_gave():
    data = dataset(PLAIN, "photographs")
    model = diagnosed("original", data)
    hidden = {"accuracy": 0.25, "recall": 0.125, "loss": 1.0}
    test = model.metrics["test"] | {"hidden": {"accuracy": 0.5, "recall": 0.375}}
    model = model._replace(metrics=model.metrics | {"hidden": hidden, "test": test})
    settings = SETTINGS | {"merge": {"hide_photographs_of": [8, 20]}}
    said = text_of(report.build([explored("original", data)], [], [model], settings, **LIMITS))
    assert "The original images of 2 classes were hidden from training" in said
    assert "12.5 % in training and validation, 37.5 % in the test. Yield , Parking" in said
    assert "hidden" not in text_of(context_of())


def test_a_new_sign_whose_photographs_were_hidden_is_called_so():
    original, synthetic = dataset(PLAIN, "photographs"), dataset({0: "Yield"}, "synthetic", seed=1)
    drawings = {"Yield": [np.full((30, 20, 4), 255, np.uint8)]}
    previews = preview(synthetic, original, drawings, **SETTINGS["preview"])
    merged = diagnosed("augmented", augmented(original, synthetic))
    parts = [explored("original", original), explored("synthetic", synthetic)]
    for ids, sentence in (([], "It is a known class: its"), ([8], "It is a known class whose original images were")):
        settings = SETTINGS | {"merge": {"hide_photographs_of": ids}}
        assert sentence in text_of(report.build(parts, previews, [merged], settings, **LIMITS))


@pytest.mark.parametrize(
    ("accepted", "sentence"),
    [
        ({}, "Target missed: no confidence threshold reaches an accuracy of 90 % on validation"),
        ({"threshold": 0.75, "coverage": 0.0}, "Target missed: no test image has a confidence above 75 %"),
        ({"threshold": 0.75, "coverage": 0.5, "accuracy": 0.8}, "Target missed: above a confidence of 75 %"),
        ({"threshold": 0.75, "coverage": 0.5, "accuracy": 0.9}, "Target met: above a confidence of 75 %"),
    ],
)
def test_the_page_says_whether_the_threshold_meets_its_target(accepted, sentence):
    data = dataset(PLAIN, "photographs")
    model = diagnosed("original", data)
    ends = {f"{key}_{end}": 0.5 for key in ("coverage", "accuracy") if key in accepted for end in ("low", "high")}
    test = model.metrics["test"] | {"accepted": {"target_accuracy": 0.9} | accepted | ends}
    stress = model.stress if accepted else {"corrupted": model.stress["corrupted"]}
    model = model._replace(metrics=model.metrics | {"test": test}, stress=stress)
    said = text_of(report.build([explored("original", data)], [], [model], SETTINGS, **LIMITS))
    assert sentence in said
    assert ("missed" in said) == ("missed" in sentence)
    assert ("No model has a confidence threshold" in said) == (not accepted)


def test_the_page_says_where_the_bytes_are_those_of_one_kind_of_processor():
    assert "Another kind gives other bytes." in text_of(context_of(settings=SETTINGS | {"native": True}))
    assert "Another kind gives other bytes." not in text_of(context_of())


def test_the_severities_of_a_preset_are_shown(context):
    assert all(len(tiles) == 5 for tiles in context["corrupted"]["tiles"].values())


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


def fetched_by(source, url, seed):
    return SETTINGS | {"fetch": {"source": source, "url": url, "sample": {"seed": seed}}}


@pytest.fixture(scope="module")
def hostile():
    models = ("<i>original</i>", "augmented\"' onclick=alert(7)")
    settings = fetched_by("<script>alert(5)</script>", "javascript:alert(6)", '"')
    return context_of(HOSTILE, HOSTILE_NEW, models, settings)


@pytest.fixture(scope="module")
def hostile_text(hostile):
    return report.render(hostile)


def test_no_name_changes_the_elements_or_attributes_of_the_page(hostile, hostile_text):
    plain, strange = Page(report.render(context_of(settings=fetched_by("gtsrb", "a.zip", 2)))), Page(hostile_text)
    assert strange.tags == plain.tags
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


def test_without_new_signs_the_page_speaks_of_one_model():
    data = dataset(PLAIN, "photographs")
    built = report.build([explored("original", data)], [], [diagnosed("original", data)], SETTINGS, **LIMITS)
    assert not re.search("augmented|synthetic|both models|new sign", text_of(built), re.IGNORECASE)
    assert re.search("augmented.*synthetic", text_of(context_of()))


def test_an_empty_data_set_has_no_place_on_the_page():
    """Two models of one data set: `load_from` can tell them apart."""
    data = dataset(PLAIN, "photographs")
    empty = DataSet(*[Split(np.empty((0, 16, 16, 3), np.uint8), np.empty(0, np.int64))] * 3, Classes(()))
    models = [diagnosed(name, augmented(data, empty), seed) for seed, name in enumerate(("original", "augmented"))]
    built = report.build([explored("original", data), explored("synthetic", empty)], [], models, SETTINGS, **LIMITS)
    assert [part["name"] for part in built["data"]] == ["original"]
    assert "synthetic" not in text_of(built)


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
    model = model._replace(heatmaps=np.zeros((0, 1, 1), np.float32))
    context = report.build([explored("original", data)], [], [model], SETTINGS, **LIMITS)
    assert (context["models"][0]["mistakes"], context["models"][0]["mistakes_total"]) == ([], 0)
    assert Page(report.render(context)).data()["models"] == context["models"]


def test_without_validation_accuracy_the_last_epoch_is_the_best():
    data = dataset(PLAIN, "photographs")
    model = diagnosed("original", data)
    model = model._replace(history=[{"epoch": epoch, "train_accuracy": 0.5, "train_loss": 1.0} for epoch in range(4)])
    context = report.build([explored("original", data)], [], [model], SETTINGS, **LIMITS)
    assert context["models"][0]["kept_epoch"] == 3
    assert Page(report.render(context)).data()["models"] == context["models"]


def test_large_images_are_small_on_the_page():
    data = dataset(PLAIN, "photographs", counts=(1, 1, 1), shape=(200, 100, 3))
    context = report.build([explored("original", data)], [], [diagnosed("original", data)], SETTINGS, **LIMITS)
    assert (context["sprite"]["height"], context["sprite"]["width"]) == (64, 32)
    assert (Sprite(200, 100).height, Sprite(200, 100).width) == (64, 32)


def test_no_array_is_altered():
    data = dataset(PLAIN, "photographs")
    model = diagnosed("original", data)
    arrays = [data.test.features, model.predictions.softmax["test"], model.diagnosis.matrix, model.heatmaps]
    before = [array.copy() for array in arrays]
    report.render(report.build([explored("original", data)], [], [model], SETTINGS, **LIMITS))
    assert all(np.array_equal(*pair) for pair in zip(arrays, before, strict=True))


def test_a_new_sign_tells_what_it_was_mistaken_for(context, second_model):
    classes, predicted = second_model.diagnosis.classes, second_model.predictions
    said = [classes.names[index] for index in predicted.softmax["test"].argmax(axis=1)]
    truth = [classes.names[index] for index in np.searchsorted(classes.ids, predicted.labels["test"])]
    for sign in context["new_signs"]:
        taken = Counter(other for other, name in zip(said, truth, strict=True) if name == sign["name"] != other)
        assert dict(map(tuple, sign["mistaken_for"])) == taken
        assert [images for _, images in sign["mistaken_for"]] == sorted(taken.values(), reverse=True)
        assert len(sign["nearest"]) == SETTINGS["preview"]["nearest"]
    assert any(sign["mistaken_for"] for sign in context["new_signs"])

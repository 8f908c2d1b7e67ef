import hashlib
from pathlib import Path

import numpy as np
import pytest
import yaml

from signs.core.errors import UserError
from signs.data import classes, datasets
from signs.data.classes import Classes
from signs.data.datasets import DataSet
from signs.sources.sample import render_sample

ROOT = Path(__file__).parents[2]
SETTINGS = yaml.safe_load((ROOT / "params.yaml").read_text())["fetch"]["sample"]
SETTINGS["camera"] = str(ROOT / SETTINGS["camera"])
CAMERA = yaml.safe_load(Path(SETTINGS["camera"]).read_text())
SMALL = SETTINGS | {"height": 16, "width": 16, "train": 3, "valid": 1, "test": 2}
KNOWN = classes.read(ROOT / "data" / classes.FILE_NAME)
DISC = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><circle cx="5" cy="5" r="5" fill="{}"/></svg>'


@pytest.fixture
def drawings(tmp_path):
    """Drawings of three classes; class 12 has two."""
    folder = tmp_path / "templates"
    folder.mkdir()
    for name, colour in {"4": "#f00", "12_0": "#0f0", "12_1": "#00f", "2": "#ff0"}.items():
        (folder / f"{name}.svg").write_text(DISC.format(colour))
    return folder


def rendered(drawings: Path, known: Classes = KNOWN, **settings: object) -> DataSet:
    return render_sample(drawings, known, **SMALL | settings)


def test_every_class_has_its_count_in_every_split(drawings):
    dataset = rendered(drawings)
    for name, split in dataset.splits.items():
        ids, counts = np.unique(split.labels, return_counts=True)
        assert (ids.tolist(), counts.tolist()) == ([2, 4, 12], [SMALL[name]] * 3)
        assert split.features.shape == (3 * SMALL[name], 16, 16, 3)
        assert split.features.dtype == np.uint8


def test_all_43_classes_are_drawn_and_rendered():
    dataset = rendered(ROOT / "data" / "templates", train=1, valid=1, test=1)
    assert dataset.classes == KNOWN.with_origin("rendered")
    assert len(dataset.train.labels) == 43


def test_the_same_settings_give_the_same_bytes(drawings, tmp_path):
    for name in ("first", "second"):
        datasets.write(tmp_path / name, rendered(drawings))
    first, second = (
        {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / name).iterdir()}
        for name in ("first", "second")
    )
    assert first == second
    assert first.keys() == {"train.p", "valid.p", "test.p", "signnames.csv"}


def test_another_seed_gives_other_images(drawings):
    assert (rendered(drawings).train.features != rendered(drawings, seed=2).train.features).any()


def test_no_image_occurs_twice_within_or_between_splits(drawings):
    splits = rendered(drawings, train=20, valid=5, test=10).splits.values()
    images = [bytes(image) for split in splits for image in split.features]
    assert len(set(images)) == len(images) == 3 * 35


def test_more_images_of_a_class_leave_the_others_and_its_first_as_they_were(drawings):
    fewer, more = rendered(drawings, train=3), rendered(drawings, train=5)
    for id in (2, 4, 12):
        own = [dataset.train.features[dataset.train.labels == id] for dataset in (fewer, more)]
        np.testing.assert_array_equal(own[0], own[1][:3])
    np.testing.assert_array_equal(fewer.test.features, more.test.features)


def test_a_new_drawing_leaves_the_images_of_the_other_classes(drawings):
    before = rendered(drawings)
    (drawings / "3.svg").write_text(DISC.format("#0ff"))
    after = rendered(drawings)
    np.testing.assert_array_equal(before.train.features, after.train.features[after.train.labels != 3])


def test_variants_of_a_drawing_take_turns(drawings):
    dataset = rendered(drawings, train=4)
    centres = dataset.train.features[dataset.train.labels == 12][:, 8, 8]
    assert [pixel.argmax() for pixel in centres] == [1, 2, 1, 2]  # green, blue


def test_images_need_not_be_square(drawings):
    dataset = rendered(drawings, height=12, width=20)
    assert dataset.train.features.shape == (9, 12, 20, 3)


def test_it_says_that_no_photograph_is_in_it(drawings, capsys):
    dataset = rendered(drawings)
    assert {row.origin for row in dataset.classes.rows} == {"rendered"}
    assert f"Rendered 18 images of 3 classes from {drawings}: no photographs." in capsys.readouterr().out


def test_a_drawn_class_without_a_name_has_its_id(drawings):
    known = Classes(tuple(row for row in KNOWN.rows if row.id != 4))
    assert rendered(drawings, known).classes.names[1] == "4"


def test_a_folder_without_drawings_is_named(tmp_path):
    with pytest.raises(UserError, match=r"holds no .* file; put a drawing of each class there"):
        rendered(tmp_path)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"train": 0}, r"params\.yaml: fetch\.sample\.train is 0; Input should be greater than or equal to 1"),
        ({"train": True}, r"params\.yaml: fetch\.sample\.train is True; a number is expected, not a bool"),
        ({"trian": 5}, r"params\.yaml: fetch\.sample\.trian is unknown; fetch\.sample takes camera, height"),
        ({"camera": {}}, r"params\.yaml: fetch\.sample\.camera\.pose is missing"),
        ({"camera": CAMERA | {"fog": [0, 1]}}, r"params\.yaml: fetch\.sample\.camera\.fog is unknown"),
        ({"camera": "presets/nowhere.yaml"}, r"fetch\.sample\.camera is 'presets/nowhere\.yaml'; .* is missing$"),
    ],
)
def test_a_wrong_setting_is_named(drawings, setting, message):
    with pytest.raises(UserError, match=message):
        rendered(drawings, **setting)


def test_in_shards_the_images_are_the_same(drawings):
    whole, parts = (render_sample(drawings, KNOWN, shard_images, **SMALL) for shard_images in (None, 7))
    for name, split in parts.splits.items():
        assert split.features.part == 7
        np.testing.assert_array_equal(split.features[:], whole.splits[name].features)

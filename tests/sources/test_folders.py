import itertools
import struct
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from signs.core.errors import UserError, one_line
from signs.data.datasets import DataSet
from signs.sources.folders import read_folders

ROOT = Path(__file__).parents[2]
SHARES = {"train": 0.6, "valid": 0.2, "test": 0.2}
RED, WHITE = (255, 0, 0), (255, 255, 255)


def encoded(image: np.ndarray, suffix: str, flags: tuple[int, ...] = ()) -> bytes:
    """An RGB, RGBA or grey image in the format of `suffix`."""
    if image.ndim == 3:
        image = cv2.cvtColor(image, cv2.COLOR_RGB2BGR if image.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    done, content = cv2.imencode(suffix.lower(), image, flags)
    assert done
    return content.tobytes()


def plain(colour: tuple[int, ...], height: int = 20, width: int = 14, dtype: type = np.uint8) -> np.ndarray:
    return np.full((height, width, len(colour)), colour, dtype=dtype)


def saved(path: Path, image: np.ndarray, flags: tuple[int, ...] = ()) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(image, path.suffix, flags))
    return path


def filled(root: Path, classes: dict[str, int]) -> Path:
    """Makes a folder for each class with this number of images. Each has its own grey level, which `numbers` reads."""
    number = 0
    for name, count in classes.items():
        (root / name).mkdir(parents=True)
        for i in range(count):
            saved(root / name / f"{i:03}.png", plain((number, number, number)))
            number += 1
    return root


def read(root: Path, **settings: object) -> DataSet:
    return read_folders(
        **{"path": root, "height": 8, "width": 8, "shares": SHARES, "track": None, "seed": 1} | settings
    )


def numbers(dataset: DataSet) -> dict[str, list[int]]:
    return {name: split.features[:, 0, 0, 0].tolist() for name, split in dataset.splits.items()}


def only_image(root: Path, **settings: object) -> np.ndarray:
    """What five equal images become."""
    dataset = read(root, **settings)
    assert all((part.features == dataset.train.features[0]).all() for part in dataset.splits.values())
    return dataset.train.features[0]


# Classes


def test_folder_names_in_sorted_order_are_the_classes(tmp_path):
    dataset = read(filled(tmp_path, {"stop": 5, "Yield": 5, "bus lane": 5}))
    assert [tuple(row) for row in dataset.classes.rows] == [
        (0, "Yield", "photographs", ""),
        (1, "bus lane", "photographs", ""),
        (2, "stop", "photographs", ""),
    ]
    assert Counter(dataset.train.labels.tolist()) == {0: 3, 1: 3, 2: 3}


def test_numeric_folder_names_are_the_ids_gaps_and_all(tmp_path):
    dataset = read(filled(tmp_path, {"00010": 5, "9": 5, "00700": 5}))
    assert [row[:2] for row in dataset.classes.rows] == [(9, "9"), (10, "00010"), (700, "00700")]
    assert set(dataset.test.labels.tolist()) == {9, 10, 700}


def test_own_classes_have_no_mirror_images_whatever_their_ids(tmp_path):
    dataset = read(filled(tmp_path, {"33": 5, "34": 5, "38": 5}))
    assert dataset.classes.ids.tolist() == [33, 34, 38]
    assert dataset.classes.partners.tolist() == [-1, -1, -1]


def test_one_folder_name_that_is_no_number_makes_all_of_them_names(tmp_path):
    dataset = read(filled(tmp_path, {"7": 5, "8": 5, "other": 5}))
    assert [row[:2] for row in dataset.classes.rows] == [(0, "7"), (1, "8"), (2, "other")]


def test_two_folders_of_one_id_are_named(tmp_path):
    with pytest.raises(UserError, match="has classes 01 and 1, both of id 1; rename one"):
        read(filled(tmp_path, {"1": 5, "01": 5, "2": 5}))


def test_what_is_no_class_is_passed_over_and_counted(tmp_path, capsys):
    filled(tmp_path, {"stop": 5, "yield": 5})
    (tmp_path / "README.md").write_text("hello")
    saved(tmp_path / "stray.png", plain(RED))
    filled(tmp_path, {".cache": 1})
    for name in ("._000.png", ".DS_Store", "notes.txt", "Thumbs.db"):
        (tmp_path / "stop" / name).write_bytes(b"no image")
    (tmp_path / "stop" / "notes.csv").write_text("a,b\n1,2\n")
    assert read(tmp_path).classes.names == ["stop", "yield"]
    assert capsys.readouterr().out.splitlines() == [
        f"Read 10 images of 2 classes from {tmp_path}: one folder a class.",
        "Passed over: 1 .md files that are no images, 1 .txt files that are no images, 1 CSV files that list no "
        "images, 3 hidden files, 1 hidden folders, 1 images outside of class folders.",
    ]


def test_signnames_beside_the_images_name_numbered_folders(tmp_path):
    filled(tmp_path, {"00014": 5, "1": 5})
    (tmp_path / "signnames.csv").write_text("ClassId,SignName\n14,Stop\n1,Speed limit (30km/h)\n2,Yield\n")
    dataset = read(tmp_path)
    assert [row[:2] for row in dataset.classes.rows] == [(1, "Speed limit (30km/h)"), (14, "Stop")]


def test_signnames_may_lie_in_the_folder_that_an_archive_left_or_above(tmp_path):
    filled(tmp_path / "data" / "signs", {"1": 5, "2": 5})
    names = "ClassId,SignName\n1,Stop\n2,Yield\n"
    for folder in ("", "data/signs"):
        path = tmp_path / "data" / folder.removeprefix("data/") / "signnames.csv"
        path.write_text(names)
        assert read(tmp_path / "data").classes.names == ["Stop", "Yield"]
        path.unlink()


# Layouts


def test_given_splits_are_used_as_they_are(tmp_path):
    filled(tmp_path, {"train/stop": 3, "train/yield": 2, "val/stop": 1, "test/yield": 2})
    dataset = read(tmp_path)
    assert numbers(dataset) == {"train": [0, 1, 2, 3, 4], "valid": [5], "test": [6, 7]}
    assert dataset.test.filenames.tolist() == ["test/yield/000.png", "test/yield/001.png"]


def test_a_missing_validation_is_drawn_from_training(tmp_path):
    filled(tmp_path, {"Train/stop": 10, "Test/stop": 3})
    found = numbers(read(tmp_path))
    assert {name: len(part) for name, part in found.items()} == {"train": 8, "valid": 2, "test": 3}
    assert found["test"] == [10, 11, 12]


def test_a_class_without_training_images_is_refused(tmp_path):
    filled(tmp_path, {"train/stop": 3, "val/stop": 1, "test/stop": 1, "test/Stop": 1})
    with pytest.raises(UserError, match=r"has classes without a training image \(1 in all; add some, or .*\): Stop$"):
        read(tmp_path)


def halves(path: Path) -> None:
    """A picture with a red and a blue half."""
    image = plain(RED, 20, 40)
    image[:, 20:] = (0, 0, 255)
    saved(path, image)


def test_kaggles_edition_of_the_benchmark_is_read_as_it_comes(tmp_path):
    filled(tmp_path, {"Train/0": 10, "Train/14": 10, "Meta": 2, "Test": 4})
    header = "Width,Height,Roi.X1,Roi.Y1,Roi.X2,Roi.Y2,ClassId,Path\n"
    for table, rows in {
        "Train.csv": [(id, f"Train/{id}/{i:03}.png") for id in (0, 14) for i in range(10)],
        "Test.csv": [(14, f"Test/{i:03}.png") for i in range(4)],
        "Meta.csv": [(id, f"Meta/{id:03}.png") for id in range(2)],
    }.items():
        (tmp_path / table).write_text(header + "".join(f"14,20,1,1,13,19,{id},{path}\n" for id, path in rows))
    dataset = read(tmp_path)
    assert dataset.classes.ids.tolist() == [0, 14]
    assert [len(split.labels) for split in dataset.splits.values()] == [16, 4, 4]
    assert dataset.test.labels.tolist() == [14] * 4
    assert dataset.test.filenames.tolist() == [f"Test/{i:03}.png" for i in range(4)]


def test_a_box_is_what_is_read_of_an_image(tmp_path):
    halves(tmp_path / "images" / "scene.jpg.png")
    rows = [f"scene.jpg.png,{name},{left},0,{left + 20},20" for name, left in (("red", 0), ("blue", 20))]
    (tmp_path / "train.csv").write_text("filename,class,xmin,ymin,xmax,ymax\n" + "\n".join(rows))
    for split in ("valid", "test"):
        saved(tmp_path / split / "1.png", plain(RED))
        (tmp_path / split / "labels.csv").write_text("filename,class\n1.png,red\n")
    train = read(tmp_path).train
    assert [image[0, 0].tolist() for image in train.features] == [[0, 0, 255], list(RED)]
    assert (train.features == train.features[:, :1, :1]).all()
    assert train.filenames.tolist() == ["images/scene.jpg.png"] * 2


@pytest.mark.parametrize("box", ["40,0,60,20", "20,0,10,20", "0.1,0.1,0.4,0.4"])
def test_a_box_without_a_pixel_is_named(tmp_path, box):
    for i in range(5):
        halves(tmp_path / f"{i}.png")
    rows = [f"{i}.png,stop,{box if i == 3 else '0,0,9,9'}\n" for i in range(5)]
    (tmp_path / "labels.csv").write_text("filename,class,xmin,ymin,xmax,ymax\n" + "".join(rows))
    with pytest.raises(
        UserError, match=r"images that cannot be read .*: 3\.png: the box \(.*\) holds no pixel of its 40x20"
    ):
        read(tmp_path)


def test_frames_of_one_track_keep_their_file_names_through_the_split(tmp_path):
    for name in ("stop", "yield"):
        for number in range(20):
            saved(tmp_path / "up" / name / f"{number // 4}_{number}.png", plain((number, len(name), 0)))
    for split in read(tmp_path / "up", track="^([0-9]+)_").splits.values():
        for image, name in zip(split.features, split.filenames, strict=True):
            folder, file = name.split("/")
            assert image[0, 0].tolist() == [int(file[:-4].split("_")[1]), len(folder), 0]


# Division


def test_each_class_is_divided_by_the_shares_and_no_image_is_lost(tmp_path):
    dataset = read(filled(tmp_path, {"a": 10, "b": 20}))
    assert [Counter(split.labels.tolist()) for split in dataset.splits.values()] == [
        {0: 6, 1: 12},
        {0: 2, 1: 4},
        {0: 2, 1: 4},
    ]
    assert sorted(itertools.chain(*numbers(dataset).values())) == list(range(30))
    for split in dataset.splits.values():
        assert ((split.features[:, 0, 0, 0] >= 10) == split.labels).all()


def test_a_class_with_one_image_goes_to_training(tmp_path):
    dataset = read(filled(tmp_path, {"a": 5, "b": 1}))
    assert [split.labels.tolist() for split in dataset.splits.values()] == [[0, 0, 0, 1], [0], [0]]


def test_the_same_seed_divides_alike_and_another_differently(tmp_path):
    root = filled(tmp_path, {"a": 30})
    assert numbers(read(root)) == numbers(read(root))
    assert numbers(read(root))["test"] != numbers(read(root, seed=2))["test"]


def test_images_added_to_a_class_leave_the_division_of_the_others(tmp_path):
    root = filled(tmp_path, {"b": 30})
    saved(root / "a" / "0.png", plain((100, 100, 100)))
    before = numbers(read(root))["test"]
    for i in range(1, 4):
        saved(root / "a" / f"{i}.png", plain((100 + i, 100, 100)))
    assert numbers(read(root))["test"] == before


def test_images_of_one_track_stay_in_one_split(tmp_path):
    for label in range(2):
        for track in range(10):
            for frame in range(3):
                saved(tmp_path / str(label) / f"{track:02}_{frame}.png", plain((label * 10 + track,) * 3))
    for pattern in (r"^\d+", r"^(\d+)_\d", r"^(?:\d+)(?=_)"):
        found = {name: set(split) for name, split in numbers(read(tmp_path, track=pattern)).items()}
        assert {name: len(split) for name, split in found.items()} == {"train": 12, "valid": 4, "test": 4}
        assert set.union(*found.values()) == set(range(20))


def test_shares_that_do_not_add_up_are_named(tmp_path):
    with pytest.raises(
        ValueError, match=r"params\.yaml: fetch\.folders\.shares .*the shares add up to 0\.9; expected 1"
    ):
        read(filled(tmp_path, {"a": 5}), shares={"train": 0.6, "valid": 0.1, "test": 0.2})


@pytest.mark.parametrize("split", ["valid", "test", "train"])
def test_a_split_left_empty_names_the_share_to_raise(tmp_path, split):
    others = [name for name in SHARES if name != split]
    with pytest.raises(UserError, match=rf"{split} gets no image; raise fetch\.folders\.shares\.{split}"):
        read(filled(tmp_path, {"a": 6}), shares={split: 0, others[0]: 0.5, others[1]: 0.5})


# Images


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".ppm", ".webp", ".PNG", ".JPG", ".Webp", ".PPM"])
def test_every_format_gives_its_colours(tmp_path, suffix):
    for i in range(5):
        saved(tmp_path / "a" / f"{i}{suffix}", plain((210, 90, 40)))
    image = only_image(tmp_path)
    assert image.dtype == np.uint8
    assert np.abs(image.astype(int) - (210, 90, 40)).max() <= 3  # JPEG and WebP lose a little


def test_images_of_all_sizes_are_scaled_whole(tmp_path):
    for i, (height, width) in enumerate([(8, 6), (100, 40), (3, 3), (1, 1), (17, 300)]):
        image = plain(RED, height, width)
        image[height // 2 :] = (0, 0, 255)
        saved(tmp_path / "a" / f"{i}.png", image)
    dataset = read(tmp_path, height=8, width=6)
    features = np.concatenate([split.features for split in dataset.splits.values()])
    assert features.shape == (5, 8, 6, 3)
    tops = {tuple(pixel) for pixel in features[:, 0, 0].tolist()}
    assert tops == {RED, (0, 0, 255)}  # the single pixel is blue
    assert (features[:, 7, 5] == (0, 0, 255)).all()


def test_a_grey_image_has_three_equal_channels(tmp_path):
    for i, suffix in enumerate([".png", ".jpg", ".webp", ".png", ".png"]):
        saved(tmp_path / "a" / f"{i}{suffix}", np.full((9, 9), 77, dtype=np.uint8))
    assert only_image(tmp_path).tolist() == np.full((8, 8, 3), 77).tolist()


def test_sixteen_bits_are_cut_to_eight(tmp_path):
    for i in range(5):
        saved(tmp_path / "a" / f"{i}.png", plain((65535, 512, 256 * 77 + 255), dtype=np.uint16))
    assert only_image(tmp_path)[0, 0].tolist() == [255, 2, 77]


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_transparency_is_laid_on_white(tmp_path, suffix):
    image = np.concatenate([plain((255, 0, 0, 0), 4, 8), plain((255, 0, 0, 255), 4, 8)])
    for i in range(5):
        saved(tmp_path / "a" / f"{i}{suffix}", image, (cv2.IMWRITE_WEBP_QUALITY, 101) if suffix == ".webp" else ())
    seen = only_image(tmp_path)
    assert (seen[0, 0].tolist(), seen[7, 7].tolist()) == (list(WHITE), list(RED))


def test_a_half_transparent_red_is_pink(tmp_path):
    for i in range(5):
        saved(tmp_path / "a" / f"{i}.png", plain((255, 0, 0, 51)))
    assert only_image(tmp_path)[0, 0].tolist() == [255, 204, 204]


def test_a_photograph_is_turned_as_its_orientation_says(tmp_path):
    image = plain(RED, 16, 32)
    image[:, 16:] = (0, 0, 255)
    quarter_turn = struct.pack("<HHII", 0x112, 3, 1, 6)  # the camera's right is up
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0" + quarter_turn + bytes(4)
    jpeg = encoded(image, ".jpg")
    (tmp_path / "a").mkdir()
    for i in range(5):
        turned = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + jpeg[2:]
        (tmp_path / "a" / f"{i}.jpg").write_bytes(turned)
    seen = only_image(tmp_path).astype(int)
    assert np.abs(seen[0] - RED).max() <= 5
    assert np.abs(seen[7] - (0, 0, 255)).max() <= 5


# What is not as it should be


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".ppm", ".webp"])
@pytest.mark.parametrize("content", [b"", b"<html></html>", None])
def test_an_unreadable_image_is_named(tmp_path, suffix, content):
    filled(tmp_path, {"a": 5})
    noise = np.random.default_rng(1).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    damaged = encoded(noise, suffix)[:1000] if content is None else content
    (tmp_path / "a" / f"zebra{suffix}").write_bytes(damaged)
    with pytest.raises(
        UserError, match=rf"images that cannot be read \(1 in all; .*a/zebra{suffix} cannot be read as "
    ):
        read(tmp_path)


def test_the_first_ten_unreadable_images_are_named_and_all_counted(tmp_path):
    filled(tmp_path, {"a": 5})
    for i in range(12):
        (tmp_path / "a" / f"{i:03}.jpg").write_bytes(b"no image")
    with pytest.raises(
        UserError, match=r"\(12 in all; mend, convert or remove them\): .*a/009\.jpg .* and 2 more$"
    ) as caught:
        read(tmp_path)
    assert len(one_line(caught.value)) < 1000


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"fetch\.path: .*nowhere is no folder; it should hold a folder of"):
        read(tmp_path / "nowhere")


def test_images_without_a_folder_of_their_class_are_no_data_set(tmp_path):
    saved(tmp_path / "a.png", plain(RED))
    with pytest.raises(
        UserError, match=r"^fetch\.path: .* holds images directly \(a\.png\), .*; make a folder for each"
    ):
        read(tmp_path)


def test_a_folder_of_drawings_is_no_folder_of_classes_and_the_remedy_is_named():
    with pytest.raises(UserError, match=r"data/templates holds no images; .* -S fetch\.path=data/images$") as caught:
        read(ROOT / "data" / "templates")
    assert "\n" not in str(caught.value)


def test_a_class_without_images_is_named(tmp_path):
    filled(tmp_path, {"a": 5, "b": 0})
    with pytest.raises(UserError, match=r"has folders without an image \(1 in all; fill or remove them\): b$"):
        read(tmp_path)


def test_in_shards_the_images_are_the_same(tmp_path):
    filled(tmp_path, {"stop": 12, "yield": 9})
    settings = {
        "height": 8,
        "width": 6,
        "shares": {"train": 0.5, "valid": 0.25, "test": 0.25},
        "track": None,
        "seed": 1,
    }
    whole, parts = (read_folders(tmp_path, shard_images, **settings) for shard_images in (None, 4))
    for name, split in parts.splits.items():
        assert split.features.part == 4
        np.testing.assert_array_equal(split.features[:], whole.splits[name].features)
        assert (split.filenames == whole.splits[name].filenames).all()

import itertools
import struct
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signs.core.errors import UserError
from signs.data.datasets import DataSet, Shares
from signs.sources.folders import divide, read_folders, tracks

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
    with pytest.raises(UserError, match="has folders 01 and 1, both of class 1; rename one"):
        read(filled(tmp_path, {"1": 5, "01": 5, "2": 5}))


def test_what_is_no_class_is_passed_over(tmp_path):
    filled(tmp_path, {"stop": 5, "yield": 5})
    (tmp_path / "README.md").write_text("hello")
    saved(tmp_path / "stray.png", plain(RED))
    filled(tmp_path, {".cache": 1})
    for name in ("._000.png", ".DS_Store", "notes.txt", "Thumbs.db"):
        (tmp_path / "stop" / name).write_bytes(b"no image")
    assert read(tmp_path).classes.names == ["stop", "yield"]


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


NAMES = st.lists(st.from_regex(r"[ab]{0,2}[0-9]{1,2}(_[0-9])?\.png", fullmatch=True), min_size=1, unique=True)


@given(
    names=NAMES,
    pattern=st.sampled_from([None, "", r"^\D*\d+", r"^(\D+)", r"_(\d)", r"x", r"(x)?a", r"\d*"]),
    shares=st.tuples(st.integers(0, 10), st.integers(0, 10)).filter(lambda pair: sum(pair) <= 10),
    seed=st.integers(0, 2**32 - 1),
)
def test_no_track_is_divided_and_none_is_lost(names, pattern, shares, seed):
    files = [Path("folder") / name for name in names]
    groups = tracks(files, pattern)
    valid, test = shares
    tenths = Shares(train=(10 - valid - test) / 10, valid=valid / 10, test=test / 10)
    parts = divide(groups, tenths, np.random.default_rng(seed))
    assert sorted(itertools.chain(*parts)) == sorted(files)
    for group in groups:
        assert sum(bool(set(group) & set(part)) for part in parts) == 1
    sizes = [sum(group[0] in part for group in groups) for part in parts]
    assert sizes[1:] == [len(groups) * share // 10 for share in shares]


def test_tracks_are_what_a_pattern_finds_in_common():
    files = [Path(name) for name in ("a1_0.png", "a1_1.png", "a2_0.png", "b.png", "c.png")]
    alone = [[file] for file in files]
    together = [files[:2], files[2:3], files[3:4], files[4:]]
    assert tracks(files, None) == tracks(files, "") == tracks(files, "nothing") == alone
    assert tracks(files, r"^[a-z]\d") == tracks(files, r"^([a-z]\d)_") == together
    assert tracks(files, r"^([a-z])\d?") == [files[:3], files[3:4], files[4:]]
    assert tracks(files, r"_(x)?") == alone  # what is found is nothing


def test_an_invalid_pattern_is_named(tmp_path):
    with pytest.raises(UserError, match=r"params\.yaml: fetch\.folders\.track '\(' is no regular expression: missing"):
        read(filled(tmp_path, {"a": 5}), track="(")


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
    with pytest.raises(UserError, match=rf"a/zebra{suffix} cannot be read as "):
        read(tmp_path)


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"fetch\.path: .*nowhere is no folder; it should hold a folder of"):
        read(tmp_path / "nowhere")


def test_images_without_a_folder_of_their_class_are_no_data_set(tmp_path):
    saved(tmp_path / "a.png", plain(RED))
    with pytest.raises(UserError, match=r"^fetch\.path: .* holds no folders with \.png, .* files; make one for each"):
        read(tmp_path)


def test_a_folder_of_drawings_is_no_folder_of_classes_and_the_remedy_is_named():
    with pytest.raises(UserError, match=r"data/templates holds no folders .* -S fetch\.path=data/images$") as caught:
        read(ROOT / "data" / "templates")
    assert "\n" not in str(caught.value)


def test_a_class_without_images_is_named(tmp_path):
    filled(tmp_path, {"a": 5, "b": 0})
    with pytest.raises(UserError, match="b holds no image; fill it or remove it"):
        read(tmp_path)

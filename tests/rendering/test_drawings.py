import contextlib
import re
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from signs.core.errors import UserError
from signs.data import classes
from signs.rendering import drawings

DATA = Path(__file__).parents[2] / "data"
DRAWINGS = sorted([*(DATA / "templates").glob("*.svg"), *(DATA / "new_signs").glob("*.svg")])
NAMESPACE = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
RED, GREEN = [255, 0, 0, 255], [0, 255, 0, 255]


def svg(content="", attributes='width="100" height="100"'):
    return f"<svg {NAMESPACE} {attributes}>{content}</svg>"


def png_chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width, height, depth, colour_type, rows):
    header = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    body = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        png_chunk(*chunk) for chunk in ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
    )


def read(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return drawings.read(path)


# --- what is read


def test_an_svg_is_drawn_512_pixels_large_with_transparency(tmp_path):
    drawing = read(tmp_path, "a.svg", svg('<rect width="50" height="100" fill="red"/>'))
    assert (drawing.shape, drawing.dtype) == ((512, 512, 4), np.uint8)
    assert (drawing[:, :256] == RED).all()
    assert (drawing[:, 256:, 3] == 0).all()


@pytest.mark.parametrize(
    ("attributes", "shape"),
    [
        ('width="100" height="200"', (512, 256)),
        ('viewBox="0 0 200 100"', (256, 512)),
        ('width="3" height="3"', (512, 512)),
        ('width="1000000" height="1000000"', (512, 512)),
        ('width="1e30" height="1e30"', (512, 512)),
        ('viewBox="0 0 1 100000"', (512, 1)),
        ('viewBox="0 0 100000 1"', (1, 512)),
        ('width="1000000" height="10" viewBox="0 0 1 1"', (1, 512)),
    ],
)
def test_the_longer_side_of_an_svg_is_512_pixels_whatever_size_it_claims(tmp_path, attributes, shape):
    drawing = read(tmp_path, "a.svg", svg('<rect width="100%" height="100%" fill="red"/>', attributes))
    assert drawing.shape == (*shape, 4)


def test_references_within_an_svg_are_drawn(tmp_path):
    content = (
        '<defs><rect id="r" width="100" height="100" fill="red"/></defs><use xlink:href = \' #r\'/><use href=\'#r\'/>'
    )
    assert (read(tmp_path, "a.SVG", svg(content)) == RED).all()
    gradient = '<linearGradient id="g"><stop stop-color="red"/></linearGradient>'
    square = '<rect width="100" height="100" fill="url(#g)"/>'
    assert (read(tmp_path, "a.svg", svg(gradient + square)) == RED).all()


def test_other_pictures_are_read_with_their_transparency(tmp_path):
    content = png(2, 1, 8, 6, [bytes([255, 0, 0, 255, 1, 2, 3, 4])])
    assert read(tmp_path, "a.png", content).tolist() == [[RED, [1, 2, 3, 4]]]
    blue_green_red = np.full((16, 24, 3), (10, 100, 200), dtype=np.uint8)
    image = read(tmp_path, "a.jpg", cv2.imencode(".jpg", blue_green_red)[1].tobytes())
    assert image.shape == (16, 24, 4)
    assert np.abs(image.astype(int) - [200, 100, 10, 255]).max() <= 3


# --- what is refused


@pytest.mark.parametrize(
    "content",
    [
        svg("<script>alert(1)</script>"),
        f'<svg xmlns:s="http://www.w3.org/2000/svg" {NAMESPACE}><s:script/></svg>',
        svg('<image href="/etc/hostname" width="9" height="9"/>'),
        svg('<use href="other.svg#a"/>'),
        svg("<use xlink:href\n= ' https://example.org/a.svg#a'/>"),
        svg('<use xlink:href="file:///etc/passwd"/>'),
        svg('<image xlink:href="data:image/png;base64,iVBORw0KGgo="/>'),
        svg("<style>rect { fill: url(other.svg#a) }</style>"),
        svg("<style>@import 'a.css';</style>"),
        svg("<style>@import url('https://example.org/a.css');</style>"),
        svg("<foreignObject><body/></foreignObject>"),
        svg("<text>P</text>"),
        svg('<filter id="a"><feTurbulence numOctaves="1000000"/></filter>'),
        f'<!DOCTYPE svg [<!ENTITY a "b">]>{svg()}',
        f'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>{svg("&a;")}',
    ],
)
def test_an_svg_that_is_not_self_contained_is_refused(tmp_path, content):
    with pytest.raises(UserError, match=r"a\.svg has text, scripts, filters, entities or references to other files"):
        read(tmp_path, "a.svg", content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"a\.svg cannot be drawn as SVG: "),
        ("hello", r"a\.svg cannot be drawn as SVG: "),
        ("<html><body/></html>", r"a\.svg cannot be drawn as SVG: "),
        (svg()[:-3], r"a\.svg cannot be drawn as SVG: "),
        (svg(attributes='width="0" height="9"'), r"a\.svg cannot be drawn as SVG: .*size"),
        (png(1, 1, 8, 0, [b"\0"]), r"a\.svg is not an SVG in UTF-8"),
    ],
)
def test_what_is_no_svg_is_an_error_that_names_the_file(tmp_path, content, message):
    with pytest.raises(UserError, match=message) as caught:
        read(tmp_path, "a.svg", content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
@pytest.mark.parametrize("content", [b"", b"hello", svg().encode()])
def test_what_is_no_picture_is_an_error_that_names_the_file(tmp_path, name, content):
    with pytest.raises(UserError, match=rf"{re.escape(str(tmp_path / name))} cannot be read as .*: it is no image"):
        read(tmp_path, name, content)


def test_an_svg_of_absurd_length_is_refused_unread(tmp_path):
    path = tmp_path / "a.svg"
    with path.open("wb") as file:
        file.truncate(2**25 + 1)
    with pytest.raises(UserError, match=r"a\.svg has 33,554,433 bytes; at most 33,554,432 are read"):
        drawings.read(path)


# --- names


def test_files_come_in_the_order_of_their_names_and_others_are_ignored(tmp_path):
    for name in ("b.svg", "a.JPG", "c.png", "notes.txt", "d.jpeg", ".gitignore"):
        (tmp_path / name).touch()
    assert [path.name for path in drawings.files(tmp_path)] == ["a.JPG", "b.svg", "c.png", "d.jpeg"]


@pytest.mark.parametrize("folder", [".", "missing"])
def test_a_folder_without_drawings_is_an_error(tmp_path, folder):
    with pytest.raises(UserError, match=r"holds no \.svg, \.png, \.jpg, \.jpeg file; put a drawing of each class"):
        drawings.files(tmp_path / folder)


def test_a_folder_of_classes_by_name_may_hold_none(tmp_path):
    (tmp_path / "README.md").touch()
    assert drawings.read_by_name(tmp_path) == {}


def test_drawings_are_grouped_by_class_and_ordered_by_number(tmp_path):
    for name, width in {"10_10": 1, "10_9": 2, "9": 3, "10_0": 4}.items():
        (tmp_path / f"{name}.png").write_bytes(png(width, 1, 8, 0, [bytes(width)]))
    found = drawings.read_by_id(tmp_path)
    assert {id: [image.shape[1] for image in variants] for id, variants in found.items()} == {9: [3], 10: [4, 2, 1]}
    assert list(found) == [9, 10]


@pytest.mark.parametrize("name", ["stop.svg", "3-1.svg", "3_.svg", "3_1_2.svg", "٣.svg"])
def test_a_drawing_that_is_not_named_after_a_class_id_is_an_error(tmp_path, name):
    (tmp_path / name).write_text(svg())
    with pytest.raises(
        ValueError, match=rf"{re.escape(name)} is not named after a class id; expected ID\.svg or ID_NUMBER"
    ):
        drawings.read_by_id(tmp_path)


def test_only_the_drawings_asked_for_are_read(tmp_path):
    for stem in ("3", "14_0", "14_1"):
        cv2.imwrite(str(tmp_path / f"{stem}.png"), np.full((4, 4, 3), 9, np.uint8))
    (tmp_path / "7.png").write_bytes(b"no image")
    assert {id: len(own) for id, own in drawings.read_by_id(tmp_path, [14]).items()} == {14: 2}
    with pytest.raises(UserError, match=r"7\.png cannot be read"):
        drawings.read_by_id(tmp_path)


def grouped(*names):
    groups = drawings.group_by_name(Path("new_signs", name) for name in names)
    return {name: [path.name for path in paths] for name, paths in groups.items()}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["bus_lane.svg", "bus_lane_1.svg"], {"Bus lane": ["bus_lane.svg", "bus_lane_1.svg"]}),
        (["bus_2.png", "bus_0.svg", "bus_1.jpg"], {"Bus": ["bus_0.svg", "bus_1.jpg", "bus_2.png"]}),
        ([f"bus_{i}.svg" for i in range(11)], {"Bus": [f"bus_{i}.svg" for i in range(11)]}),
        (["zone.svg", "zone_30_0.svg"], {"Zone": ["zone.svg"], "Zone 30": ["zone_30_0.svg"]}),
        (["zone_30_0.svg", "zone_30_1.svg"], {"Zone 30": ["zone_30_0.svg", "zone_30_1.svg"]}),
        (["b.svg", "a__b.svg", "66.svg"], {"66": ["66.svg"], "A  b": ["a__b.svg"], "B": ["b.svg"]}),
        (["b.svg", "README.md", "c_7.txt"], {"B": ["b.svg"]}),
    ],
)
def test_file_names_stand_for_classes_and_a_last_number_for_a_drawing(files, expected):
    assert grouped(*files) == expected
    for name, paths in expected.items():
        assert grouped(f"{drawings.file_stem(name)}.svg") == {name: [f"{drawings.file_stem(name)}.svg"]}
        assert all(grouped(path).keys() <= {name} for path in paths if path.endswith(("_0.svg", "lane.svg")))


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            ["zone_30.svg"],
            r"zone_30\.svg is drawing 30 of 'Zone', but drawing 0 is missing; .*rename this one to zone_30_0",
        ),
        (
            ["zone.svg", "zone_30.svg"],
            r"zone_30\.svg is .*, but drawing 1 is missing after zone\.svg; .*class 'Zone 30'",
        ),
        (["zone_0.svg", "zone_30.svg"], r"zone_30\.svg is .*, but drawing 1 is missing after zone_0\.svg"),
        (["zone_30.svg", "zone_50.svg"], r"zone_30\.svg is drawing 30 of 'Zone', but drawing 0 is missing"),
        (
            ["bus.svg", "bus_0.svg"],
            r"new_signs/bus(_0)?\.svg and bus(_0)?\.svg are both drawing 0 of 'Bus'; rename one",
        ),
        (["bus.png", "bus.jpg"], r"are both drawing 0 of 'Bus'"),
        (["bus.svg", "_bus.svg"], r"are both drawing 0 of 'Bus'"),
        (["bus.svg", "bus_1.svg", "bus_01.svg"], r"are both drawing 1 of 'Bus'"),
        (
            ["Bus_Lane.svg", "bus_lane.svg"],
            r"new_signs/Bus_Lane\.svg and bus_lane\.svg name classes that differ in case",
        ),
        (["_.svg"], r"new_signs/_\.svg names no class"),
        (["Bus_Lane.svg", "bus_lane_1.svg"], r"name classes that differ in case only; rename one of them"),
        (["\u00fcber.svg", "u\u0308ber.svg"], r"name classes that differ in case only"),
    ],
)
def test_file_names_that_could_mean_two_things_are_refused_in_one_line(files, message):
    for order in (files, files[::-1]):
        with pytest.raises(UserError, match=message) as refused:
            grouped(*order)
        assert "\n" not in str(refused.value)


NAMES = st.text(st.sampled_from("aAbBßẞIi\u0130\u0131\u01c5é 0123"), min_size=1, max_size=6)


@given(st.lists(NAMES, max_size=5))
def test_classes_that_may_lie_in_one_folder_have_files_that_differ_in_more_than_case(names):
    stems = {drawings.file_stem(name) for name in names}
    with contextlib.suppress(UserError):
        known = grouped(*(f"{stem}.svg" for stem in stems))
        assert len({drawings.file_stem(name).casefold() for name in known}) == len(known)


def test_a_new_class_gets_a_file_that_stands_for_it(tmp_path):
    (tmp_path / "tram.png").touch()
    for name, file in {"Tram 2": "tram_2_0.png", "Bus lane": "bus_lane.png", "5 t": "5_t.png"}.items():
        path = drawings.new_path(tmp_path, name, ".PNG", known=["Stop"])
        assert path == tmp_path / file
        path.touch()
    assert set(drawings.group_by_name(tmp_path.glob("*"))) == {"Tram", "Tram 2", "Bus lane", "5 t"}
    for taken in ("Tram", "TRAM", "STOP"):
        with pytest.raises(UserError, match="is a class already"):
            drawings.new_path(tmp_path, taken, ".png", known=["Stop"])
    for odd in ("tram", "", " A", "A_b", "a/b", "../A", ".a", "Two\nlines", "A?"):
        with pytest.raises(UserError, match="cannot name a class"):
            drawings.new_path(tmp_path, odd, ".png")


def test_every_class_of_the_benchmark_has_a_drawing_and_no_two_are_the_same():
    found = drawings.read_by_id(DATA / "templates")
    assert list(found) == classes.read(DATA / "signnames.csv").ids.tolist() == list(range(43))
    images = [image for variants in found.values() for image in variants]
    assert {image.shape for image in images} == {(512, 512, 4)}
    assert len({image.tobytes() for image in images}) == len(images)


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_our_own_drawings_consist_of_shapes_alone(path):
    content = path.read_text(encoding="utf-8")
    assert set(re.findall(r"<([\w:]+)", content)) <= {
        *("svg", "title", "g", "path", "rect", "circle", "ellipse", "line", "polygon", "polyline"),
    }
    assert not re.search(r"href|url\(|style|<!|<\?", content)


# --- backgrounds


def disc(background=(255, 255, 255), colour=(200, 0, 0), alpha=255, size=100):
    image = np.full((size, size, 4), (*background, alpha), np.uint8)
    return cv2.circle(image, (size // 2, size // 2), size // 3, (*colour, 255), -1)


@pytest.mark.parametrize("background", [(255, 255, 255), (30, 90, 40)])
def test_the_background_of_a_picture_is_found(background):
    noise = np.random.default_rng(0).integers(-6, 7, (100, 100, 3))
    image = disc(background)
    image[..., :3] = (image[..., :3] + noise).clip(0, 255)  # as JPEG leaves it
    alpha = drawings.cut_out(image)[..., 3]
    is_sign = disc(alpha=0)[..., 3] == 255
    assert ((alpha == 255) != is_sign).mean() < 0.03
    assert alpha[50, 50] == 255
    assert alpha[0, 0] == alpha[99, 50] == 0


def test_what_has_the_colour_of_the_background_within_the_sign_stays():
    image = cv2.circle(disc(), (50, 50), 10, (255, 255, 255, 255), -1)
    assert drawings.cut_out(image)[50, 50, 3] == 255


@pytest.mark.parametrize(
    "image",
    [
        disc(alpha=0),  # has a background marked already
        np.full((20, 20, 4), 255, np.uint8),  # is nothing but background
        np.dstack([np.tile(np.arange(0, 200, 10, np.uint8), (20, 1))] * 3 + [np.full((20, 20), 255, np.uint8)]),
        cv2.circle(disc(), (50, 50), 90, (9, 9, 9, 255), -1),  # fills the picture
    ],
)
def test_where_there_is_no_background_to_find_the_picture_stays(image):
    assert np.array_equal(drawings.cut_out(image), image)


@pytest.mark.parametrize("name", ["bus_lane", "bus_stop", "oncoming_priority", "parking", "pedestrian_zone"])
def test_our_new_signs_have_a_background_that_is_found(name):
    found = drawings.cut_out(drawings.read(DATA / f"new_signs/{name}.svg"))
    is_sign = found[..., 3] == 255
    assert 0.7 < is_sign.mean() < 0.999
    assert is_sign[256, 256]
    assert not is_sign[[0, 0, -1, -1], [0, -1, 0, -1]].any()

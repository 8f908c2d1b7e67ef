import re
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest

from signs.data import classes
from signs.rendering import drawings as templates

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


def jpeg(image):
    return cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 100])[1].tobytes()


def read(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return templates.read(path)


# --- what is read


def test_an_svg_is_drawn_512_pixels_large_with_transparency(tmp_path):
    drawn = read(tmp_path, "a.svg", svg('<rect width="50" height="100" fill="red"/>'))
    assert (drawn.shape, drawn.dtype) == ((512, 512, 4), np.uint8)
    assert (drawn[:, :256] == RED).all()
    assert (drawn[:, 256:, 3] == 0).all()


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
    drawn = read(tmp_path, "a.svg", svg('<rect width="100%" height="100%" fill="red"/>', attributes))
    assert drawn.shape == (*shape, 4)


def test_references_within_an_svg_are_drawn(tmp_path):
    content = (
        '<defs><rect id="r" width="100" height="100" fill="red"/></defs><use xlink:href = \' #r\'/><use href=\'#r\'/>'
    )
    assert (read(tmp_path, "a.SVG", svg(content)) == RED).all()
    gradient = '<linearGradient id="g"><stop stop-color="red"/></linearGradient>'
    square = '<rect width="100" height="100" fill="url(#g)"/>'
    assert (read(tmp_path, "a.svg", svg(gradient + square)) == RED).all()


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("rgb.png", png(2, 1, 8, 2, [bytes([255, 0, 0, 0, 255, 0])]), [RED, GREEN]),
        ("rgba.png", png(2, 1, 8, 6, [bytes([255, 0, 0, 255, 1, 2, 3, 4])]), [RED, [1, 2, 3, 4]]),
        ("grey.png", png(2, 1, 8, 0, [bytes([9, 200])]), [[9, 9, 9, 255], [200, 200, 200, 255]]),
        ("grey_alpha.png", png(2, 1, 8, 4, [bytes([9, 100, 200, 0])]), [[9, 9, 9, 100], [200, 200, 200, 0]]),
        ("bits.png", png(2, 1, 1, 0, [b"\x80"]), [[255, 255, 255, 255], [0, 0, 0, 255]]),
        ("grey16.PNG", png(2, 1, 16, 0, [b"\x80\x00\x00\xff"]), [[128, 128, 128, 255], [0, 0, 0, 255]]),
        ("rgb16.png", png(1, 1, 16, 2, [b"\xff\xff\x00\xff\x80\x01"]), [[255, 0, 128, 255]]),
        ("rgba16.png", png(1, 1, 16, 6, [b"\xff\xff\x00\xff\x80\x01\x40\x00"]), [[255, 0, 128, 64]]),
    ],
)
def test_a_png_of_each_kind_gives_rgba(tmp_path, name, content, expected):
    image = read(tmp_path, name, content)
    assert image.dtype == np.uint8
    assert image.tolist() == [expected]


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".JPG"])
def test_a_jpeg_gives_opaque_rgba(tmp_path, suffix):
    blue_green_red = np.full((16, 24, 3), (10, 100, 200), dtype=np.uint8)
    image = read(tmp_path, f"a{suffix}", jpeg(blue_green_red))
    assert image.shape == (16, 24, 4)
    assert np.abs(image.astype(int) - [200, 100, 10, 255]).max() <= 3


def test_a_grey_jpeg_gives_opaque_rgba(tmp_path):
    image = read(tmp_path, "a.jpg", jpeg(np.full((16, 24), 77, dtype=np.uint8)))
    assert image.shape == (16, 24, 4)
    assert np.abs(image.astype(int) - [77, 77, 77, 255]).max() <= 1


def test_a_jpeg_stands_as_its_camera_was_held(tmp_path):
    scene = np.zeros((16, 32, 3), dtype=np.uint8)
    scene[:, :16] = 255  # white on the left; a quarter turn clockwise brings it to the top
    turned = struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, 0x0112, 3, 1, 6, 0, 0)
    exif = b"\xff\xe1" + struct.pack(">H", len(turned) + 8) + b"Exif\0\0" + turned
    content = jpeg(scene)
    image = read(tmp_path, "a.jpg", content[:2] + exif + content[2:])
    assert image.shape == (32, 16, 4)
    assert (image[:14, :, 0] > 240).all()
    assert (image[18:, :, 0] < 15).all()


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
def test_an_svg_that_is_not_whole_in_itself_is_refused(tmp_path, content):
    with pytest.raises(ValueError, match=r"a\.svg has text, scripts, filters, entities or references to other files"):
        read(tmp_path, "a.svg", content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"a\.svg cannot be drawn as SVG: "),
        ("hello", r"a\.svg cannot be drawn as SVG: "),
        ("<html><body/></html>", r"a\.svg cannot be drawn as SVG: "),
        (svg("<g>" * 600 + "</g>" * 600), r"a\.svg has over 100 elements one within the other"),
        (svg()[:-3], r"a\.svg cannot be drawn as SVG: "),
        (svg(attributes='width="0" height="9"'), r"a\.svg cannot be drawn as SVG: .*size"),
        (png(1, 1, 8, 0, [b"\0"]), r"a\.svg is no SVG in UTF-8"),
    ],
)
def test_what_is_no_svg_is_an_error_that_names_the_file(tmp_path, content, message):
    with pytest.raises(ValueError, match=message) as caught:
        read(tmp_path, "a.svg", content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["a.png", "a.jpg"])
@pytest.mark.parametrize(
    "content", [b"", b"hello", svg().encode(), png(2, 2, 8, 0, [b"\0\0"] * 2)[:40], b"\xff\xd8\xff"]
)
def test_what_is_no_picture_is_an_error_that_names_the_file(tmp_path, name, content):
    with pytest.raises(ValueError, match=rf"{re.escape(str(tmp_path / name))} cannot be (read|decoded) as an image"):
        read(tmp_path, name, content)


def test_a_picture_of_fractions_is_refused(tmp_path):
    content = cv2.imencode(".tiff", np.ones((4, 4, 3), np.float32))[1].tobytes()
    with pytest.raises(ValueError, match=r"a\.png holds float32 pixels; expected 8 or 16 bits"):
        read(tmp_path, "a.png", content)


def test_a_file_of_absurd_length_is_refused_unread(tmp_path):
    path = tmp_path / "a.png"
    with path.open("wb") as file:
        file.truncate(templates.MAX_FILE_BYTES + 1)
    with pytest.raises(ValueError, match=r"a\.png has 33,554,433 bytes; a drawing may have 33,554,432"):
        templates.read(path)


def test_a_png_that_claims_gigabytes_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"a\.png cannot be read as an image; .* over 40,000,000 pixels"):
        read(tmp_path, "a.png", png(30_000, 20_000, 16, 6, []))


@pytest.mark.parametrize("options", [[], [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]])
@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 3)])
def test_a_jpeg_that_claims_gigabytes_is_refused(tmp_path, shape, options):
    content = cv2.imencode(".jpg", np.zeros(shape, np.uint8), options)[1].tobytes()
    claim = struct.pack(">BHH", 8, 20_000, 30_000)
    with pytest.raises(ValueError, match=r"a\.jpg cannot be read as an image; .* over 40,000,000 pixels"):
        read(tmp_path, "a.jpg", content.replace(struct.pack(">BHH", 8, 8, 8), claim, 1))


def test_a_picture_of_too_many_pixels_is_refused():
    content = b"P5 10000 4001 255\n" + bytes(10_000 * 4_001)
    with pytest.raises(ValueError, match=r"a\.ppm cannot be read as an image; .* over 40,000,000 pixels"):
        templates.decode(content, "a.ppm", cv2.IMREAD_UNCHANGED)


# --- backgrounds, names, our own drawings


def test_a_drawing_lies_on_its_background_by_its_alpha():
    drawing = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [100, 0, 255, 51]]], dtype=np.uint8)
    before = drawing.copy()
    assert templates.on_background(drawing).tolist() == [[[10, 20, 30], [255, 255, 255], [224, 204, 255]]]
    assert templates.on_background(drawing, (5, 5, 5)).tolist() == [[[10, 20, 30], [5, 5, 5], [24, 4, 55]]]
    assert np.array_equal(drawing, before)


def test_files_come_in_order_of_their_names_and_others_are_passed_over(tmp_path):
    for name in ("b.svg", "a.JPG", "c.png", "notes.txt", "d.jpeg", ".gitignore"):
        (tmp_path / name).touch()
    assert [path.name for path in templates.files(tmp_path)] == ["a.JPG", "b.svg", "c.png", "d.jpeg"]


@pytest.mark.parametrize("folder", [".", "missing"])
def test_a_folder_without_drawings_is_an_error(tmp_path, folder):
    with pytest.raises(ValueError, match=r"holds no \.svg, \.png, \.jpg, \.jpeg file; put an image for each class"):
        templates.files(tmp_path / folder)


def test_drawings_are_grouped_by_class_and_variants_ordered_by_number(tmp_path):
    for name, width in {"10_10": 1, "10_9": 2, "9": 3, "10_0": 4}.items():
        (tmp_path / f"{name}.png").write_bytes(png(width, 1, 8, 0, [bytes(width)]))
    found = templates.of_classes(tmp_path)
    assert {id: [image.shape[1] for image in variants] for id, variants in found.items()} == {9: [3], 10: [4, 2, 1]}
    assert list(found) == [9, 10]


@pytest.mark.parametrize("name", ["stop.svg", "3-1.svg", "3_.svg", "3_1_2.svg"])
def test_a_drawing_named_after_no_class_is_an_error(tmp_path, name):
    (tmp_path / name).write_text(svg())
    with pytest.raises(ValueError, match=rf"{re.escape(name)} is named after no class; expected ID\.svg or ID_VARIANT"):
        templates.of_classes(tmp_path)


def test_only_the_drawings_asked_for_are_read(tmp_path):
    for stem in ("3", "14_0", "14_1"):
        cv2.imwrite(str(tmp_path / f"{stem}.png"), np.full((4, 4, 3), 9, np.uint8))
    (tmp_path / "7.png").write_bytes(b"no image")
    assert {id: len(drawings) for id, drawings in templates.of_classes(tmp_path, [14]).items()} == {14: 2}
    with pytest.raises(ValueError, match=r"7\.png cannot be read"):
        templates.of_classes(tmp_path)


def test_every_class_of_the_benchmark_has_a_drawing_and_no_two_are_the_same():
    drawn = templates.of_classes(DATA / "templates")
    assert list(drawn) == classes.read(DATA / "signnames.csv").ids.tolist() == list(range(43))
    images = [image for variants in drawn.values() for image in variants]
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
    alpha = templates.cut_out(image)[..., 3]
    is_sign = disc(alpha=0)[..., 3] == 255
    assert ((alpha == 255) != is_sign).mean() < 0.03
    assert alpha[50, 50] == 255
    assert alpha[0, 0] == alpha[99, 50] == 0


def test_what_has_the_colour_of_the_background_within_the_sign_stays():
    image = cv2.circle(disc(), (50, 50), 10, (255, 255, 255, 255), -1)
    assert templates.cut_out(image)[50, 50, 3] == 255


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
    assert np.array_equal(templates.cut_out(image), image)


@pytest.mark.parametrize("name", ["bus_lane", "bus_stop", "oncoming_priority", "parking", "pedestrian_zone"])
def test_our_new_signs_have_a_background_that_is_found(name):
    found = templates.cut_out(templates.read(DATA / f"new_signs/{name}.svg"))
    is_sign = found[..., 3] == 255
    assert 0.7 < is_sign.mean() < 0.999
    assert is_sign[256, 256]
    assert not is_sign[[0, 0, -1, -1], [0, -1, 0, -1]].any()

import contextlib
import io
import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from signs.core.errors import UserError
from signs.data import reader

PICTURE = cv2.resize(
    np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8), (40, 30), interpolation=cv2.INTER_CUBIC
)


def encoded(format, picture=PICTURE, mode="RGB", **settings):
    file = io.BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture).convert(mode)
    image.save(file, format, **settings)
    return file.getvalue()


@pytest.mark.parametrize("format", ["BMP", "PNG", "PPM", "TIFF", "WEBP"])
def test_a_lossless_file_gives_its_pixels_whatever_it_is_called(tmp_path, format):
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(format, **({"lossless": True} if format == "WEBP" else {})))
    np.testing.assert_array_equal(reader.read_rgb(path), PICTURE)


def test_a_jpeg_gives_the_pixels_that_opencv_gives():
    content = encoded("JPEG", quality=90)
    bgr = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(reader.decode_rgb(content, "a"), bgr[..., ::-1])


@pytest.mark.parametrize("format", ["AVIF", "GIF"])
def test_a_lossy_file_gives_about_its_pixels(format):
    assert np.abs(reader.decode_rgb(encoded(format), "a").astype(int) - PICTURE).mean() < 16


@pytest.mark.parametrize("format", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_a_photograph_stands_as_its_exif_orientation_says(format):
    exif = Image.Exif()
    exif[0x112] = 6  # the top of the scene is on the right of the stored picture
    upright = reader.decode_rgb(encoded(format, exif=exif), "a").astype(int)
    assert np.abs(upright - np.rot90(PICTURE, -1)).mean() < 16


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_transparency_is_kept_or_laid_on_white(format):
    picture = np.dstack([PICTURE, np.full(PICTURE.shape[:2], 255, np.uint8)])
    picture[:10, :, 3], picture[10:20, :, 3] = 0, 51
    content = encoded(format, picture, "RGBA", **({"lossless": True, "exact": True} if format == "WEBP" else {}))
    np.testing.assert_array_equal(reader.decode_rgba(content, "a"), picture)
    rgb = reader.decode_rgb(content, "a")
    assert (rgb[:10] == 255).all()
    np.testing.assert_allclose(rgb[10:20], 0.2 * PICTURE[10:20] + 0.8 * 255, atol=0.51)
    np.testing.assert_array_equal(rgb[20:], PICTURE[20:])


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "CMYK"])
def test_other_colour_modes_give_rgb(mode):
    format = "TIFF" if mode == "CMYK" else "PNG"
    assert reader.decode_rgb(encoded(format, mode=mode), "a").shape == (30, 40, 3)


@pytest.mark.parametrize("deepest", [1023, 65535])
@pytest.mark.parametrize("kind", [b"P5", b"P6"])
def test_the_brightest_value_of_a_deep_file_is_white(kind, deepest):
    values = np.repeat([deepest, deepest // 2, 0], 3 if kind == b"P6" else 1).astype(">u2").tobytes()
    content = b"%s 3 1 %d\n%s" % (kind, deepest, values)
    assert [pixel[0] for pixel in reader.decode_rgb(content, "a")[0]] in ([255, 127, 0], [255, 128, 0])


def test_a_grey_png_of_16_bits_is_read():
    content = cv2.imencode(".png", np.array([[65535, 32768, 0]], np.uint16))[1].tobytes()
    assert reader.decode_rgb(content, "a")[0].tolist() == [[255] * 3, [128] * 3, [0] * 3]


@pytest.mark.parametrize("mode", ["RGBA", "I;16"])
def test_the_largest_image_takes_less_than_a_gigabyte(tmp_path, mode):
    path = tmp_path / "large.tif"
    side = int(reader.MAX_PIXELS**0.5)
    Image.new(mode, (side, side), 100 if mode == "I;16" else (9, 8, 7, 100)).save(path, compression="tiff_lzw")
    program = f"""
from pathlib import Path
from signs.data import reader
shape = reader.read_rgb(Path({str(path)!r})).shape
print(shape, Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    shape, kilobytes = done.stdout.rsplit(" ", 1)
    assert shape == str((side, side, 3))
    assert int(kilobytes) < 2**20


def test_a_phones_photo_with_a_second_picture_behind_it_is_read():
    main = Image.fromarray(PICTURE)
    content = encoded("MPO", main, save_all=True, append_images=[main.resize((8, 6))])
    assert reader.decode_rgb(content, "a").shape == PICTURE.shape


@pytest.mark.parametrize("format", ["GIF", "PNG", "TIFF", "WEBP"])
def test_several_pictures_in_one_file_are_refused(format):
    content = encoded(format, Image.fromarray(PICTURE), save_all=True, append_images=[Image.fromarray(255 - PICTURE)])
    with pytest.raises(UserError, match=r"^a holds 2 pictures \(animated, or several pages\); give a single one$"):
        reader.decode_rgb(content, "a")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "^a cannot be read as .*: it is no image$"),
        (b"<html>not found</html>", "^a cannot be read as .*: it is no image$"),
        (encoded("PNG")[:200], "^a cannot be read as .*: image file is truncated"),
        (encoded("JPEG")[:300], "^a cannot be read as .*"),
        (encoded("TIFF", Image.fromarray(np.zeros((3, 3), np.float32))), "mode F.*; save it in 8 bits$"),
        (encoded("PNG", Image.new("1", (10_000, 5_000))), "^a has 10000x5000 pixels; an image may have 40,000,000$"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_line(content, message):
    with pytest.raises(UserError, match=message) as refused:
        reader.decode_rgb(content, "a")
    assert "\n" not in str(refused.value)


def test_what_is_no_file_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "absent.png", tmp_path / "pipe"):
        with pytest.raises(UserError, match="is no file"):
            reader.read_rgb(path)
    large = tmp_path / "large.png"
    with large.open("wb") as file:
        file.truncate(reader.MAX_BYTES + 1)
    with pytest.raises(UserError, match="an image may have 67,108,864"):
        reader.read_rgb(large)


@pytest.mark.parametrize("shape", [(100, 90), (33, 35), (64, 64), (301, 500)])
def test_a_picture_shrinks_by_area_as_in_opencv(shape):
    large = cv2.resize(PICTURE, shape[::-1], interpolation=cv2.INTER_CUBIC)
    expected = cv2.resize(large, (32, 24), interpolation=cv2.INTER_AREA)
    assert np.abs(reader.resize(large, 24, 32).astype(int) - expected).max() <= 1


def test_a_picture_grows_bilinearly_as_in_opencv():
    expected = cv2.resize(PICTURE, (64, 48), interpolation=cv2.INTER_LINEAR)
    assert np.abs(reader.resize(PICTURE, 48, 64).astype(int) - expected).max() <= 1
    assert reader.resize(PICTURE, *PICTURE.shape[:2]) is PICTURE


@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 40), st.integers(1, 40), st.integers(0, 255))
def test_one_colour_stays_one_colour(rows, columns, height, width, value):
    plain = np.full((rows, columns, 3), value, np.uint8)
    np.testing.assert_array_equal(reader.resize(plain, height, width), np.full((height, width, 3), value, np.uint8))


def test_an_image_is_told_by_how_it_starts(tmp_path):
    path = tmp_path / "notes.txt"
    for format in ("BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP"):
        path.write_bytes(encoded(format))
        assert reader.is_image(path)
        assert reader.read_rgb(path).shape == PICTURE.shape
    path.write_bytes(encoded("PNG", Image.new("1", (30_000, 30_000))))  # too large, but an image
    assert reader.is_image(path)
    for content in (b"", b"BMW photos", b"P5 is a kind of PNM", b"\x89PNG", b"Path,ClassId\n"):
        path.write_bytes(content)
        assert not reader.is_image(path)


WHOLE = [encoded(format) for format in ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")]


@given(st.sampled_from(WHOLE), st.integers(0, 400), st.binary(min_size=1, max_size=8), st.integers(0, 2000))
def test_a_damaged_file_gives_pixels_or_one_line(content, place, noise, length):
    damaged = content[:place] + noise + content[place + len(noise) : place + length]
    with contextlib.suppress(UserError):
        assert reader.decode_rgb(damaged, "a").dtype == np.uint8

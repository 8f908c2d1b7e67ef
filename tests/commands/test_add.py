import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from signs.commands.add import add
from signs.core.errors import UserError
from signs.data import classes
from signs.rendering import drawings

ROOT = Path(__file__).parents[2]
KNOWN = classes.read(ROOT / "data/signnames.csv").names


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(ROOT / "data/new_signs", tmp_path / "new_signs")
    return tmp_path / "new_signs"


def picture(path, image=None):
    image = cv2.circle(np.full((64, 64, 3), 255, np.uint8), (32, 32), 20, (0, 0, 200), -1) if image is None else image
    path.write_bytes(cv2.imencode(path.suffix, image)[1].tobytes())
    return path


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".JPEG", ".svg"])
@pytest.mark.parametrize("name", ["Stop ahead", "No U-turn", "Route 66", "Überholverbot"])
def test_a_picture_becomes_a_class_of_its_name(tmp_path, folder, suffix, name):
    source = tmp_path / f"source{suffix}"
    if suffix == ".svg":
        source.write_bytes((ROOT / "data/templates/14.svg").read_bytes())
    else:
        picture(source)
    before = drawings.read_by_name(folder).keys()
    target = add(source, name, KNOWN, folder)
    assert target.read_bytes() == source.read_bytes()
    assert drawings.read_by_name(folder).keys() - before == {name}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Bus lane", "'Bus lane' is a class already"),
        ("bus LANE", "cannot name a class|is a class already"),
        ("STOP", "'STOP' is a class already"),
        ("../out", "cannot name a class"),
        ("a_b", "cannot name a class"),
        ("", "cannot name a class"),
        ("Two\nlines", "cannot name a class"),
        (".hidden", "cannot name a class"),
    ],
)
def test_a_name_that_is_taken_or_cannot_be_is_refused(tmp_path, folder, name, message):
    before = sorted(folder.iterdir())
    with pytest.raises(UserError, match=message):
        add(picture(tmp_path / "a.png"), name, KNOWN, folder)
    assert sorted(folder.iterdir()) == before


SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{}</svg>'


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("a.png", b"", "cannot be read as"),
        ("a.png", b"no picture", "cannot be read as"),
        ("a.gif", b"GIF89a", r"is not a \.svg, \.png, \.jpg, \.jpeg file"),
        ("a.svg", SVG.format("<script>alert(1)</script>").encode(), "text, scripts, filters, entities or references"),
        ("a.svg", SVG.format('<image href="http://example.org/a.png"/>').encode(), "references to other files"),
        ("a.svg", b"<svg", "cannot be drawn as SVG"),
        ("a.png", cv2.imencode(".png", np.full((9, 9, 3), 7, np.uint8))[1].tobytes(), "has one colour"),
        ("a.png", None, "is missing"),
    ],
)
def test_what_is_no_picture_of_a_sign_is_refused(tmp_path, folder, file, content, message):
    if content is not None:
        (tmp_path / file).write_bytes(content)
    with pytest.raises(UserError, match=message):
        add(tmp_path / file, "Stop ahead", KNOWN, folder)
    assert not list(folder.glob("stop_ahead*"))


@pytest.mark.parametrize(
    ("there", "name"), [("tram.png", "Tram 2"), ("tram_2_0.png", "Tram"), ("tram_0.png", "Tram 1")]
)
def test_a_name_with_a_number_is_a_class_of_its_own_beside_one_without(tmp_path, folder, there, name):
    picture(folder / there)
    before = drawings.read_by_name(folder).keys()
    add(picture(tmp_path / "a.png"), name, [], folder)
    assert drawings.read_by_name(folder).keys() - before == {name}


def test_an_animated_picture_is_refused(tmp_path, folder):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    with pytest.raises(UserError, match=r"a\.png holds 2 pictures .*; give a single one"):
        add(tmp_path / "a.png", "Tram", [], folder)
    assert not any(folder.glob("tram*"))


def test_a_picture_for_print_keeps_its_colours(tmp_path):
    Image.new("RGB", (16, 16), (200, 30, 40)).convert("CMYK").save(tmp_path / "a.jpg", quality=95)
    assert np.abs(drawings.read(tmp_path / "a.jpg")[8, 8].astype(int) - [200, 30, 40, 255]).max() < 4


def test_a_huge_picture_is_refused_before_it_takes_memory(tmp_path, folder):
    huge = cv2.imencode(".png", np.zeros((10_000, 10_000), np.uint8))[1].tobytes()
    (tmp_path / "a.png").write_bytes(huge)
    with pytest.raises(UserError, match="has 10000x10000 pixels; an image may have 40,000,000"):
        add(tmp_path / "a.png", "Stop ahead", KNOWN, folder)


def test_16_bits_and_grey_are_pictures_too(tmp_path, folder):
    deep = cv2.circle(np.full((64, 64), 65535, np.uint16), (32, 32), 20, 9000, -1)
    assert add(picture(tmp_path / "a.png", deep), "Stop ahead", KNOWN, folder).is_file()


@pytest.fixture
def project(tmp_path, folder):
    """As much of a project as the command needs, and a picture."""
    (tmp_path / "data").mkdir()
    folder.rename(tmp_path / "data/new_signs")
    for name in ("data/signnames.csv", "dvc.yaml", "Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    picture(tmp_path / "a.png")
    return tmp_path


def test_the_command_says_where_the_class_is_or_why_not_in_one_line(project):
    for code, said in (
        (0, "'Stop ahead' is data/new_signs/stop_ahead.png now; dvc repro"),
        (1, "signs add: 'Stop ahead' is a class"),
    ):
        run = subprocess.run(
            [sys.executable, "-m", "signs", "add", "a.png", "Stop ahead"],
            cwd=project,
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == code
        assert (run.stdout + run.stderr).startswith(said)
        assert (run.stdout + run.stderr).count("\n") == 1


@pytest.mark.parametrize(
    "name", ["Stop $(touch pwned) `touch pwned`", "Stop $(shell touch pwned)", "Stop 'here' $$HOME #1"]
)
def test_a_name_reaches_the_command_from_make_as_it_is(project, name):
    venv = project / ".venv"
    venv.symlink_to(Path(sys.executable).parents[1])
    command = ["make", "add-class", "--old-file=.venv/installed", "IMAGE=a.png", f"NAME={name}"]
    run = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    assert run.stdout.startswith(f"{name!r} is data/new_signs/")
    assert not (project / "pwned").exists()

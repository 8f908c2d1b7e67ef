"""What is found in a folder, and what is refused because it could not be read or DVC would not see it change."""

import os
import re
from pathlib import Path

import pytest

from signs.core.errors import UserError
from signs.sources.listing import survey

PPM = b"P6 1 1 255\n\x01\x02\x03"


def made(root: Path, *paths: str, content: bytes = PPM) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def assert_refused(root: Path, message: str) -> None:
    with pytest.raises(UserError, match=re.escape(message)) as caught:
        survey(root)
    assert "\n" not in str(caught.value)


def test_images_are_told_by_content_or_else_by_name(tmp_path):
    made(tmp_path, "stop/photo", "stop/photo.dat", "stop/photo.jpg")
    made(tmp_path, "stop/damaged.PNG", "yield/phone.heic", content=b"something else")
    made(tmp_path, "stop/notes.txt", "stop/P6", "stop/.DS_Store", content=b"no image")
    made(tmp_path, "labels.csv", content=b"Path,ClassId\n")
    found = survey(tmp_path)
    assert found.images == [
        "stop/damaged.PNG",
        "stop/photo",
        "stop/photo.dat",
        "stop/photo.jpg",
        "yield/phone.heic",
    ]
    assert (found.tables, found.folders) == (["labels.csv"], ["stop", "yield"])
    assert found.passed_over == {
        ".txt files that are no images": 1,
        "other files that are no images": 1,
        "hidden files": 1,
    }


def test_what_systems_leave_behind_is_passed_over(tmp_path):
    made(
        tmp_path, "stop/1.png", ".git/1.png", "__MACOSX/stop/._1.png", "stop/@eaDir/1.png", "Thumbs.db", "stop/._1.png"
    )
    found = survey(tmp_path)
    assert found.images == ["stop/1.png"]
    assert found.passed_over == {"hidden folders": 3, "hidden files": 2}


def test_linked_folders_are_refused_and_linked_files_read(tmp_path):
    made(tmp_path / "elsewhere", "1.png", "2.png")
    made(tmp_path / "images", "stop/1.png")
    (tmp_path / "images/stop/2.png").symlink_to(tmp_path / "elsewhere/2.png")
    assert survey(tmp_path / "images").images == ["stop/1.png", "stop/2.png"]
    for name in ("yield", "zebra"):
        (tmp_path / "images" / name).symlink_to(tmp_path / "elsewhere")
    assert_refused(
        tmp_path / "images",
        "linked folders, in which DVC sees no change (2 in all; put the folders themselves there): yield, zebra",
    )


def test_pipes_and_broken_links_are_refused(tmp_path):
    made(tmp_path, "stop/1.png")
    os.mkfifo(tmp_path / "stop/pipe.png")
    (tmp_path / "stop/link.png").symlink_to("nowhere.png")
    assert_refused(tmp_path, "(2 in all; remove them): stop/link.png, stop/pipe.png")


def test_names_that_are_not_utf8_are_refused(tmp_path):
    made(tmp_path, "stop/1.png")
    Path(os.fsdecode(bytes(tmp_path) + b"/stop/\xe4.png")).write_bytes(PPM)
    Path(os.fsdecode(bytes(tmp_path) + b"/\xfc")).mkdir()
    assert_refused(tmp_path, r"has names that are not UTF-8 (2 in all; rename them): \udcfc, stop/\udce4.png")


def test_folders_that_dvc_does_not_see_are_refused_and_files_passed_over(tmp_path):
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvcignore").write_text("logs\n*~\n")
    images = made(tmp_path / "data/images", "stop/1.png", "stop/1.png~")
    assert survey(images).passed_over == {"files that .dvcignore hides": 1}
    made(images, "logs/1.png", "stop/logs/1.png")
    assert_refused(
        images,
        "has folders that .dvcignore hides, so that DVC sees no change in them (2 in all; rename them, or change "
        ".dvcignore): logs, stop/logs",
    )
    (tmp_path / ".dvcignore").write_text("/logs\n")
    (images / ".dvcignore").write_text("stop/logs/\n")
    assert_refused(images, "(1 in all; rename them, or change .dvcignore): stop/logs")


def test_the_projects_own_dvcignore_hides_no_class(tmp_path):
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvcignore").write_text((Path(__file__).parents[2] / ".dvcignore").read_text())
    images = made(tmp_path / "data/images", "logs/1.png", "downloads/1.png")
    assert survey(images).images == ["downloads/1.png", "logs/1.png"]


def test_what_is_no_folder_is_named(tmp_path):
    assert_refused(tmp_path / "nowhere", "nowhere is no folder; it should hold a folder of images for each class")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_folders_that_may_not_be_read_are_named(tmp_path):
    made(tmp_path, "stop/1.png", "yield/1.png")
    (tmp_path / "yield").chmod(0)
    assert_refused(tmp_path, "folders that cannot be listed (1 in all; change their permissions): ")
    (tmp_path / "yield").chmod(0o700)

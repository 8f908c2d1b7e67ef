"""Zip archives are read without trust."""

import io
import re
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signs.core import zips
from signs.core.errors import UserError
from signs.sources import archives

MEBIBYTE = 2**20
CENTRAL, LOCAL = b"PK\x01\x02", b"PK\x03\x04"


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method, compresslevel=1) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


def patched(archive: bytes, header: bytes, offset: int, form: str, value: int) -> bytes:
    """The archive with one field of its first header of a kind overwritten."""
    content = bytearray(archive)
    struct.pack_into(form, content, archive.index(header) + offset, value)
    return bytes(content)


ARCHIVE = zipped({"train.p": b"some content" * 50, "notes/read me.txt": b"hello"})


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def read(path: Path) -> dict[str, bytes]:
    with archives.opened(path) as archive:
        return {name: zips.content(archive, name) for name in archive.namelist()}


@given(
    members=st.dictionaries(st.from_regex(r"[a-z]{1,8}(/[a-z ]{1,8})?", fullmatch=True), st.binary(max_size=500)),
    method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
)
def test_an_archive_gives_back_what_was_put_in(tmp_path_factory, members, method):
    path = write(tmp_path_factory.getbasetemp() / "members.zip", zipped(members, method))
    assert read(path) == members


@given(position=st.integers(0, len(ARCHIVE) - 1), byte=st.integers(0, 255))
def test_one_wrong_byte_is_noticed_or_harmless(tmp_path_factory, position, byte):
    content = bytearray(ARCHIVE)
    content[position] = byte
    path = write(tmp_path_factory.getbasetemp() / "damaged.zip", bytes(content))
    try:
        contents = read(path)
    except UserError:
        return
    assert set(contents.values()) <= {b"some content" * 50, b"hello"}


@given(length=st.integers(0, len(ARCHIVE) - 1))
def test_a_truncated_archive_is_refused(tmp_path_factory, length):
    path = write(tmp_path_factory.getbasetemp() / "short.zip", ARCHIVE[:length])
    with pytest.raises(UserError, match="an empty file" if length == 0 else "no whole zip archive"):
        read(path)


@pytest.mark.parametrize(
    "page", ["<!DOCTYPE html>\n<html>", "\ufeff\n <HTML lang='de'>", "<?xml version='1.0'?><!doctype HTML PUBLIC>"]
)
def test_a_page_is_called_a_page(tmp_path, page):
    path = write(tmp_path / "page.zip", page.encode())
    with pytest.raises(UserError, match=r"page\.zip is an HTML page, no zip archive .*; delete it and get it again"):
        read(path)


def test_a_bomb_is_refused(tmp_path):
    path = write(tmp_path / "bomb.zip", zipped({"train.p": bytes(200 * MEBIBYTE)}))
    assert path.stat().st_size < 2 * MEBIBYTE
    with pytest.raises(UserError, match=r"'train.p', .* bytes that unpack to 209,715,200: refused as a zip bomb"):
        read(path)


def test_a_bomb_that_calls_itself_small_unpacks_to_no_more_than_it_says(tmp_path):
    bomb = zipped({"train.p": bytes(200 * MEBIBYTE)})
    path = write(tmp_path / "bomb.zip", patched(bomb, CENTRAL, 24, "<L", 1000))
    tracemalloc.start()
    try:
        with pytest.raises(UserError, match="Bad CRC-32"):
            read(path)
        assert tracemalloc.get_traced_memory()[1] < 16 * MEBIBYTE
    finally:
        tracemalloc.stop()


def test_a_bomb_that_calls_its_packed_size_large_is_refused(tmp_path):
    bomb = zipped({"train.p": bytes(200 * MEBIBYTE)})
    path = write(tmp_path / "bomb.zip", patched(bomb, CENTRAL, 20, "<L", 150 * MEBIBYTE))
    with pytest.raises(UserError, match=r"bomb\.zip has .* bytes that unpack to 209,715,200: refused as a zip bomb"):
        read(path)


def test_members_that_overlap_are_refused(tmp_path):
    archive = zipped({"a": bytes(60 * MEBIBYTE)})
    start, end = archive.index(CENTRAL), archive.index(b"PK\x05\x06")
    table = archive[start:end] * 10
    ending = bytearray(archive[end:])
    struct.pack_into("<HHL", ending, 8, 10, 10, len(table))
    path = write(tmp_path / "overlap.zip", archive[:start] + table + bytes(ending))
    with pytest.raises(UserError, match="bytes that unpack to 629,145,600: refused as a zip bomb"):
        read(path)


def test_millions_of_members_are_refused_before_they_are_listed(tmp_path):
    archive = zipped({"a": b""})
    start, end = archive.index(CENTRAL), archive.index(b"PK\x05\x06")
    table = archive[start:end] * 1_000_000
    ending = bytearray(archive[end:])
    struct.pack_into("<L", ending, 12, len(table))
    path = write(tmp_path / "many.zip", archive[:start] + table + bytes(ending))
    with pytest.raises(UserError, match="its list of members has 47,000,000 bytes; at most 16,777,216 are read"):
        read(path)


def test_wrong_content_is_noticed(tmp_path):
    archive = zipped({"train.p": b"some content"}, zipfile.ZIP_STORED).replace(b"some content", b"other matter")
    with pytest.raises(UserError, match=r"no whole zip archive \(Bad CRC-32 for file 'train.p'\)"):
        read(write(tmp_path / "a.zip", archive))


def test_an_encrypted_member_is_refused(tmp_path):
    archive = patched(patched(zipped({"train.p": b"secret"}), CENTRAL, 8, "<H", 1), LOCAL, 6, "<H", 1)
    with pytest.raises(UserError, match=r"'train\.p', encrypted .* pack it again without a password, by deflate"):
        read(write(tmp_path / "a.zip", archive))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_whose_output_cannot_be_bounded_are_refused(tmp_path, method):
    with pytest.raises(UserError, match="packed by an uncommon method"):
        read(write(tmp_path / "a.zip", zipped({"train.p": b"content"}, method)))


@pytest.mark.parametrize(
    "name",
    ["../train.p", "a/../../train.p", "/train.p", "C:\\train.p", "c:train.p", "..\\train.p", "\\\\host\\share\\a"],
)
def test_a_name_that_leaves_the_folder_is_refused(tmp_path, name):
    with pytest.raises(UserError, match=f"holds {re.escape(repr(name))}, a path that leaves the folder: refused"):
        read(write(tmp_path / "a.zip", zipped({"ok": b"", name: b""})))


@pytest.mark.parametrize("name", ["a/b/train.p", "..train.p", "a..b/c", "12:30.txt", "a\\b.txt"])
def test_a_name_that_stays_in_the_folder_is_read(tmp_path, name):
    assert read(write(tmp_path / "a.zip", zipped({name: b"content"}))) == {name: b"content"}


def test_a_name_in_damaged_utf_8_is_noticed(tmp_path):
    content = zipped({"Fußgänger.p": b"content"}).replace("ß".encode(), b"\xff\xfe")
    with pytest.raises(UserError, match=r"no whole zip archive \('utf-8' codec can't decode"):
        read(write(tmp_path / "a.zip", content))

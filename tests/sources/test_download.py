import contextlib
import gzip
import hashlib
import io
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from signs.core.errors import UserError
from signs.sources import download, transfer

ROOT = Path(__file__).parents[2]


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)  # dated 1980: the same digest in each process
    return buffer.getvalue()


ARCHIVE = zipped({"train.p": b"some content" * 50, "notes/read me.txt": b"hello"})
SHA256 = hashlib.sha256(ARCHIVE).hexdigest()
OTHER = "0" * 64


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(download, "PAUSES_SECONDS", (0, 0))


def files(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.iterdir()] if folder.exists() else []


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


# What lies on this machine


def test_a_path_is_used_where_it_lies(tmp_path):
    path = write(tmp_path / "a b.zip", ARCHIVE)
    assert download.fetch([str(path)], SHA256, tmp_path / "kept") == path
    assert not (tmp_path / "kept").exists()


def test_a_file_address_is_used_where_it_lies(tmp_path):
    path = write(tmp_path / "a b%.zip", ARCHIVE)
    assert path.as_uri().endswith("a%20b%25.zip")
    assert download.fetch([path.as_uri()], SHA256, tmp_path / "kept") == path


def test_a_path_may_start_at_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    path = write(tmp_path / "a.zip", ARCHIVE)
    assert download.fetch(["~/a.zip"], SHA256, tmp_path / "kept") == path


def test_a_digest_may_be_in_capitals_or_an_md5(tmp_path):
    path = write(tmp_path / "a.zip", ARCHIVE)
    assert download.fetch([str(path)], SHA256.upper(), tmp_path) == path
    assert download.fetch([str(path)], f"md5:{hashlib.md5(ARCHIVE).hexdigest()}", tmp_path) == path


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.zip: there is no such file"):
        download.fetch([str(tmp_path / "nowhere.zip")], SHA256, tmp_path)


@pytest.mark.parametrize("address", ["ftp://example.org/signs.zip", "data", "", "."])
def test_what_is_no_address_and_no_file_is_told_how_addresses_start(tmp_path, address):
    with pytest.raises(UserError, match="no such file; an address starts with https://, http:// or file://"):
        download.fetch([address], SHA256, tmp_path)


def test_a_wrong_checksum_names_what_was_found_and_what_expected(tmp_path):
    path = write(tmp_path / "a.zip", ARCHIVE)
    with pytest.raises(UserError, match=f"its SHA256 is {SHA256}, expected {OTHER}$"):
        download.fetch([str(path)], OTHER, tmp_path / "kept")
    with pytest.raises(UserError, match=f"its MD5 is {hashlib.md5(ARCHIVE).hexdigest()}, expected {'0' * 32}$"):
        download.fetch([str(path)], f"md5:{'0' * 32}", tmp_path / "kept")
    assert files(tmp_path) == [ARCHIVE]


# What is downloaded


def test_an_address_is_downloaded_with_a_progress_bar(site, tmp_path, capfd):
    write(site.folder / "a.zip", ARCHIVE)
    path = download.fetch([f"{site.url}/a.zip"], SHA256, tmp_path / "kept")
    assert files(tmp_path / "kept") == [path.read_bytes()] == [ARCHIVE]
    output, errors = capfd.readouterr()
    assert output == ""
    assert "100%" in errors


@pytest.mark.parametrize("digest", [SHA256, None])
def test_a_rerun_does_not_download_again(site, tmp_path, digest):
    write(site.folder / "a.zip", ARCHIVE)
    first = download.fetch([f"{site.url}/a.zip"], digest, tmp_path / "kept")
    assert download.fetch([f"{site.url}/a.zip"], digest, tmp_path / "kept") == first
    assert site.requested == ["a.zip"]


@pytest.mark.parametrize("digest", [SHA256, None])
def test_a_rerun_asks_no_mirror_before_it_looks_at_what_is_kept(site, tmp_path, digest):
    write(site.folder / "b.zip", ARCHIVE)
    mirrors = [f"{site.url}/a.zip", f"{site.url}/b.zip"]
    first = download.fetch(mirrors, digest, tmp_path / "kept")
    assert download.fetch(mirrors, digest, tmp_path / "kept") == first
    assert site.requested == ["a.zip", "b.zip"]


@pytest.mark.parametrize("digest", [SHA256, None])
def test_a_damaged_download_is_downloaded_again(site, tmp_path, digest):
    write(site.folder / "a.zip", ARCHIVE)
    path = download.fetch([f"{site.url}/a.zip"], digest, tmp_path / "kept")
    write(path, ARCHIVE[: len(ARCHIVE) // 2])
    assert download.fetch([f"{site.url}/a.zip"], digest, tmp_path / "kept").read_bytes() == ARCHIVE
    assert site.requested == ["a.zip", "a.zip"]
    assert files(tmp_path / "kept") == [ARCHIVE]


def test_another_digest_is_another_download(site, tmp_path):
    write(site.folder / "a.zip", ARCHIVE)
    first = download.fetch([f"{site.url}/a.zip"], SHA256, tmp_path / "kept")
    newer = zipped({"b": b"newer"})
    write(site.folder / "a.zip", newer)
    second = download.fetch([f"{site.url}/a.zip"], hashlib.sha256(newer).hexdigest(), tmp_path / "kept")
    assert (first.read_bytes(), second.read_bytes()) == (ARCHIVE, newer)


def test_a_wrong_checksum_leaves_nothing_behind_and_an_earlier_download_alone(site, tmp_path):
    write(site.folder / "a.zip", ARCHIVE)
    good = download.fetch([f"{site.url}/a.zip"], SHA256, tmp_path / "kept")
    with pytest.raises(UserError, match=f"its SHA256 is {SHA256}, expected {OTHER}$"):
        download.fetch([f"{site.url}/a.zip"], OTHER, tmp_path / "kept")
    assert files(tmp_path / "kept") == [good.read_bytes()] == [ARCHIVE]
    assert site.requested == ["a.zip", "a.zip"]  # a wrong file is not asked for again


@pytest.mark.parametrize("first", ["missing.zip", "other.zip", "page.zip"])
@pytest.mark.parametrize("digest", [SHA256, None])
def test_the_second_mirror_serves_where_the_first_fails(site, tmp_path, first, digest):
    write(site.folder / "page.zip", b"\n<!DOCTYPE html><html><title>Sign in</title></html>")
    if digest:
        write(site.folder / "other.zip", zipped({"other": b""}))
    write(site.folder / "a.zip", ARCHIVE)
    path = download.fetch([f"{site.url}/{first}", f"{site.url}/a.zip"], digest, tmp_path / "kept")
    assert files(tmp_path / "kept") == [path.read_bytes()] == [ARCHIVE]


def test_the_second_mirror_serves_where_nobody_listens_at_the_first(site, tmp_path):
    write(site.folder / "a.zip", ARCHIVE)
    mirrors = ["http://127.0.0.1:9/a.zip", str(tmp_path / "nowhere.zip"), f"{site.url}/a.zip"]
    assert download.fetch(mirrors, SHA256, tmp_path / "kept").read_bytes() == ARCHIVE


def test_each_mirror_that_fails_is_named_with_its_reason(site, tmp_path):
    write(site.folder / "other.zip", zipped({"other": b""}))
    mirrors = ["http://127.0.0.1:9/a.zip", f"{site.url}/missing.zip", f"{site.url}/other.zip", "here.zip"]
    with pytest.raises(UserError, match="SHA256") as caught:
        download.fetch(mirrors, SHA256, tmp_path / "kept")
    reasons = str(caught.value).split("; http") + str(caught.value).split("; here")
    assert reasons[0] == "http://127.0.0.1:9/a.zip: no connection"
    assert reasons[1].endswith("missing.zip: the server answers 404 Not Found")
    assert reasons[2].partition("other.zip: ")[2].startswith("its SHA256 is ")
    assert reasons[-1].startswith(".zip: there is no such file")
    assert files(tmp_path / "kept") == []


def test_a_server_that_is_busy_twice_is_asked_a_third_time(site, tmp_path):
    write(site.folder / "a.zip", ARCHIVE)
    site.failures["a.zip"] = 2
    assert download.fetch([f"{site.url}/a.zip"], SHA256, tmp_path / "kept").read_bytes() == ARCHIVE
    assert site.requested == ["a.zip"] * 3


def test_a_server_that_stays_busy_is_given_up(site, tmp_path):
    site.failures["a.zip"] = 9
    with pytest.raises(UserError, match="the server answers 503 Service Unavailable"):
        download.fetch([f"{site.url}/a.zip"], SHA256, tmp_path / "kept")
    assert site.requested == ["a.zip"] * 3


def test_a_missing_file_is_asked_for_once(site, tmp_path):
    with pytest.raises(UserError, match="the server answers 404 Not Found"):
        download.fetch([f"{site.url}/a.zip"], None, tmp_path / "kept")
    assert site.requested == ["a.zip"]


@pytest.mark.parametrize("digest", [SHA256, None])
def test_a_transfer_that_was_cut_is_repeated(site, tmp_path, digest):
    write(site.folder / "a.zip", ARCHIVE)
    site.cuts["a.zip"] = 1
    path = download.fetch([f"{site.url}/a.zip"], digest, tmp_path / "kept")
    assert files(tmp_path / "kept") == [path.read_bytes()] == [ARCHIVE]
    assert site.requested == ["a.zip"] * 2


@pytest.mark.parametrize("digest", [SHA256, None])
def test_a_transfer_that_is_always_cut_is_never_kept(site, tmp_path, digest):
    write(site.folder / "a.zip", ARCHIVE)
    site.cuts["a.zip"] = 9
    with pytest.raises(UserError, match="the connection breaks off before the end of the file"):
        download.fetch([f"{site.url}/a.zip"], digest, tmp_path / "kept")
    assert files(tmp_path / "kept") == []
    assert site.requested == ["a.zip"] * 3


KILLED = """
import os, signal, sys
from pathlib import Path
from signs.sources import download

def kill(event, arguments):
    if event == "shutil.move":  # once all of it is there
        os.kill(os.getpid(), signal.SIGKILL)

sys.addaudithook(kill)
download.fetch([sys.argv[1]], None, Path(sys.argv[2]))
"""


def test_a_killed_download_leaves_nothing_that_the_next_does_not_clean_up(site, tmp_path):
    write(site.folder / "a.zip", ARCHIVE)
    command = [sys.executable, "-c", KILLED, f"{site.url}/a.zip", tmp_path / "kept"]
    assert subprocess.run(command, cwd=ROOT, capture_output=True, check=False).returncode == -signal.SIGKILL
    path = download.fetch([f"{site.url}/a.zip"], None, tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == [path]
    assert path.read_bytes() == ARCHIVE


def test_a_page_instead_of_a_zip_is_not_kept(site, tmp_path):
    write(site.folder / "a.zip", b"<html>Sign in</html>")
    with pytest.raises(UserError, match="it is an HTML page, no zip archive"):
        download.fetch([f"{site.url}/a.zip"], None, tmp_path / "kept")
    with pytest.raises(UserError, match=rf"expected {SHA256} \(it is an HTML page, no zip archive\)"):
        download.fetch([f"{site.url}/a.zip"], SHA256, tmp_path / "kept")
    assert files(tmp_path / "kept") == []


@pytest.mark.parametrize("address", ["http://", "http://[", "https://user@:1:2/a.zip", "http://127.0.0.1:99999/a.zip"])
def test_an_address_that_means_nothing_is_an_error(tmp_path, address):
    with pytest.raises(UserError, match=f"^{re.escape(download.shown(address))}: "):
        download.fetch([address], None, tmp_path / "kept")


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("../../up.zip", "up.zip"),
        ("..%2F..%2Fup.zip", "..%2F..%2Fup.zip"),
        ("a.zip?of=/../../b#/../c", "a.zip"),
        ("~odd name;$(x)|:*.zip", "~odd%20name;$(x)%7C:*.zip"),
        ("ü" * 40, "%C3%BC" * 40),
    ],
)
def test_no_address_chooses_where_it_is_kept(site, tmp_path, address, name):
    write(site.folder / name, ARCHIVE)
    path = download.fetch([f"{site.url}/{address}"], SHA256, tmp_path / "kept")
    assert list((tmp_path / "kept").iterdir()) == [path]
    assert re.fullmatch(r"[0-9a-f]{16}-[A-Za-z0-9._-]{0,80}", path.name)


# What servers may do, by mistake or on purpose

PACKED = gzip.compress(bytes(2**20))


def answer(site, monkeypatch, *lines, body=(), pause=0.0):
    """Lets the site answer with these lines and parts of a body, with a pause before each part."""

    def do_get(handler):
        handler.server.requested.append(handler.path)
        handler.wfile.write("\r\n".join(["HTTP/1.0 200 OK", *lines, "", ""]).encode())
        with contextlib.suppress(ConnectionError):
            for part in body:
                time.sleep(pause)
                handler.wfile.write(part)

    monkeypatch.setattr(site.RequestHandlerClass, "do_GET", do_get)


def refusal(site, tmp_path):
    with pytest.raises(UserError) as caught:
        download.fetch([f"{site.url}/a.zip"], None, tmp_path / "kept")
    assert files(tmp_path / "kept") == []
    return str(caught.value).removeprefix(f"{site.url}/a.zip: ")


@pytest.mark.parametrize("lines", [["Content-Length: 5000000000"], []])
def test_too_many_bytes_are_refused_whether_they_are_declared_or_not(site, tmp_path, monkeypatch, lines):
    monkeypatch.setattr(transfer, "MAX_BYTES", 2**20)
    answer(site, monkeypatch, *lines, body=[bytes(2**16)] * 100)
    said = r"it has [0-9,]+ bytes or more; at most 1,048,576 are downloaded"
    assert re.fullmatch(said, refusal(site, tmp_path))
    assert len(site.requested) == 1


def test_a_compressed_transfer_is_refused_and_not_unpacked(site, tmp_path, monkeypatch):
    answer(site, monkeypatch, "Content-Encoding: gzip", f"Content-Length: {len(PACKED)}", body=[PACKED])
    assert refusal(site, tmp_path) == "the server sends it compressed (gzip), though asked not to"


def test_a_transfer_without_end_is_given_up(site, tmp_path, monkeypatch):
    monkeypatch.setattr(transfer, "MAX_SECONDS", 0.5)
    answer(site, monkeypatch, body=[b"a"] * 100, pause=0.05)
    assert refusal(site, tmp_path) == "it is not there after 0.5 seconds"


def test_a_slow_transfer_is_given_up(site, tmp_path, monkeypatch):
    monkeypatch.setattr(transfer, "WINDOW_SECONDS", 0.5)
    answer(site, monkeypatch, body=[b"a"] * 100, pause=0.05)
    assert refusal(site, tmp_path) == "it comes with less than 4,096 bytes a second"


def test_a_stall_in_the_middle_is_told_from_no_connection(site, tmp_path, monkeypatch):
    monkeypatch.setattr(transfer, "TIMEOUT_SECONDS", 0.2)
    answer(site, monkeypatch, "Content-Length: 9", body=[b"half", b"half"], pause=0.15)
    assert refusal(site, tmp_path) == transfer.BROKEN
    answer(site, monkeypatch, "Content-Length: 9", body=[b"half", b"half"], pause=1)
    assert refusal(site, tmp_path) == "the transfer stalls: 30 seconds without a byte of the file"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://example.org/a.zip?token=secret#part", "https://example.org/a.zip"),
        ("https://me:secret@example.org/a.zip", "https://...@example.org/a.zip"),
        ("https://me:sec/r?et@example.org:1/a.zip", "https://...@example.org:1/a.zip"),
        ("file:///home/me/a.zip", "file:///home/me/a.zip"),
        ("data/a.zip", "data/a.zip"),
    ],
)
def test_of_an_address_no_secret_is_shown(address, shown):
    assert download.shown(address) == shown


def test_no_secret_of_an_address_is_printed(site, tmp_path, capfd):
    secret = [f"http://me:secret@{site.url[7:]}/a.zip?token=secret", "http://me:secret@127.0.0.1:9/a.zip"]
    with pytest.raises(UserError) as caught:
        download.fetch([*secret, "https://me:secret@:1:2/a"], None, tmp_path / "kept")
    assert "secret" not in str(caught.value) + "".join(capfd.readouterr())
    write(site.folder / "a.zip", ARCHIVE)
    download.fetch(secret, None, tmp_path / "kept")
    assert "secret" not in "".join(capfd.readouterr())

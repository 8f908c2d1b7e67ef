"""A server on loopback, in a process of its own."""

import concurrent.futures
import io
import json
import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from signs.deployment import server as served
from signs.deployment.models import load


def encoded(image, kind):
    file = io.BytesIO()
    Image.fromarray(image).save(file, kind)
    return file.getvalue()


def png(image):
    return encoded(image, "PNG")


def form(files):
    """The body of multipart/form-data; boundary=X."""
    parts = b"".join(
        b'--X\r\nContent-Disposition: form-data; name="images"; filename="%s"\r\n\r\n%s\r\n' % (name.encode(), content)
        for name, content in files.items()
    )
    return parts + b"--X--\r\n"


@pytest.fixture(scope="module")
def running(exported):
    command = [sys.executable, "-m", "signs", "serve", "--port", "0", "--model", str(exported)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        line = process.stderr.readline()
        yield re.search(r"http://[\d.:]+", line)[0], process
        process.terminate()
        assert "Traceback" not in process.stderr.read()
    assert process.returncode is not None


@pytest.fixture(scope="module")
def url(running):
    return running[0]


def call(url, body=None, **headers):
    request = urllib.request.Request(url, body, {name.replace("_", "-"): text for name, text in headers.items()})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def upload(url, files):
    """Sends files as a form."""
    return call(f"{url}/predict", form(files), Content_Type="multipart/form-data; boundary=X")


def detail(answer):
    status, body = answer
    return status, json.loads(body)["detail"]


def test_the_bytes_of_an_image_are_answered_as_the_library_answers(url, exported, images):
    status, body = call(f"{url}/predict", png(images[0]), Content_Type="image/png")
    (answer,) = json.loads(body)["predictions"]
    (expected,) = load(exported).predict(images[:1])
    assert status == 200
    assert answer["name"] == expected.name
    assert answer["class_id"] == expected.class_id
    assert answer["known"] == expected.known
    assert answer["confidence"] == pytest.approx(expected.confidence, abs=1e-6)
    assert answer["top"][0]["name"] == expected.name
    assert len(answer["top"]) == 3


def test_the_files_of_a_form_are_answered_in_their_order(url, exported, images):
    status, body = upload(url, {f"{number}.png": png(image) for number, image in enumerate(images)})
    answers = json.loads(body)["predictions"]
    assert status == 200
    assert [answer["file"] for answer in answers] == [f"{number}.png" for number in range(len(images))]
    assert [answer["name"] for answer in answers] == [found.name for found in load(exported).predict(images)]


def test_many_clients_at_once_each_get_their_own_answer(url, exported, images):
    expected = [found.name for found in load(exported).predict(images)] * 8
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = pool.map(lambda image: call(f"{url}/predict", png(image)), [*images] * 8)
        assert [json.loads(body)["predictions"][0]["name"] for _, body in answers] == expected


def test_health_schema_and_page_are_there(url, exported):
    assert json.loads(call(f"{url}/health")[1])["status"] == "ok"
    schema = json.loads(call(f"{url}/openapi.json")[1])
    assert {"200", "400", "408", "413", "422", "503"} <= set(schema["paths"]["/predict"]["post"]["responses"])
    assert b"<h1>Which traffic sign is it?</h1>" in call(url)[1]


@pytest.mark.parametrize(
    ("body", "headers", "status", "said"),
    [
        (b"", {}, 400, "the request is empty; send an image"),
        (b"no image", {}, 422, "image cannot be read as"),
        (b"--X--\r\n", {"Content_Type": "multipart/form-data; boundary=X"}, 400, "the form holds no file"),
        (b"anything", {"Content_Type": "multipart/form-data"}, 400, "the form cannot be read"),
        (b"anything", {"Content_Type": "multipart/form-data; boundary=X"}, 400, "the form"),
        (b"x" * (served.MAX_FILE_BYTES + 1), {}, 413, "an image may have 16,777,216 bytes"),
        (b"x" * (served.MAX_REQUEST_BYTES + 1), {}, 413, "a request may have 67,108,864 bytes"),
    ],
    ids=["empty", "no-image", "no-file", "no-boundary", "no-part", "large-file", "large-request"],
)
def test_a_malformed_upload_is_refused_with_a_sentence(url, body, headers, status, said):
    found, sentence = detail(call(f"{url}/predict", body, **headers))
    assert found == status
    assert said in sentence


def test_all_unreadable_files_are_named(url, images):
    status, sentence = detail(upload(url, {"a.png": b"a", "b.png": png(images[0]), "c.png": b"c"}))
    assert status == 422
    assert "a.png cannot" in sentence
    assert "c.png cannot" in sentence
    assert "b.png" not in sentence


def test_too_many_files_are_refused(url, images):
    files = {f"{number}.png": png(images[0]) for number in range(served.MAX_FILES + 1)}
    assert detail(upload(url, files))[0] == 400


@given(
    content=st.binary(max_size=300), kind=st.sampled_from(["image/png", "multipart/form-data; boundary=X", "a/b", ""])
)
def test_no_upload_makes_the_server_fail(url, content, kind):
    status, body = call(f"{url}/predict", content, Content_Type=kind)
    assert 400 <= status < 500
    assert json.loads(body)["detail"]


@st.composite
def damaged(draw, whole):
    """A whole upload with a few places cut out, doubled or overwritten."""
    content = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = start + draw(st.integers(0, 40))
        content[start:end] = draw(st.one_of(st.binary(max_size=20), st.just(bytes(content[start:end]) * 2)))
    return bytes(content)


@given(data=st.data(), kind=st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "PPM"]))
def test_a_damaged_image_in_a_damaged_form_is_answered_or_refused_with_a_sentence(url, images, data, kind):
    content = data.draw(damaged(encoded(images[0], kind)))
    body = data.draw(st.one_of(st.just(form({"a.png": content})), damaged(form({"a.png": content}))))
    charset = data.draw(st.sampled_from(["", "; charset=utf-7", "; charset=hex", "; charset=unicode_escape"]))
    status, answer = call(f"{url}/predict", body, Content_Type=f"multipart/form-data; boundary=X{charset}")
    assert status in (200, 400, 413, 422)
    assert json.loads(answer).keys() <= {"predictions", "detail"}


@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape", "hex", "idna", "no-such"])
def test_the_name_of_a_file_in_any_declared_encoding_is_answered(url, images, charset):
    for content in (png(images[0]), b"no image"):
        body = form({"+2AA-\\ud800.png": content})
        status, answer = call(
            f"{url}/predict", body, Content_Type=f"multipart/form-data; boundary=X; charset={charset}"
        )
        assert status in (200, 400, 422)
        assert json.loads(answer)


def test_an_upload_that_breaks_off_leaves_the_server_well(url):
    host, port = url.removeprefix("http://").split(":")
    for _ in range(3):
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf")
    assert call(f"{url}/health")[0] == 200


def test_many_requests_leave_its_memory_as_it_was(running, images):
    url, process = running
    body = png(images[0])
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: call(f"{url}/predict", body), range(300)))
        before = psutil.Process(process.pid).memory_info().rss
        list(pool.map(lambda _: call(f"{url}/predict", body), range(int(os.environ.get("SIGNS_REQUESTS", "700")))))
    assert psutil.Process(process.pid).memory_info().rss - before < 20 * 2**20


def test_a_photo_chosen_on_the_page_is_named(url, exported, images, tmp_path, chromium):
    (tmp_path / "sign.png").write_bytes(png(images[0]))
    (tmp_path / "note.png").write_text("no image")
    (expected,) = load(exported).predict(images[:1])
    with chromium() as page:
        page.goto(url)
        page.set_input_files("#files", [tmp_path / "sign.png", tmp_path / "note.png"])
        page.locator("#results li").nth(1).wait_for()
        texts = page.locator("#results li").all_inner_texts()
        assert expected.name in texts[1]
        assert "cannot be read as" in texts[0]
        assert page.get_by_role("status").inner_text()


def test_a_taken_port_ends_in_one_line(url, exported):
    port = url.rsplit(":", 1)[1]
    command = [sys.executable, "-m", "signs", "serve", "--port", port, "--model", str(exported)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert re.fullmatch(r"signs serve: 127\.0\.0\.1:\d+ cannot be served: .*; --port takes another\n", done.stderr)

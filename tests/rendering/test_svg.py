"""Drawing an SVG takes bounded time and memory, and ends with the process that asked for it."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from signs.core.errors import UserError
from signs.rendering import drawings, svg

ROOT = Path(__file__).parents[2]
RED = '<rect width="100" height="100" fill="red"/>'


def drawn(content):
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100">{content}</svg>'


def nested(kind, property):
    """Twelve of a kind, each with the next one twice."""
    return "".join(
        f'<{kind} id="a{i}">'
        + f'<rect width="100" height="100" fill="white" {property}="url(#a{i + 1})"/>' * 2
        # Two that differ, or one is drawn for both.
        + f'<rect width="50" height="99" fill="white" {property}="url(#a{i + 1})"/></{kind}>'
        for i in range(12)
    )


HOSTILE = {
    "masks": f'{nested("mask", "mask")}<rect width="100" height="100" mask="url(#a0)"/>',
    "clips": f'{nested("clipPath", "clip-path")}<rect width="100" height="100" clip-path="url(#a0)"/>',
    "pattern": '<pattern id="a" width="100000" height="100000" patternUnits="userSpaceOnUse">'
    '<rect width="100000" height="100000" fill="red"/></pattern><rect width="100" height="100" fill="url(#a)"/>',
    "groups": "<g>" * 600 + "</g>" * 600,
}


@pytest.fixture
def hurried(monkeypatch):
    monkeypatch.setattr(svg, "MAX_SECONDS", 1)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_drawing_that_takes_too_long_or_too_much_memory_is_refused(tmp_path, hurried, name):
    (tmp_path / "a.svg").write_text(drawn(HOSTILE[name]))
    with pytest.raises(UserError, match=r"a\.svg cannot be drawn in 1 seconds and 1 GiB of memory; simplify it$"):
        drawings.read(tmp_path / "a.svg")


def test_many_drawings_may_take_longer_than_one(tmp_path, hurried):
    slow = drawn('<g opacity=".5"><rect width="100" height="100"/></g>' * 40)
    paths = [tmp_path / f"{i}.svg" for i in range(4)]
    for path in paths:
        path.write_text(slow)
    before = os.times().children_user
    assert len(drawings.read_all(paths)) == 4
    assert os.times().children_user - before > 1.2


def test_drawings_of_all_kinds_are_read_in_their_order(tmp_path):
    (tmp_path / "b.svg").write_text(drawn(RED))
    (tmp_path / "a.svg").write_text(drawn(RED.replace("red", "lime")))
    found = drawings.read_all([tmp_path / "b.svg", tmp_path / "a.svg"])
    assert [drawing[0, 0].tolist() for drawing in found] == [[255, 0, 0, 255], [0, 255, 0, 255]]
    assert np.array_equal(drawings.read(tmp_path / "b.svg"), found[0])


@pytest.mark.parametrize("name", ["a.svg", "a.png"])
def test_a_pipe_is_no_drawing(tmp_path, name):
    os.mkfifo(tmp_path / name)
    with pytest.raises(UserError, match=rf"{re.escape(name)} is (no file|a pipe or a device)"):
        drawings.read(tmp_path / name)


def children(process):
    return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()


def is_running(pid):
    status = Path(f"/proc/{pid}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_drawing_ends_with_the_process_that_asked_for_it(tmp_path, number):
    (tmp_path / "a.svg").write_text(drawn(HOSTILE["masks"]))
    # A shell lets what it runs in the background ignore interrupts.
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "import sys; from pathlib import Path; from signs.rendering import drawings, svg; svg.MAX_SECONDS = 3\n"
    code += "drawings.read(Path(sys.argv[1]))"
    command = [sys.executable, "-c", code, tmp_path / "a.svg"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        while not (drawing := children(process)):
            time.sleep(0.05)
        process.send_signal(number)
        assert process.wait(timeout=60) == -number
    for _ in range(600):
        if not is_running(drawing[0]):
            return
        time.sleep(0.1)
    pytest.fail("it still draws")

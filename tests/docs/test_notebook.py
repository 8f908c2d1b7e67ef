"""The lesson: docs/article.ipynb runs from its first cell to its last, and gives what is committed.

As a program, this file runs the notebook and writes down what it gives; `make notebook` calls it.
"""

import hashlib
import io
import os
import resource
import tempfile
from base64 import b64decode
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from PIL import Image

NOTEBOOK = Path(__file__).parents[2] / "docs/article.ipynb"
CORES, SECONDS = 2, 180


def read():
    return nbformat.read(NOTEBOOK, as_version=4)


def executed():
    """The notebook after a run in a kernel of its own, in an empty folder."""
    notebook = read()
    with tempfile.TemporaryDirectory() as folder:
        client = NotebookClient(
            notebook,
            timeout=1800,
            startup_timeout=1800,
            record_timing=False,
            coalesce_streams=True,  # else the outputs of a cell are cut where they happened to be sent
            resources={"metadata": {"path": folder}},
            extra_arguments=["--IPKernelApp.capture_fd_output=False"],  # TensorFlow's log, which has times
        )
        client.execute(env=os.environ | {"IPYTHONDIR": folder})
    notebook.metadata = read().metadata  # without the version of Python
    return notebook


@pytest.fixture(scope="module")
def run():
    """The notebook after a run, and the seconds of processor time that it took."""
    before = processor_seconds()
    return executed(), processor_seconds() - before


def processor_seconds():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def without_pictures(cell):
    """A cell with a digest of the pixels in place of each picture: it is short, and the same for all compressors."""
    for output in cell.get("outputs", []):
        if "image/png" in output.get("data", {}):
            pixels = Image.open(io.BytesIO(b64decode(output.data["image/png"]))).convert("RGBA")
            output.data["image/png"] = hashlib.sha256(pixels.tobytes()).hexdigest()
    return cell


def test_it_gives_what_is_committed(run):
    notebook, _ = run
    for found, committed in zip(notebook.cells, read().cells, strict=True):
        assert without_pictures(found) == without_pictures(committed), "make notebook writes down what it gives now"


def test_it_takes_under_three_minutes_on_two_cores(run):
    _, seconds = run
    assert seconds < CORES * SECONDS


def test_it_is_small_and_holds_no_time_and_no_version():
    notebook = read()
    nbformat.validate(notebook)
    assert NOTEBOOK.stat().st_size < 1_000_000
    assert notebook.metadata.language_info == {"name": "python"}
    assert not any(cell.metadata for cell in notebook.cells)


if __name__ == "__main__":
    nbformat.write(executed(), NOTEBOOK)

import hashlib
import os
import pickle
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
import yaml

from signs.core.errors import UserError
from signs.data import datasets
from signs.sources.fetch import fetch

ROOT = Path(__file__).parents[2]
SECTION = yaml.safe_load((ROOT / "params.yaml").read_text())["fetch"]
CAMERA = str(ROOT / SECTION["sample"]["camera"])
SAMPLE = SECTION["sample"] | {"train": 2, "valid": 1, "test": 1, "camera": CAMERA}
SMALL = SECTION | {"sample": SAMPLE}
del SMALL["path"]  # which the stage is given on its command line
ABSENT = {"source": "signs", "url": "http://127.0.0.1:9/signs.zip"}


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder with what the stage reads: the params, the names, two drawings."""
    templates = tmp_path / "data" / "templates"
    templates.mkdir(parents=True)
    for name in ("13.svg", "17.svg"):
        shutil.copy(ROOT / "data" / "templates" / name, templates)
    shutil.copy(ROOT / "data" / "signnames.csv", tmp_path / "data")
    configure(tmp_path)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr("signs.sources.download.PAUSES_SECONDS", ())
    return tmp_path


def configure(project: Path, **settings: object) -> None:
    (project / "params.yaml").write_text(yaml.safe_dump({"fetch": SMALL | {"path": "data/templates"} | settings}))


def run_stage(project: Path, path: str = "data/templates") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "stages", "fetch", "data", path, "data/original"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def fetched(project: Path, path: str = "data/templates", **settings: object) -> datasets.DataSet:
    return fetch(project / "data", project / path, **SMALL | settings)


def written(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def release(path: Path, labels: np.ndarray) -> str:
    """Writes a release zip; gives its SHA-256."""
    content = pickle.dumps({"features": np.ones((len(labels), 4, 4, 3), dtype=np.uint8), "labels": labels})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for split in datasets.SPLITS:
            archive.writestr(f"{split}.p", content)
    return hashlib.sha256(path.read_bytes()).hexdigest()


# The four sources


def test_the_sample_needs_no_network(project):
    dataset = fetched(project)
    assert [row[:3] for row in dataset.classes.rows] == [(13, "Yield", "rendered"), (17, "No entry", "rendered")]
    assert dataset.classes.partners.tolist() == [0, 1]  # both are symmetric
    assert not (project / "data" / "downloads").exists()


def test_a_release_may_have_one_address_or_a_list_of_mirrors(site, project):
    sha256 = release(site.folder / "signs.zip", np.arange(3))
    for url in (f"{site.url}/signs.zip", [f"{site.url}/missing.zip", f"{site.url}/signs.zip"]):
        dataset = fetched(project, "nowhere", source="signs", url=url, sha256=sha256)
        assert dataset.classes.names == ["0", "1", "2"]
    assert site.requested == ["signs.zip"]
    assert len(list((project / "data" / "downloads").iterdir())) == 1


def test_folders_are_read_where_they_lie(project):
    path = project / "data" / "images"
    for name in ("left", "right"):
        (path / name).mkdir(parents=True)
        for i in range(10):
            (path / name / f"{i}.ppm").write_bytes(b"P6 1 1 255\n" + bytes([i, 0, 200]))
    dataset = fetched(project, "data/images", source="folders")
    assert dataset.classes.names == ["left", "right"]
    assert [len(split.labels) for split in dataset.splits.values()] == [14, 2, 4]


def test_photographs_are_counted_by_class_and_split_at_the_end(project, capsys):
    path = project / "data" / "images"
    for name, count in (("left\nturn", 10), ("right", 20)):
        (path / name).mkdir(parents=True)
        for i in range(count):
            (path / name / f"{i}.ppm").write_bytes(b"P6 1 1 255\n" + bytes([i, 0, 200]))
    fetched(project, "data/images", source="folders")
    assert capsys.readouterr().out.splitlines()[-4:] == [
        "class         train   valid    test",
        "0 left turn       7       1       2",
        "1 right          14       2       4",
        "all              21       3       6",
    ]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"source": "sings"}, "fetch.source is 'sings'; Input should be 'sample', 'signs', 'gtsrb' or 'folders'"),
        ({"url": 5}, "fetch.url is 5; Input should be a valid list"),
        ({"url": []}, "fetch.url is []; Value should have at least 1 item after validation, not 0"),
        ({"url": [5]}, "fetch.url.0 is 5; Input should be a valid string"),
        ({"fold": "3/2"}, "fetch.fold is '3/2'; write 2/5 for the second of five folds, or nothing for none"),
        ({"fold": 0.4}, "fetch.fold is 0.4; write 2/5 for the second of five folds, or nothing for none"),
        ({"sha256": "f0f8"}, "fetch.sha256 is 'f0f8'; String should match pattern '^[0-9a-fA-F]{64}$'"),
        ({"sample": None}, "fetch.sample is None; Input should be a valid dictionary"),
        ({"sample": {1: 2}}, "fetch.sample.1 is 1; Input should be a valid string"),
        (
            {"smaple": {}},
            "fetch.smaple is unknown; fetch takes fold, folders, gtsrb, sample, sha256, shard_images, source, url",
        ),
        (
            {"sample": SAMPLE | {"trian": 3}},
            f"fetch.sample.trian is unknown; fetch.sample takes {', '.join(sorted(SAMPLE))}",
        ),
    ],
)
def test_a_wrong_setting_is_named(project, setting, message):
    with pytest.raises(UserError, match=f"^params.yaml: {re.escape(message)}$"):
        fetched(project, **setting)


@pytest.mark.parametrize("source", ["sample", "signs"])
def test_a_source_that_does_not_tell_signs_apart_has_no_folds(project, source):
    with pytest.raises(UserError, match=f"fetch.fold is 1/2, and the source {source} does not tell which images show"):
        fetched(project, source=source, fold="1/2")


@pytest.mark.parametrize("key", sorted(SMALL))
def test_a_missing_setting_is_named(project, key):
    with pytest.raises(UserError, match=rf"^params\.yaml: fetch\.{key} is missing$"):
        fetch(project, project, **{name: value for name, value in SMALL.items() if name != key})


def test_what_lies_in_other_folders_does_not_change_the_sample(project):
    before = fetched(project)
    (project / "data" / "images" / "stop").mkdir(parents=True)
    (project / "data" / "images" / "stop" / "1.png").write_bytes(b"no image")
    after = fetched(project)
    assert all(np.array_equal(after.splits[name].features, part.features) for name, part in before.splits.items())


def test_own_images_need_no_names_of_the_benchmark(project):
    (project / "data" / "signnames.csv").unlink()
    for i in range(10):
        path = project / "data" / "images" / "stop" / f"{i}.ppm"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"P6 1 1 255\n" + bytes([i, 0, 200]))
    assert fetched(project, "data/images", source="folders").classes.names == ["stop"]
    with pytest.raises(UserError, match=r"signnames\.csv is missing; it names the classes"):
        fetched(project)


# The stage by hand


def test_the_stage_writes_what_the_source_gives(project):
    done = run_stage(project)
    assert (done.returncode, done.stderr) == (0, "")
    assert "no photographs" in done.stdout
    expected = fetched(project)
    dataset = datasets.read(project / "data" / "original")
    assert dataset.classes == expected.classes
    for name, split in dataset.splits.items():
        np.testing.assert_array_equal(split.features, expected.splits[name].features)
        np.testing.assert_array_equal(split.labels, expected.splits[name].labels)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"source": "sings"}, "params.yaml: fetch.source is 'sings'"),
        ({"smaple": {}}, "params.yaml: fetch.smaple is unknown"),
        (ABSENT, "fetch.url: http://127.0.0.1:9/signs.zip: no connection. To use rendered images instead: dvc exp run"),
        ({"source": "signs", "url": "nowhere.zip"}, "fetch.url: nowhere.zip: there is no such file"),
        (
            {"source": "folders"},
            "fetch.path: data/templates holds no images; make a folder for each class (stop/1.png), or a CSV file",
        ),
    ],
)
def test_what_goes_wrong_ends_in_one_line_and_leaves_the_former_output(project, settings, message):
    datasets.write(project / "data" / "original", fetched(project))
    before = written(project / "data" / "original")
    configure(project, **settings)
    failed = run_stage(project)
    assert failed.returncode == 1
    assert failed.stdout == ""
    (line,) = failed.stderr.splitlines()
    assert line.startswith(f"fetch: {message}")
    assert written(project / "data" / "original") == before
    assert {path.name for path in (project / "data").iterdir()} - {"downloads"} == {
        "original",
        "signnames.csv",
        "templates",
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is an empty file"),
        (b"<!DOCTYPE html><html>", "is an HTML page, no zip archive"),
        (b"PK\x03\x04 cut short", "is no whole zip archive"),
    ],
)
def test_a_bad_zip_ends_in_one_line_after_the_progress(site, project, content, message):
    (site.folder / "signs.zip").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()
    configure(project, source="signs", url=f"{site.url}/signs.zip", sha256=sha256)
    failed = run_stage(project)
    assert failed.returncode == 1
    *progress, line = failed.stderr.splitlines()
    assert all(re.search(r"\d+%\||B/s", part) for part in progress if part)
    assert line.startswith("fetch: ")
    assert message in line
    assert not (project / "data" / "original").exists()


def test_settings_that_change_while_it_runs_leave_the_former_output(project, site):
    (project / "data" / "original").mkdir()
    release(site.folder / "signs.zip", np.arange(3))
    site.failures["signs.zip"] = 1  # it tries again after a second
    configure(project, source="signs", url=f"{site.url}/signs.zip")
    command = [sys.executable, "-m", "stages", "fetch", "data", "data/templates", "data/original"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=project, env=environment, stderr=subprocess.PIPE, text=True) as running:
        while not site.requested and running.poll() is None:
            time.sleep(0.01)
        configure(project, source="signs", url=f"{site.url}/signs.zip", sample=SAMPLE | {"seed": 2})
        said = running.communicate()[1].splitlines()[-1]
    assert running.returncode == 1
    assert said.startswith("fetch: ")
    assert "params.yaml changed while this ran: fetch.sample.seed was 1 and is 2; set it back" in said
    assert not any((project / "data" / "original").iterdir())

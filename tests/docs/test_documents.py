"""What documents name is there: links, modules, settings, commands and recipes; and their code runs."""

import importlib
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from signs.data import datasets
from signs.data.classes import Classes, SignClass
from signs.data.datasets import DataSet
from signs.data.splits import Split

ROOT = Path(__file__).parents[2]
LISTED = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
DOCUMENTS = [name for name in LISTED.split() if not name.startswith("models/")]  # which the pipeline writes
CURRENT = [name for name in DOCUMENTS if name != "CHANGELOG.md"]  # it tells of former names, too
PARAMS = yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8"))
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
every_document = pytest.mark.parametrize("name", CURRENT)


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def prose(name):
    return FENCE.sub("", text(name))


def blocks(name, language):
    return [content for kind, content in FENCE.findall(text(name)) if kind == language]


def quoted(name):
    return re.findall(r"`([^`\n]+)`", prose(name))


def calls(name, command):
    """The words after a command, wherever a document calls it."""
    lines = [line for block in blocks(name, "") for line in block.replace("\\\n", "").splitlines()] + quoted(name)
    return [shlex.split(line, comments=True)[1:] for line in lines if line.startswith(f"{command} ")]


def anchors(name):
    headings = re.findall(r"^#+ (.+)$", prose(name), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def has_setting(key):
    value = PARAMS
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            return False
        value = value[part]
    return True


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_to_files_and_headings_that_are_there(name):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(name)):
        if "://" not in target:
            file, _, anchor = target.partition("#")
            path = ((ROOT / name).parent / file).resolve() if file else ROOT / name
            assert path.exists(), target
            assert not anchor or anchor in anchors(path.relative_to(ROOT)), target


@every_document
def test_modules_and_functions_that_a_document_names_can_be_imported(name):
    for dotted in quoted(name):
        if re.fullmatch(r"signs(\.\w+)+", dotted):
            assert found(dotted), dotted


def found(dotted):
    try:
        importlib.import_module(dotted)
    except ModuleNotFoundError:
        module, _, attribute = dotted.rpartition(".")
        return hasattr(importlib.import_module(module), attribute)
    return True


@every_document
def test_files_that_a_document_names_are_there(name):
    folders = "benchmarks|docs|presets|recipes|signs|stages|tests"
    for path in quoted(name):
        if re.fullmatch(rf"({folders})/[\w./-]+", path) and not re.search(r"\b(NAME|name)\b", path):
            assert (ROOT / path).exists(), path


@every_document
def test_settings_that_a_document_names_are_in_params(name):
    dotted = [key.partition(":")[0] for key in quoted(name) if re.fullmatch(r"[a-z_]+(\.[a-z_0-9]+)+(:.*)?", key)]
    named = [key for key in dotted if key.partition(".")[0] in PARAMS and not key.endswith(".p")]
    given = [word for call in [*calls(name, "dvc"), *calls(name, "signs")] for word in call if "=" in word]
    for key in [*named, *(word.partition("=")[0] for word in given)]:
        assert has_setting(key), key


@every_document
def test_commands_that_a_document_gives_are_there(name):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {call[0] for call in calls(name, "make")} <= targets
    stages = [word.partition("@")[0] for call in calls(name, "dvc") for word in call if "@" in word and "=" not in word]
    assert set(stages) <= STAGES.keys()


@every_document
def test_recipes_that_a_document_names_are_there(name):
    recipes = {path.stem for path in (ROOT / "recipes").glob("*.yaml")} | PARAMS["synthesis_recipes"].keys()
    run = {word for call in calls(name, "signs") if call[0] == "run" for word in call[1:2]} - {"RECIPE", "NAME"}
    assert run | set(re.findall(r"[Rr]ecipe\s`([\w-]+)`", prose(name))) <= recipes


VERBS = sorted({call[0] for name in CURRENT for call in calls(name, "signs")} - {"VERB"})


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_that_documents_use_tells_what_it_takes(verb):
    command = [sys.executable, "-m", "signs", verb, "--help"]
    assert subprocess.run(command, cwd=ROOT, check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize("block", [block for name in CURRENT for block in blocks(name, "python")])
def test_code_in_a_document_runs_in_the_folder_of_the_project(block, tmp_path, monkeypatch):
    shutil.copy(ROOT / "params.yaml", tmp_path)
    for folder in ("docs", "weights"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    rng = np.random.default_rng(1)
    images = rng.uniform(-1, 1, (20, 32, 32, 1)).astype(np.float32)
    split = Split(images, np.arange(20) % 2)
    names = Classes((SignClass(0, "Stop", "photographs"), SignClass(1, "Yield", "photographs")))
    datasets.write(tmp_path / "data/preprocessed/original", DataSet(split, split, split, names))
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "a document", "exec"), {})

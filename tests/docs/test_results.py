"""Results: the tables of README are those of the records, and each record can be run again."""

import json
from pathlib import Path

import pytest
import yaml

from signs import cli
from signs.commands import recipes, records
from signs.commands.recipes import flat

ROOT = Path(__file__).parents[2]
RECIPES = sorted(path.stem for path in (ROOT / "recipes").glob("*.yaml"))
MEASURED = [name for name in RECIPES if name != "own"]  # which measures the images of whoever runs it


@pytest.fixture(autouse=True)
def _at_the_root(monkeypatch):
    monkeypatch.chdir(ROOT)


def test_the_tables_of_the_readme_are_what_the_command_prints(capsys):
    assert cli.main(["results", "--markdown"]) == 0
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    _, _, rest = readme.partition("<!-- signs results --markdown -->\n")
    assert rest.partition("<!-- end -->")[0] == capsys.readouterr().out


def test_every_recipe_has_a_record_that_names_a_commit_and_data():
    found = records.read_all()
    assert [record.recipe for record in found] == MEASURED
    for record in found:
        assert len(record.commit) == 40
        assert record.data["source"] == record.settings["fetch.source"]
        assert record.metrics


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_sets_what_params_yaml_has_and_nothing_that_it_says_already(name):
    params = flat(yaml.safe_load((ROOT / "params.yaml").read_text(encoding="utf-8")))
    settings = {key: json.loads(value) for key, value in recipes.read(name).settings.items()}
    assert settings.keys() <= params.keys()
    assert not [key for key, value in settings.items() if params[key] == value]

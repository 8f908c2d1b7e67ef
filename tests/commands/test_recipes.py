import pytest

from signs.commands import recipes
from signs.core.errors import UserError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recipes").mkdir()
    return tmp_path / "recipes"


def test_settings_may_be_nested_or_dotted_and_are_what_dvc_takes(folder):
    (folder / "a.yaml").write_text(
        "# What it is\n# More.\ntargets: [evaluate@original]\ntrain: {epochs: 2}\n"
        "networks.convnet: {depths: [[1], [2, 3]]}\nfetch.sha256:\nnative: true\nmerge.name: a b\n"
    )
    recipe = recipes.read("a")
    assert (recipe.name, recipe.description, recipe.targets) == ("a", "What it is", ("evaluate@original",))
    assert recipe.settings == {
        "train.epochs": "2",
        "networks.convnet.depths": "[[1], [2, 3]]",
        "fetch.sha256": "null",
        "native": "true",
        "merge.name": '"a b"',
    }


def test_the_seed_of_a_run_is_that_of_training_and_where_the_recipe_asks_for_it(folder):
    (folder / "a.yaml").write_text("# A\nsynthesize:\n  seed: ${seed}\ntrain.epochs: 2\n")
    assert recipes.read("a").numbered(7) == {"synthesize.seed": "7", "train.epochs": "2", "train.seed": "7"}


def test_what_the_user_sets_wins_over_the_recipe(folder):
    (folder / "a.yaml").write_text("# A\ntargets: [evaluate]\ntrain: {epochs: 2, batch_size: 8}\n")
    changed = recipes.read("a").changed([], ["train.epochs=3", "fetch.url=https://example.org/?a=b"])
    assert changed.targets == ("evaluate",)
    assert changed.settings == {
        "train.epochs": "3",
        "train.batch_size": "8",
        "fetch.url": "https://example.org/?a=b",
    }
    assert recipes.read("a").changed(["report"], []).targets == ("report",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# A\ntargets: evaluate\n", r"recipes/a\.yaml: targets is 'evaluate'; write a list of stages"),
        ("# A\n- 1\n", r"recipes/a\.yaml"),
        ("# A\na: [\n", r"recipes/a\.yaml is not valid YAML"),
    ],
)
def test_another_form_is_an_error_in_one_line(folder, text, message):
    (folder / "a.yaml").write_text(text)
    with pytest.raises(UserError, match=message):
        recipes.read("a")


def test_the_recipes_that_are_there_are_named_for_one_that_is_not(folder):
    for name in ("b", "a"):
        (folder / f"{name}.yaml").write_text("# A\nnative: true\n")
    with pytest.raises(UserError, match=r"recipes/c\.yaml is missing; there are a, b"):
        recipes.read("c")

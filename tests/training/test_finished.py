import pytest

from signs.training import finished
from signs.training.finished import Result
from tests.stripes import settings


@pytest.fixture
def original(tmp_path):
    """The files of a finished training of the key `key`."""
    result = Result(tmp_path / "logs/original", tmp_path / "models/original", tmp_path / "metrics/original/history.csv")
    for folder in (result.logs, result.model, result.table.parent):
        folder.mkdir(parents=True)
    for file in (result.model / "model.keras", result.model / "model.json", result.table):
        file.write_text(f"content of {file.name}")
    finished.note(result, "key")
    return result


def contents(result):
    return [file.read_bytes() for file in (*sorted(result.model.iterdir()), result.table)]


def test_the_result_of_the_same_training_is_copied(original):
    for file in (*original.model.iterdir(), original.table):
        file.chmod(0o444)  # as DVC leaves links to its cache
    augmented = original.of("augmented")
    assert augmented.table.parts[-3:] == ("metrics", "augmented", "history.csv")
    assert finished.copy(augmented, "key") == "original"
    assert contents(augmented) == contents(original)
    assert augmented.table.stat().st_mode & 0o200


def test_no_training_that_is_forced_again_is_a_copy(original):
    assert finished.copy(original, "key") is None
    assert finished.copy(original.of("augmented"), "key")
    for name in ("original", "augmented"):
        assert finished.copy(original.of(name), "key") is None


@pytest.mark.parametrize(
    "change",
    [
        lambda result: (result.model / "model.keras").write_text("other weights"),
        lambda result: (result.model / "model.json").unlink(),
        lambda result: result.table.write_text("another history"),
        lambda result: result.table.unlink(),
        lambda result: (result.logs / "finished-key").write_bytes(b"\xff"),
        lambda result: finished.note(result, "later key"),
    ],
)
def test_a_result_that_was_changed_since_is_not_copied(original, change):
    change(original)
    assert finished.copy(original.of("augmented"), "key") is None
    assert not original.of("augmented").model.exists()


def test_the_result_of_another_training_is_not_copied(original):
    assert finished.copy(original.of("augmented"), "other key") is None


def test_another_setting_data_set_or_preprocessing_is_another_training():
    usual = finished.key(settings(), "0", {"grey": True})
    others = [
        finished.key(settings(epochs=4), "0", {"grey": True}),
        finished.key(settings(), "1", {"grey": True}),
        finished.key(settings(), "0", {"grey": False}),
    ]
    assert len({usual, *others}) == 4
    assert finished.key(settings(), "0", {"grey": True}) == usual

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from signs.core import processor
from signs.core.errors import UserError
from signs.training import checkpoints
from signs.training.checkpoints import State
from tests.stripes import settings

FLOATS = st.floats(allow_nan=False, allow_infinity=False, width=32)
ARRAYS = st.lists(npst.arrays(np.float32, npst.array_shapes(min_dims=0), elements=FLOATS), min_size=1, max_size=12)
HISTORIES = st.lists(FLOATS, min_size=1, max_size=3).map(
    lambda losses: [{"epoch": epoch, "train_loss": loss} for epoch, loss in enumerate(losses)]
)


@given(ARRAYS, ARRAYS, HISTORIES)
def test_a_state_comes_back_as_it_was(tmp_path_factory, variables, kept, history):
    path = tmp_path_factory.mktemp("state") / "state.npz"

    checkpoints.write(path, State(variables, kept, history))
    state = checkpoints.read(path)

    assert state.history == history
    for read, written in zip(state.variables + state.kept, variables + kept, strict=True):
        np.testing.assert_array_equal(read, written)


@pytest.mark.parametrize(
    "changed",
    [
        {"history": []},
        {"history": {}},
        {"history": [3]},
        {"history": [{"train_loss": 1.0}]},
        {"history": [{"epoch": 1}]},
        {"history": [{"epoch": 0, "train_loss": float("nan")}]},
        {"history": [{"epoch": 0, "train_loss": "low"}]},
        {"variables": []},
        {"kept": []},
        {"kept": [np.full(3, np.nan)]},
    ],
    ids=str,
)
def test_a_whole_file_without_a_state_is_refused_by_its_name(tmp_path, changed):
    parts = {"variables": [np.zeros(3)], "kept": [np.zeros(3)], "history": [{"epoch": 0}]} | changed
    checkpoints.write(tmp_path / "state.npz", State(**parts))
    with pytest.raises(UserError, match=r"state\.npz holds no state of a training; delete it, and training starts"):
        checkpoints.read(tmp_path / "state.npz")


def test_no_file_is_no_state(tmp_path):
    assert checkpoints.read(tmp_path / "none.npz") is None


@given(st.integers(0, 600))
def test_half_a_file_is_no_state(tmp_path_factory, length):
    path = tmp_path_factory.mktemp("state") / "state.npz"
    checkpoints.write(path, State([np.zeros(3)], [np.ones(3)], [{"epoch": 0}]))
    content = path.read_bytes()
    path.write_bytes(content[: min(length, len(content) - 1)])
    assert checkpoints.read(path) is None


def test_that_a_state_is_damaged_is_said(tmp_path, capsys):
    (tmp_path / "state.npz").write_bytes(b"PK")
    assert checkpoints.read(tmp_path / "state.npz") is None
    assert capsys.readouterr().out == f"{tmp_path}/state.npz is damaged; training starts with the first epoch\n"


def test_another_setting_data_set_or_kind_of_instructions_has_another_state(tmp_path, monkeypatch):
    def path(digest="0", **changed):
        return checkpoints.path_for(tmp_path, settings(**changed), digest)

    usual = path()
    others = [path("1"), path(epochs=4), path(network={"name": "lenet", "depths": [1, 2, 3, 4]})]
    monkeypatch.setenv(processor.NATIVE, "1" if processor.instructions() == "portable" else "0")
    assert len({usual, *others, path()}) == 5
    monkeypatch.undo()
    assert path() == usual


def test_the_states_of_all_trainings_are_removed(tmp_path):
    for epochs in (1, 2):
        checkpoints.write(checkpoints.path_for(tmp_path, settings(epochs=epochs), ""), State([], [], []))
    (tmp_path / ".state-0.npz.01234567.partial").mkdir()  # a run was killed as it wrote
    (tmp_path / ".state-0.npz.01234567.partial/state-0.npz").touch()
    (tmp_path / "events").touch()
    checkpoints.remove(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["events"]

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from signs.core import processor
from signs.training import checkpoints
from signs.training.checkpoints import State
from tests.stripes import settings

ARRAYS = st.lists(npst.arrays(np.float32, npst.array_shapes(min_dims=0), elements=st.floats(width=32)), max_size=12)
ROWS = st.lists(st.dictionaries(st.text(max_size=5), st.floats(allow_nan=False, allow_infinity=False), max_size=3))


@given(ARRAYS, ARRAYS, ROWS)
def test_a_state_comes_back_as_it_was(tmp_path_factory, variables, kept, history):
    path = tmp_path_factory.mktemp("state") / "state.npz"

    checkpoints.write(path, State(variables, kept, history))
    state = checkpoints.read(path)

    assert state.history == history
    for read, written in zip(state.variables + state.kept, variables + kept, strict=True):
        np.testing.assert_array_equal(read, written)


def test_no_file_is_no_state(tmp_path):
    assert checkpoints.read(tmp_path / "none.npz") is None


@given(st.integers(0, 600))
def test_half_a_file_is_no_state(tmp_path_factory, length):
    path = tmp_path_factory.mktemp("state") / "state.npz"
    checkpoints.write(path, State([np.zeros(3)], [np.ones(3)], [{"epoch": 0}]))
    content = path.read_bytes()
    path.write_bytes(content[: min(length, len(content) - 1)])
    assert checkpoints.read(path) is None


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
    (tmp_path / "events").touch()
    checkpoints.remove(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["events"]

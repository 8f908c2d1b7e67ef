import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from signs.training import checkpoints
from signs.training.checkpoints import State

ARRAYS = st.lists(npst.arrays(np.float32, npst.array_shapes(min_dims=0), elements=st.floats(width=32)), max_size=12)
ROWS = st.lists(st.dictionaries(st.text(max_size=5), st.floats(allow_nan=False, allow_infinity=False), max_size=3))


@given(ARRAYS, ARRAYS, ROWS)
def test_a_state_comes_back_as_it_was(tmp_path_factory, variables, best, history):
    path = tmp_path_factory.mktemp("state") / "state.npz"

    checkpoints.write(path, State(variables, best, history))
    state = checkpoints.read(path)

    assert state.history == history
    for read, written in zip(state.variables + state.best, variables + best, strict=True):
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

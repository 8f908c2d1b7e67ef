"""Whatever a file holds, reading it gives a result or a UserError in one line, within 1 GB and 10 seconds.

The files are real ones, changed. FUZZ=100 tries 100 times as many, other ones in each run.
"""

import functools
import multiprocessing
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.originals import ORIGINALS
from tests.fuzz.readers import GIBIBYTE, serve

TIMES = int(os.environ.get("FUZZ", "1"))
EXAMPLES = {"p": 250, "zip": 100, "svg": 30, "image": 150, "csv": 60, "yaml": 60, "json": 60, "npz": 60, "keras": 12}
EXAMPLES |= {"onnx": 20, "tflite": 30}
BY_HAND = ("keras",)  # loading TensorFlow takes long
MAX_SECONDS = 10  # of processor time
MAX_WAIT = 120  # on a busy machine
NUMBERS = [0, 1, 127, 128, 255, 2**15, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63, 2**64 - 1]

PLACES = st.one_of(
    st.integers(0, 300), st.integers(-300, -1), st.integers(0, 2**24)
)  # most of what counts is at the ends
LENGTHS = st.one_of(st.integers(1, 20), st.integers(1, 5000))


def changes(tokens):
    return st.one_of(
        st.tuples(st.just("set"), PLACES, st.integers(0, 255).map(lambda byte: bytes([byte]))),
        st.tuples(st.just("set"), PLACES, st.sampled_from(NUMBERS).map(lambda number: number.to_bytes(8, "little"))),
        st.tuples(st.just("set"), PLACES, st.sampled_from(NUMBERS[:10]).map(lambda number: number.to_bytes(4, "big"))),
        st.tuples(
            st.just("set"), PLACES, st.sampled_from(NUMBERS[:10]).map(lambda number: number.to_bytes(4, "little"))
        ),
        st.tuples(st.just("insert"), PLACES, st.sampled_from(tokens)),
        st.tuples(st.just("insert"), PLACES, st.binary(min_size=1, max_size=8)),
        st.tuples(st.just("remove"), PLACES, LENGTHS),
        st.tuples(st.just("cut"), PLACES, st.none()),
        st.tuples(st.just("repeat"), PLACES, LENGTHS),
        st.tuples(st.just("splice"), PLACES, PLACES),
    )


def changed(content, change, other):
    how, place, what = change
    start = place % (len(content) + 1)
    before, after = content[:start], content[start:]
    match how:
        case "set":
            return before + what + after[len(what) :]
        case "insert":
            return before + what + after
        case "remove":
            return before + after[what:]
        case "cut":
            return before
        case "repeat":
            return before + after[:what] * 20 + after[what:]
        case "splice":
            return before + other[what % (len(other) + 1) :]


class Reader:
    """The process that reads; started anew after it ended."""

    def __init__(self, kind, sample):
        self.kind, self.sample, self.process = kind, sample, None

    def __call__(self, content):
        if self.process is None:
            self._start()
        self.connection.send_bytes(content)
        return self._answer()

    def _start(self):
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, self.kind, self.sample), daemon=True)
        self.process.start()
        theirs.close()
        first = self._answer()
        assert not first.error, first.message

    def _answer(self):
        try:
            if self.connection.poll(MAX_WAIT):
                return self.connection.recv()
        except EOFError:
            pass
        code = self.process.exitcode
        self.end()
        pytest.fail(f"the process ended with {code}, or did not answer in {MAX_WAIT} seconds")

    def end(self):
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.process = None


@pytest.mark.parametrize("kind", [kind for kind in ORIGINALS if TIMES > 1 or kind not in BY_HAND])
def test_a_changed_file_gives_a_result_or_an_error_in_one_line(kind):
    make, tokens = ORIGINALS[kind]
    files = make()
    read = Reader(kind, next(iter(files.values())))

    @settings(
        max_examples=EXAMPLES[kind] * TIMES, derandomize=TIMES == 1, database=None, suppress_health_check=HealthCheck
    )
    @given(
        name=st.sampled_from(sorted(files)),
        other=st.sampled_from(sorted(files)),
        made=st.lists(changes(tokens), min_size=1, max_size=6),
    )
    def check(name, other, made):
        content = functools.reduce(lambda found, change: changed(found, change, files[other]), made, files[name])
        found = read(content[: 2**24])
        assert found.error in ("", "UserError"), found.message
        assert "\n" not in found.message
        assert found.memory < GIBIBYTE
        assert found.seconds < MAX_SECONDS

    try:
        check()
    finally:
        read.end()

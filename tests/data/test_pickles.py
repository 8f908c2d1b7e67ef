"""Pickles of arrays: sound ones are read, and no other has anything run."""

import io
import os
import pickle
import struct
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from signs.data import pickle_scan, pickles

ROOT = Path(__file__).parents[2]
FEATURES = np.random.default_rng(1).integers(0, 256, (6, 4, 5, 3), dtype=np.uint8)
LABELS = np.array([2, 7, 2, 7, 2, 7])


def pickled(protocol=4, **changes):
    return pickle.dumps({"features": FEATURES, "labels": LABELS} | changes, protocol=protocol)


def unpickled(content):
    return pickles.read(io.BytesIO(content), "train.p")


class Call:
    """Pickles as a call of `function`, and with `state` as what the result is then filled with."""

    def __init__(self, function, *arguments, state=None):
        self.reduced = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.reduced


@pytest.mark.parametrize("protocol", range(6))
def test_every_protocol_is_read(protocol):
    found = unpickled(pickled(protocol))
    assert np.array_equal(found["features"], FEATURES)
    assert np.array_equal(found["labels"], LABELS)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3])
def test_pickles_by_the_names_of_numpy_1_are_read(protocol):
    content = pickled(protocol)
    old = content.replace(b"numpy._core", b"numpy.core")
    assert old != content
    assert np.array_equal(unpickled(old)["features"], FEATURES)


@pytest.mark.parametrize("protocol", [4, 5])
def test_pickles_by_the_names_of_numpy_1_are_read_in_later_protocols(protocol):
    module = b"numpy._core.multiarray" if protocol == 4 else b"numpy._core.numeric"
    frameless = io.BytesIO()
    pickler = pickle._Pickler(frameless, protocol)  # of Python, since frames hold the lengths of names
    pickler.framer.start_framing = lambda: None
    pickler.dump({"features": FEATURES, "labels": LABELS})
    short = module.replace(b"_core", b"core")
    content = frameless.getvalue()
    old = content.replace(bytes([len(module)]) + module, bytes([len(short)]) + short)
    assert old != content
    assert np.array_equal(unpickled(old)["features"], FEATURES)


class Python2Pickler(pickle._Pickler):
    """Writes what Python 2 writes: one type, `str`, for texts and bytes."""

    def save_str(self, text):
        content = text.encode("latin-1") if isinstance(text, str) else text
        if self.bin:
            self.write(pickle.BINSTRING + struct.pack("<i", len(content)) + content)
        else:
            self.write(pickle.STRING + repr(content)[1:].encode() + b"\n")
        self.memoize(text)

    dispatch: ClassVar = pickle._Pickler.dispatch | {str: save_str, bytes: save_str}


@pytest.mark.parametrize("labels", [LABELS, LABELS.astype(">i4"), LABELS.tolist(), list(LABELS)])
def test_pickles_of_python_2_are_read(labels):
    file = io.BytesIO()
    Python2Pickler(file, protocol=2).dump({"features": FEATURES, "labels": labels, "note": "text"})
    old = file.getvalue().replace(b"numpy._core", b"numpy.core")
    assert b"_codecs" not in old
    found = unpickled(old)
    assert np.array_equal(found["features"], FEATURES)
    assert found["features"].dtype == np.uint8
    assert np.array_equal(found["labels"], labels)


@pytest.mark.parametrize("pickler", [pickle._Pickler, Python2Pickler])
@pytest.mark.parametrize("protocol", [0, 2])
def test_large_arrays_are_read_in_old_protocols(pickler, protocol):
    features = np.random.default_rng(1).integers(0, 256, (800, 32, 32, 3), dtype=np.uint8)
    file = io.BytesIO()
    pickler(file, protocol).dump({"features": features, "labels": LABELS})
    assert np.array_equal(unpickled(file.getvalue())["features"], features)


@pytest.mark.parametrize("protocol", range(6))
def test_lists_of_numbers_of_numpy_and_of_arrays_are_read(protocol):
    found = unpickled(pickled(protocol, features=list(FEATURES), labels=list(LABELS.astype(np.float32))))
    assert np.array_equal(found["features"], FEATURES)
    assert found["labels"] == LABELS.tolist()


# --- hostile and broken ones


def assert_refused(content, message):
    with pytest.raises(ValueError, match=message) as caught:
        unpickled(content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_that_would_run_a_command_is_refused_and_not_run(tmp_path, protocol):
    touched = tmp_path / "touched"
    content = pickled(protocol, features=Call(os.system, f"touch {touched}"))
    assert_refused(content, r"train\.p cannot be read .*asks for posix\.system, .*: refused, not run")
    assert not touched.exists()


def test_a_pickle_that_would_evaluate_code_is_refused_and_not_run(tmp_path):
    touched = tmp_path / "touched"
    content = pickled(extra=Call(eval, f"open({str(touched)!r}, 'w')"))
    assert_refused(content, r"asks for builtins\.eval, which is no part of an array: refused, not run")
    assert not touched.exists()


@pytest.mark.parametrize(
    "name",
    [
        "numpy load",
        "numpy fromfile",
        "numpy.core.multiarray fromfile",
        "numpy.core.numeric fromfile",
        "numpy.core._methods _dump",
        "numpy.f2py.compile os",
        "numpyXcore.multiarray _reconstruct",
        "builtins getattr",
        "copyreg _reconstructor",
        "_codecs decode",
    ],
)
def test_no_other_function_is_found_not_even_of_numpy(name):
    module, function = name.split()
    content = b"c%s\n%s\n(Vtrain.p\ntR." % (module.encode(), function.encode())
    assert_refused(content, rf"asks for {module}\.{function}, which is no part of an array: refused, not run")


def test_attributes_of_what_is_allowed_are_not_reached():
    assert_refused(b"\x80\x04\x8c\x05numpy\x8c\x0cndarray.dump\x93.", r"asks for numpy\.ndarray\.dump")


def test_encoding_makes_bytes_and_imports_nothing():
    content = b"c_codecs\nencode\n(V\xe9\nVa.codec.that.is.imported\ntR."
    assert_refused(content, r"holds a bytes; expected a dict of arrays")


@pytest.mark.parametrize(
    "features",
    [
        np.array([1, "two", None], dtype=object),
        np.zeros(2, dtype=[("a", "u1"), ("b", "O")]),
    ],
)
def test_arrays_of_objects_are_refused(features):
    assert_refused(pickled(features=features), r"it holds an array of type '[OV]\d+'; only numbers are read")


def test_memory_addresses_in_a_pickle_are_not_followed():
    """NumPy itself would build an array of objects at addresses of the pickle's choice, and crash or worse."""
    code = (
        "import numpy, pickle\n"
        "import io\n"
        "from signs.data.split_files import read_split\n"
        "from tests.data.test_pickles import Call\n"
        "evil = Call(numpy.ndarray, (1,), 'O', b'A' * 8)\n"
        "shape = Call(numpy._core.multiarray._reconstruct, numpy.ndarray, evil, b'b')\n"
        "unmarked = Call(numpy.dtype, 'O', False, True, state=(3, '|', None, None, None, -1, -1, 0))\n"
        "buffer = Call(numpy._core.numeric._frombuffer, b'A' * 80, unmarked, (10,), 'C')\n"
        "for features in (shape, buffer, [buffer, {shape: 1}]):\n"
        "    try:\n"
        "        read_split(io.BytesIO(pickle.dumps({'features': features, 'labels': 0})), 'train.p')\n"
        "    except (ValueError, TypeError):\n"
        "        print('refused')\n"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "refused\n" * 3, "")


# Pickles of ten or a hundred bytes that took gigabytes, or for ever, or crashed the process.
NESTED = b"\x80\x02}" + b")" + b"\x85" * 100_000 + b"K\x01s."  # a dict whose key is a tuple in a tuple in a tuple...
DOUBLED = b"\x80\x02})q\x00" + b"h\x00h\x00\x86q\x00" * 60 + b"K\x01s."  # its key has 2 ** 60 empty tuples


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80\x02K\x01r\x00\x00\x00\x20.", "it states the position 536,870,912"),
        (b"\x80\x04\x8e\x00\x00\x00\x00\x00\x01\x00\x00.", "it ends where 1,099,511,627,776 more bytes should be"),
        (b"\x80\x04\x95\x00\x00\x00\x00\x00\x01\x00\x00N.", "it ends where 1,099,511,627,776 more bytes should be"),
        (NESTED, "it has a tuple of 1,001 values"),
        (DOUBLED, "it has a tuple of 1,023 values"),
        (b"\x80\x02}K\x01K\x02s.", "a key of its dict is no text"),
        (b"\x80\x02}(X\x01\x00\x00\x00aK\x01K\x02K\x03u.", "a key of its dict is no text"),
        (b"\x80\x02]q\x00h\x00a.", "it holds a list or dict twice"),
        (b"\x80\x02]]\x85q\x00h\x00\x86.", "it holds a list or dict twice"),
        (b"\x80\x04\x8f.", "it has EMPTY_SET after 1 opcodes"),
        (b"c_codecs\nencode\n}b.", "it changes a function: refused"),
        (b"\x80\x02(u.", "it lacks what SETITEMS takes"),
    ],
)
def test_a_pickle_that_would_take_memory_or_time_is_refused_before_it_is_read(content, message):
    assert_refused(content, rf"train\.p cannot be read as a pickle of arrays: {message}")


def test_a_pickle_of_too_many_opcodes_is_refused(monkeypatch):
    monkeypatch.setattr(pickle_scan, "MAX_OPCODES", 1000)
    assert len(unpickled(pickled(extra=list(range(800))))["extra"]) == 800
    assert_refused(pickled(extra=list(range(1000))), "it has BININT2 after 1,000 opcodes, which no dict of arrays")


def test_a_large_array_is_passed_over_as_it_is():
    content = pickle.dumps({"features": np.zeros(2**21, np.uint8), "labels": LABELS}, protocol=5)
    assert unpickled(content)["features"].nbytes == 2**21
    with pytest.raises(ValueError, match=r"it ends where [0-9,]+ more bytes should be"):
        unpickled(content[: 2**20])


def test_a_dict_of_another_kind_is_refused():
    assert_refused(
        pickle.dumps(OrderedDict({"features": FEATURES, "labels": LABELS})), r"asks for collections\.OrderedDict"
    )


@given(st.integers(0, len(pickled()) - 1))
def test_a_truncated_pickle_is_an_error(length):
    assert_refused(pickled()[:length], r"train\.p cannot be read as a pickle of arrays: ")


@given(st.binary(max_size=200))
def test_random_bytes_are_an_error(content):
    assert_refused(content, r"train\.p ")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (pickle.dumps([1, 2]), r"train\.p holds a list; expected a dict of arrays"),
        (b"", r"train\.p cannot be read as a pickle of arrays: it ends where 1 more bytes should be"),
        (b"<!DOCTYPE html><html>", r"train\.p cannot be read as a pickle of arrays: "),
    ],
)
def test_what_is_no_dict_is_an_error(content, message):
    assert_refused(content, message)


@given(npst.arrays(npst.scalar_dtypes().filter(lambda kind: kind.kind in "biufcSU"), npst.array_shapes(min_dims=0)))
def test_arrays_of_numbers_and_text_read_as_they_were_written(array):
    file = io.BytesIO()
    pickles.write(file, {"given": array})
    found = pickles.read(io.BytesIO(file.getvalue()), "train.p")["given"]
    np.testing.assert_array_equal(found, array)
    assert found.dtype == array.dtype

"""Pickles of arrays: sound ones are read, and no other has anything run."""

import io
import os
import pickle
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from signs.data import pickles

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
        "numpy._core.multiarray scalar",
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
        "from signs.data.datasets import read_split\n"
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


def test_keys_that_no_one_can_print_are_passed_over():
    nested = b"\x80\x02}" + b")" + b"\x85" * 1000 + b"K\x01s."  # a dict whose key is a tuple in a tuple in a tuple...
    assert unpickled(nested) == {}


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
        (b"", r"train\.p cannot be read as a pickle of arrays: Ran out of input"),
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

"""Pickled dicts of arrays. Reading runs nothing that a pickle names."""

import io
import pickle
import re
import secrets
from collections.abc import Mapping
from typing import Any, BinaryIO, ClassVar, NamedTuple

import numpy as np

from signs.core.errors import UserError
from signs.data import pickle_scan

PROTOCOL = 5  # the first that writes arrays without a copy; fixed, so that the bytes are the same everywhere


def write(file: BinaryIO, arrays: Mapping[str, np.ndarray]) -> None:
    """Pickles the arrays. The same values give the same bytes, whatever the memory layout."""
    # A pickle also holds the memory layout, whether an array is writable, and its class.
    content = {name: np.require(array, requirements=["C", "W", "E"]) for name, array in arrays.items()}
    pickle.dump(content, file, protocol=PROTOCOL)


def read(file: BinaryIO, where: str) -> dict[str, Any]:
    """Reads a pickled dict of arrays of numbers or text, and of plain values; of Python 2 as well.

    Args:
        file: The pickle. Keys that are no strings are ignored; texts of Python 2 in other places are bytes.
        where: Name of the file, for errors.

    Raises:
        UserError: It is no pickle, holds no dict, or names anything but arrays.
    """
    try:
        pickle_scan.check(file)
        content = _ArrayUnpickler(file, encoding="bytes").load()  # of what Python 2 calls str: text and bytes alike
    except Exception as error:  # a hostile pickle can raise anything
        raise UserError(f"{where} cannot be read as a pickle of arrays: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise UserError(f"{where} holds a {type(content).__name__}; expected a dict of arrays")
    return {_text(key): _plain(value) for key, value in content.items() if isinstance(key, str | bytes)}


def read_in_place(file: BinaryIO, where: str) -> tuple[dict[str, Any], dict[str, int]]:
    """Reads a pickle but for the content of large arrays, which takes no memory, and says where in the file that lies.

    Arguments and errors as in `read`.

    Returns:
        What `read` returns, with arrays of zeros, which take no memory, where the content was not read, and by key the
        offset of each. If `write` has not written the pickle, it may lie otherwise; then all is read, and there are no
        offsets.
    """
    start = file.tell()
    try:
        pickle_scan.check(file)
        short = _without_contents(file)
        content = _Locating(io.BytesIO(short.pickle), short.token).load()
        located = {key: value for key, value in content.items() if isinstance(value, _Located)}
        is_whole = len(located) == short.places
    except Exception:  # it is no such pickle; `read` says why, or reads it
        is_whole = False
    if not is_whole:
        file.seek(start)
        return read(file, where), {}
    plain = {key: _plain(value) for key, value in content.items() if isinstance(key, str)}
    empty = {key: np.broadcast_to(np.zeros((), value.dtype), value.shape) for key, value in located.items()}
    return plain | empty, {key: value.offset for key, value in located.items()}


class _Short(NamedTuple):
    """A pickle with a token and an offset in place of each large content, and the number of places."""

    pickle: bytes
    token: bytes
    places: int


def _without_contents(file: BinaryIO) -> _Short:
    """Reads a pickle, from the position of the file on, and passes over large contents."""
    token, last, places = secrets.token_bytes(16), file.tell(), 0
    pieces: list[bytes] = []
    for position, first, end in pickle_scan.large_contents(file):
        file.seek(last)
        replaced = token + first.to_bytes(8, "big")
        pieces += [file.read(position - last), pickle.SHORT_BINBYTES + bytes([len(replaced)]) + replaced]
        last, places = end, places + 1
    file.seek(last)
    return _Short(b"".join([*pieces, file.read()]), token, places)


class _Located(NamedTuple):
    """An array in a file, in C order."""

    offset: int
    dtype: np.dtype
    shape: tuple[int, ...]


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [item.array if isinstance(item, _Array) else item for item in value]
    return value.array if isinstance(value, _Array) else value


def _text(value: Any) -> Any:
    return value.decode("latin-1") if isinstance(value, bytes) else value  # Python 2 has one type for text and bytes


class _Dtype:
    """Replaces `numpy.dtype`. Only numbers and text: an array of objects would be an array of addresses."""

    def __init__(self, code: str | bytes, *_: object) -> None:
        text = _text(code)
        if not re.fullmatch(r"[biufcSU]\d+", text):
            raise pickle.UnpicklingError(f"it holds an array of type {text!r}; only numbers are read")
        self.dtype = np.dtype(text)

    def __setstate__(self, state: tuple) -> None:
        self.dtype = self.dtype.newbyteorder(_text(state[1]))


class _Array:
    """Replaces `numpy.ndarray`, which trusts what a pickle says of its memory."""

    def __init__(self, *_: object) -> None:  # a pickle gives the shape of an empty array first
        self.array = np.empty(0)

    def __setstate__(self, state: tuple) -> None:
        _, shape, dtype, is_fortran, content = state
        self.array = np.frombuffer(content, dtype.dtype).reshape(shape, order="F" if is_fortran else "C")


def _from_buffer(content: bytes, dtype: _Dtype, shape: tuple[int, ...], order: str) -> _Array:
    array = _Array()
    array.__setstate__((1, shape, dtype, order == "F", content))
    return array


def _scalar(dtype: _Dtype, content: bytes) -> Any:
    return np.frombuffer(content, dtype.dtype)[0].item()


def _encode(text: str, _encoding: str) -> bytes:
    return text.encode("latin-1")


class _ArrayUnpickler(pickle.Unpickler):
    """Builds arrays and plain containers only: a pickle could call any function."""

    STAND_INS: ClassVar = {
        ("numpy", "ndarray"): _Array,
        ("numpy", "dtype"): _Dtype,
        ("numpy._core.multiarray", "_reconstruct"): _Array,
        ("numpy._core.multiarray", "scalar"): _scalar,  # in lists
        ("numpy._core.numeric", "_frombuffer"): _from_buffer,  # protocol 5
        ("_codecs", "encode"): _encode,  # bytes, up to protocol 2
    }

    def find_class(self, module: str, name: str) -> Any:
        stand_in = self.STAND_INS.get((module.replace("numpy.core.", "numpy._core."), name))  # NumPy 1 wrote numpy.core
        if stand_in is None:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}, which is no part of an array: refused, not run")
        return stand_in


class _Locating(_ArrayUnpickler):
    """Builds a `_Located` of each array whose content is a token and an offset."""

    def __init__(self, file: BinaryIO, token: bytes) -> None:
        super().__init__(file)
        self.token = token

    def find_class(self, module: str, name: str) -> Any:
        found = super().find_class(module, name)
        return self._from_buffer if found is _from_buffer else found

    def _from_buffer(self, content: bytes, dtype: _Dtype, shape: tuple[int, ...], order: str) -> Any:
        if bytes(content[:16]) != self.token:
            return _from_buffer(content, dtype, shape, order)
        if order != "C":
            raise pickle.UnpicklingError("its columns come first")
        return _Located(int.from_bytes(content[16:], "big"), dtype.dtype, shape)

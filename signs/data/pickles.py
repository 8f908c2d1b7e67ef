"""Pickled dicts of arrays. Reading runs nothing that a pickle names."""

import io
import pickle
import re
from collections.abc import Mapping
from typing import Any, BinaryIO, ClassVar, cast

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
    """Reads a pickle but for the content of large arrays, and says where in the file that lies.

    Arguments and errors as in `read`.

    Returns:
        What `read` returns, with arrays of unknown content where that was not read, and by key the offset of each. If
        `write` has not written the pickle, it may lie otherwise; then all is read, and there are no offsets.
    """
    start, reading = file.tell(), _PassingOver(file)
    content = read(cast(BinaryIO, reading), where)
    arrays = {key: value for key, value in content.items() if isinstance(value, np.ndarray) and value.flags.carray}
    offsets = {
        key: reading.offsets[_address(value)] for key, value in arrays.items() if _address(value) in reading.offsets
    }
    if len(offsets) == len(reading.offsets):
        return content, offsets
    file.seek(start)
    return read(file, where), {}


class _PassingOver:
    """A file for an unpickler that passes over what it would read into large arrays, and remembers where that is."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.read, self.readline = file, file.read, file.readline
        self.seek, self.tell = file.seek, file.tell
        self.offsets: dict[int, int] = {}

    def readinto(self, buffer: memoryview) -> int:
        """Fills the buffer, or passes over as many bytes if it is large; `pickle_scan` has checked that they exist."""
        if len(buffer) <= pickle_scan.MAX_TEXT:
            return self.file.readinto(buffer)  # type: ignore[attr-defined]
        self.offsets[_address(np.frombuffer(buffer, np.uint8))] = self.file.tell()
        self.file.seek(len(buffer), io.SEEK_CUR)
        return len(buffer)


def _address(array: np.ndarray) -> int:
    return array.ctypes.data


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

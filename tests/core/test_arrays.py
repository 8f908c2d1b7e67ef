import zipfile

import numpy as np
import pytest

from signs.core import arrays
from signs.core.errors import UserError

ARRAYS = {"a": np.arange(12, dtype=np.int64).reshape(3, 4), "b": np.float32([0.5, -1]), "words": np.array(["x", "yz"])}


def test_arrays_come_back_in_the_order_asked_for(tmp_path):
    arrays.write(tmp_path / "a.npz", ARRAYS)
    for name, found in zip(("words", "a"), arrays.read(tmp_path / "a.npz", ["words", "a"]), strict=True):
        np.testing.assert_array_equal(found, ARRAYS[name])
        assert found.dtype == ARRAYS[name].dtype


def test_numpy_reads_them(tmp_path):
    arrays.write(tmp_path / "a.npz", ARRAYS)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as archive:
        assert archive.files == list(ARRAYS)
        np.testing.assert_array_equal(archive["b"], ARRAYS["b"])


def test_headers_hold_nothing_that_a_version_of_python_decides(tmp_path):
    arrays.write(tmp_path / "a.npz", ARRAYS)
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        for entry in archive.infolist():
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert entry.extra == b""
            assert entry.extract_version == 20  # no header for huge files, which versions write differently


def test_objects_are_not_written(tmp_path):
    with pytest.raises(ValueError, match="Object arrays cannot be saved"):
        arrays.write(tmp_path / "a.npz", {"a": np.array([{}], dtype=object)})
    assert not list(tmp_path.iterdir())


def test_a_missing_array_is_named(tmp_path):
    arrays.write(tmp_path / "a.npz", ARRAYS)
    with pytest.raises(
        UserError, match=r"a\.npz holds no arrays a, c: .*no item named 'c.npy' in the archive.*; dvc repro"
    ):
        arrays.read(tmp_path / "a.npz", ["a", "c"])


# --- damaged files


def read(path):
    return arrays.read(path, list(ARRAYS))


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04", "half", "array", "other arrays", "objects"])
def test_a_file_that_is_no_archive_of_such_arrays_is_named(tmp_path, content):
    path = tmp_path / "a.npz"
    arrays.write(path, ARRAYS)
    whole = path.read_bytes()
    with path.open("wb") as file:
        match content:
            case "half":
                file.write(whole[: len(whole) // 2])
            case "array":
                np.save(file, np.arange(3))
            case "other arrays":
                np.savez(file, a=ARRAYS["a"])
            case "objects":
                np.savez(file, **dict.fromkeys(ARRAYS, np.array([{}], dtype=object)))
            case _:
                file.write(content)
    with pytest.raises(UserError, match=r"a\.npz holds no arrays a, b, words: .*; dvc repro writes them again"):
        read(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.npz is missing; dvc repro writes it again$"):
        read(tmp_path / "none.npz")


def read_or_error(path):
    try:
        return [array.tolist() for array in read(path)]
    except UserError as error:
        return str(error).split(": ")[0]


def test_no_flipped_bit_gives_other_arrays_or_another_error(tmp_path):
    path = tmp_path / "a.npz"
    arrays.write(path, ARRAYS)
    whole = path.read_bytes()
    allowed = [read_or_error(path), f"{path} holds no arrays a, b, words"]
    for place in range(0, len(whole), 3):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        assert read_or_error(path) in allowed

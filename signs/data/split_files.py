"""The files of a split: `name.p`, or a folder `name` of shards, `00000.p`, `00001.p` and so on."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from signs.core.errors import UserError
from signs.data import pickles, shards
from signs.data.shards import Shards
from signs.data.splits import Split, check_split, joined

ALIGNMENT = 64  # bytes; TensorFlow copies arrays that start elsewhere


def read(folder: Path, name: str) -> Split:
    """Reads a split of the data set in a folder: `name.p`, or the shards in the folder `name`.

    Raises:
        UserError: It is missing or damaged, or both are there.
    """
    paths = files_of(folder, name)
    if not paths:
        raise UserError(
            f"{folder / name}.p is missing; a data set is a folder with train.p, valid.p and test.p, or with folders "
            "train, valid and test of such files, 00000.p and so on"
        )
    if paths[0].parent == folder:
        with paths[0].open("rb") as file:
            return read_split(file, str(paths[0]))
    parts = [_read_shard(path) for path in paths]
    for path, part in zip(paths, parts, strict=True):
        if (part.features.shape[1:], part.features.dtype) != (parts[0].features.shape[1:], parts[0].features.dtype):
            raise UserError(f"{path}: its images are of another shape or type than those of {paths[0].name}")
    return joined(parts)


def files_of(folder: Path, name: str) -> list[Path]:
    """The files of a split, in order: one, or its shards; none where it is missing.

    Raises:
        UserError: There are both.
    """
    whole = folder / f"{name}.p"
    parts = [path for path in (folder / name).glob("*.p") if path.stem.isascii() and path.stem.isdecimal()]
    if whole.exists() and parts:
        raise UserError(f"{whole} and {whole.with_suffix('')} are both there; remove one of them")
    return [whole] if whole.exists() else sorted(parts, key=lambda path: int(path.stem))


def _read_shard(path: Path) -> Split:
    with path.open("rb") as file:
        content, offsets = pickles.read_in_place(file, str(path))
        for key in offsets.keys() - {"features"}:
            array = content[key]
            content[key] = np.fromfile(path, array.dtype, array.size, offset=offsets[key]).reshape(array.shape)
        split = _split_of(content, str(path))
    shape, dtype = split.features.shape, split.features.dtype
    if "features" in offsets:
        return split._replace(features=shards.stored(path, offsets["features"], shape, dtype))
    return split._replace(
        features=Shards(shape, dtype, max(1, shape[0]), lambda rows: _read_whole(path).features[rows])
    )


def _read_whole(path: Path) -> Split:
    with path.open("rb") as file:
        return read_split(file, str(path))


def read_split(file: BinaryIO, where: str) -> Split:
    """Reads one pickled split and runs nothing that the pickle names.

    Args:
        file: A pickled dict with the arrays of a `Split`. Other keys are ignored. Images with one channel may lack
            the last axis.
        where: Name of the file, for errors.

    Returns:
        The split; its features start at a multiple of `ALIGNMENT` in memory.

    Raises:
        UserError: The file is no such pickle.
    """
    return split_of(pickles.read(file, where), where)


def split_of(content: Mapping[str, Any], where: str) -> Split:
    """Makes a split of the content of a pickle; arguments and errors as in `read_split`."""
    split = _split_of(content, where)
    return split._replace(features=_aligned(split.features)) if isinstance(split.features, np.ndarray) else split


def _split_of(content: Mapping[str, Any], where: str) -> Split:
    if not {"features", "labels"} <= content.keys():
        raise UserError(f"{where} holds {sorted(content)[:10]}; expected a dict with the keys 'features' and 'labels'")
    for key in Split._fields:
        value = content.get(key)
        if not isinstance(value, np.ndarray | Shards) and (value is not None or key in ("features", "labels")):
            raise UserError(f"{where}: {key} are a {type(value).__name__}; expected an array")
    split = Split(content["features"], content["labels"], content.get("synthetic"), content.get("filenames"))
    if split.features.ndim == 3:
        split = split._replace(features=shards.mapped(split.features, lambda images: images[..., np.newaxis]))
    check_split(split, where)
    return split._replace(labels=split.labels.astype(np.int64))


def _aligned(array: np.ndarray) -> np.ndarray:
    memory = np.empty(array.nbytes + ALIGNMENT, np.uint8)
    start = -memory.ctypes.data % ALIGNMENT
    copy = memory[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    copy[...] = array
    return copy


def shards_of(folder: Path, split: Split) -> Iterator[tuple[Path, Split]]:
    """The files of the shards of a split, to be made in a folder, and what each of them holds."""
    images = split.features.part if isinstance(split.features, Shards) else len(split.labels)
    for number, start in enumerate(range(0, max(1, len(split.labels)), images)):
        yield folder / f"{number:05}.p", split.at(slice(start, start + images))


def write(path: Path, split: Split) -> None:
    """Pickles a split to one file."""
    arrays = split.loaded()._asdict()
    with path.open("wb") as file:
        pickles.write(file, {name: array for name, array in arrays.items() if array is not None})

"""Pickles as people have them: turned into uint8 images and whole ids, or refused with the line that mends them."""

from typing import Any

import numpy as np

from signs.core.errors import UserError
from signs.data import shards
from signs.data.shards import Images, Shards

LISTS = ("features", "labels", "filenames")
CHANNELS = (1, 3)
RGBA = 4
FLAT, IMAGES = 2, 4  # axes
WHITE = 255
BLOCK = 4096  # images that are converted at once
MAX_SMALL_BYTES = 64 * 2**20  # a list may become an array of this size,
MAX_RATIO = 100  # or of this many times the size of its distinct values: one of them may be there a million times


def converted(contents: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Converts what `split_files.split_of` would refuse, and prints what it converts.

    Args:
        contents: Content of each pickle, by its name.

    Raises:
        UserError: It is not clear what an array means.
    """
    arrays = {
        where: {key: _array(value, key, where) for key, value in found.items()} for where, found in contents.items()
    }
    pixels = {
        where: found["features"]
        for where, found in arrays.items()
        if isinstance(found.get("features"), np.ndarray | Shards)
    }
    labels = {where: found["labels"] for where, found in arrays.items() if _is_array(found.get("labels"))}
    widths = {where: array.shape[1] for where, array in labels.items() if array.ndim == FLAT}
    if len(set(widths.values())) > 1:
        raise UserError(
            f"labels have {', '.join(f'{width} columns in {where}' for where, width in widths.items())}, so that a "
            f"column may be another class in each; {_line('labels', 'ids[labels.argmax(axis=1)]')}, with ids of each"
        )
    white = white_of(list(pixels.values()))
    for where, found in arrays.items():
        if where in pixels:
            check_axes(pixels[where], where)
            found["features"] = to_uint8(pixels[where], white, where)
        if where in labels:
            found["labels"] = to_ids(labels[where], where)
    return arrays


def to_ids(labels: np.ndarray, where: str) -> np.ndarray:
    """Turns labels that are one-hot, of shape (n, 1) or whole floats into ids.

    Args:
        labels: What a pickle holds.
        where: Name of the pickle.

    Returns:
        Integers (n,). Labels that are none of these stay as they are.

    Raises:
        UserError: They are text, numbers with fractions, or probabilities.
    """
    if labels.dtype.kind in "SU":
        line = 'names, data["labels"] = np.unique(data["labels"], return_inverse=True)'
        raise UserError(f"{where}: labels are text; {line} makes ids, and a signnames.csv in the zip names them")
    if labels.ndim == FLAT and labels.shape[1] == 1:
        print(f"{where}: labels of shape {labels.shape} are read as {labels.shape[:1]}")
        labels = labels[:, 0]
    elif labels.ndim == FLAT:
        if not (np.isin(labels, (0, 1)).all() and (labels.sum(axis=1) == 1).all()):
            line = _line("labels", "labels.argmax(axis=1)")
            raise UserError(f"{where}: labels of shape {labels.shape} are not one-hot; {line} takes the largest")
        print(f"{where}: labels are one-hot, and read as ids from 0 to {labels.shape[1] - 1}")
        labels = labels.argmax(axis=1)
    if labels.dtype.kind == "f":
        if not (np.isfinite(labels).all() and (labels == np.rint(labels)).all()):
            raise UserError(f"{where}: labels have fractions or are not finite; class ids are whole numbers")
        print(f"{where}: labels are {labels.dtype}, and read as whole numbers")
        labels = labels.astype(np.int64)
    return labels


def check_axes(features: Images, where: str) -> None:
    """Raises a UserError if images lie flat, have their channels first, or are neither grey nor RGB."""
    shape = features.shape
    fault = ""
    if features.ndim == FLAT:
        fault = f"have no rows and columns; {_line('features', 'features.reshape(-1, height, width, channels)')}"
    elif features.ndim == IMAGES and shape[3] not in CHANNELS:
        if shape[1] in CHANNELS:
            fault = f"have their channels first; {_line('features', 'features.transpose(0, 2, 3, 1)')}"
        elif shape[3] == RGBA:
            fault = f"have 4 channels, as RGBA has; {_line('features', 'features[..., :3]')}"
        else:
            fault = f"have {shape[3]} channels; expected 1 (grey) or 3 (red, green, blue)"
    if fault:
        raise UserError(f"{where}: features of shape {shape} {fault}")


def white_of(features: list[Images]) -> int:
    """The value of white in the float images of all splits: 1 if none has a larger value, else 255."""
    largest = [_range(images)[1] for images in features if images.dtype.kind == "f"]
    return WHITE if max(largest, default=0) > 1 else 1


def to_uint8(features: Images, white: int, where: str) -> Images:
    """Turns images of other types into uint8.

    Args:
        features: What a pickle holds.
        white: The value of white in floats, see `white_of`.
        where: Name of the pickle.

    Returns:
        The same shape. Arrays that are no numbers stay as they are.

    Raises:
        UserError: Values lie outside of 0 to white.
    """
    if features.dtype == np.uint8 or features.dtype.kind not in "biuf" or 0 in features.shape:
        return features
    lowest, highest = _range(features)
    limit = white if features.dtype.kind == "f" else WHITE
    said = f"{where}: features are {features.dtype} from {lowest:g} to {highest:g}"
    if features.dtype.kind == "b" or not (lowest >= 0 and highest <= limit):
        line = _line("features", _in_bytes(features, lowest, highest))
        raise UserError(f"{said}; expected uint8 from 0 to 255, or floats from 0 to 1; {line}")
    print(f"{said}, and read as 0 to {limit}")
    if isinstance(features, Shards):
        return shards.mapped(features, lambda images: np.rint(images * (WHITE // limit)).astype(np.uint8))
    result = np.empty(features.shape, np.uint8)
    for start in range(0, len(features), BLOCK):
        result[start : start + BLOCK] = np.rint(features[start : start + BLOCK] * (WHITE // limit))
    return result


def _range(features: Images) -> tuple[float, float]:
    """The lowest and the highest value; 0 and 0 of none."""
    ends = [(block.min(), block.max()) for block in shards.blocks(features) if block.size]
    return (float(min(low for low, _ in ends)), float(max(high for _, high in ends))) if ends else (0.0, 0.0)


def _array(value: Any, key: str, where: str) -> Any:
    if key not in LISTS or not isinstance(value, list | tuple):
        return value
    _check_size(value, f"{where}: {key}")
    try:
        array = np.array(value)
    except ValueError:
        remedy = "give all images one size, or put them in folders and set fetch.source=folders"
        raise UserError(f"{where}: {key} is a list of {len(value):,} arrays of different shapes; {remedy}") from None
    print(f"{where}: {key} is a list, and read as an array of shape {array.shape}")
    return array


def _check_size(values: list | tuple, what: str) -> None:
    """Refuses a list that holds few values so often that an array of them would take gigabytes."""
    sizes: dict[int, int] = {}
    try:
        whole = _size(values, sizes)
    except RecursionError:
        raise UserError(f"{what} is a list of lists of lists and so on; give an array") from None
    distinct = sum(size for place, size in sizes.items() if place != id(values))
    if whole > max(MAX_SMALL_BYTES, MAX_RATIO * distinct):
        raise UserError(
            f"{what} is a list of {len(values):,} values that would take {whole:,} bytes as an array, of which "
            f"{distinct:,} differ; give an array"
        )


def _size(value: Any, sizes: dict[int, int]) -> int:
    """Bytes of the array that NumPy makes of a value; notes it in `sizes` by its identity."""
    if id(value) not in sizes:
        if isinstance(value, list | tuple):
            longest = max((len(item) for item in value if isinstance(item, str | bytes)), default=0)
            size = sum(max(_size(item, sizes), 4 * longest) for item in value)
        elif isinstance(value, str | bytes):
            size = 4 * len(value)
        else:
            size = value.nbytes if _is_array(value) else np.int64().nbytes
        sizes[id(value)] = size
    return sizes[id(value)]


def _is_array(value: object) -> bool:
    return isinstance(value, np.ndarray)


def _in_bytes(features: Images, lowest: float, highest: float) -> str:
    """The expression of NumPy that turns such images into uint8."""
    if features.dtype.kind == "b":
        return "features * np.uint8(255)"
    if features.dtype == np.uint16:
        return "(features // 257).astype(np.uint8)"
    if -1 <= lowest < 0 and highest <= 1:
        return "np.rint((features + 1) * 127.5).astype(np.uint8)"
    return "np.rint((features - black) * 255 / (white - black)).clip(0, 255).astype(np.uint8)"


def _line(key: str, expression: str) -> str:
    return f'data["{key}"] = {expression.replace(key, f"data[{key!r}]")} mends it'.replace("'", '"')

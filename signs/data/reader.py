"""Image files to pixels: the one reader of photographs and pictures in the project.

What a file is decides its content, not its name. Needs NumPy and Pillow only.
"""

import io
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from signs.core.errors import UserError

FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")  # PPM: PBM, PGM and PNM too
MAX_BYTES = 64 * 2**20
MAX_PIXELS = 40_000_000
BLOCK_PIXELS = 2**20  # computed on at a time
DEEP = {"I;16": 65535, "I;16B": 65535, "I;16L": 65535, "I": 65535}  # grey modes of over 8 bits, and their white


def is_image(path: Path) -> bool:
    """Whether a regular file starts as an image of a known format does. Whether it is whole only reading shows."""
    try:
        with warnings.catch_warnings(action="ignore"):
            Image.open(path, formats=FORMATS).close()
        return True
    except Image.DecompressionBombError:
        return True  # `read_rgba` says how large it may be
    except Exception:  # Pillow raises many kinds for what is no image
        return False


def read_rgba(path: Path) -> np.ndarray:
    """Reads a picture with its transparency.

    Returns:
        uint8 RGBA (height, width, 4), turned as its EXIF orientation says; alpha is 255 where the file has none.

    Raises:
        UserError: It is missing, too large, damaged, animated, or no image of a known format.
    """
    try:
        if not path.is_file():
            raise UserError(f"{path} is no file; give an image")  # a pipe or a device would never end
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise UserError(f"{path} has {size:,} bytes; an image may have {MAX_BYTES:,}")
        return decode_rgba(path.read_bytes(), str(path))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None


def read_rgb(path: Path) -> np.ndarray:
    """Reads a picture, laid on white where it is transparent: uint8 RGB (height, width, 3); errors as `read_rgba`."""
    return on_background(read_rgba(path))


def decode_rgb(content: bytes, where: str) -> np.ndarray:
    """As `read_rgb`, from the bytes of a file; `where` names it in errors."""
    return on_background(decode_rgba(content, where))


def decode_rgba(content: bytes, where: str) -> np.ndarray:
    """As `read_rgba`, from the bytes of a file; `where` names it in errors."""
    try:
        # Of odd metadata, and of sizes, which are checked here.
        with warnings.catch_warnings(action="ignore"), Image.open(io.BytesIO(content), formats=FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise UserError(f"{where} has {width}x{height} pixels; an image may have {MAX_PIXELS:,}")
            frames = getattr(image, "n_frames", 1)
            if frames > 1 and image.format != "MPO":  # a phone's photo with a preview or depth map behind it
                raise UserError(f"{where} holds {frames} pictures (animated, or several pages); give a single one")
            return _pixels(image, where)
    except UserError:
        raise
    except Exception as error:  # Pillow raises many kinds for a damaged file
        reason = "it is no image" if isinstance(error, Image.UnidentifiedImageError) else " ".join(str(error).split())
        raise UserError(f"{where} cannot be read as PNG, JPEG or the like: {reason[:200]}") from None


def on_background(image: np.ndarray, colour: tuple[int, int, int] = (255, 255, 255)) -> np.ndarray:
    """Lays an RGBA image (height, width, 4) on a colour; gives (height, width, 3), uint8."""
    if image[..., 3].min(initial=255) == 255:
        return np.ascontiguousarray(image[..., :3])
    result = np.empty((*image.shape[:2], 3), np.uint8)
    for rows in _blocks(image):
        alpha = image[rows, :, 3:].astype(np.float32) / 255
        mixed = image[rows, :, :3] * alpha + np.array(colour, dtype=np.float32) * (1 - alpha)
        result[rows] = np.rint(mixed)
    return result


def _blocks(image: np.ndarray) -> list[slice]:
    """Rows, some at a time: a whole photograph in float32 takes much memory."""
    rows = max(1, BLOCK_PIXELS // max(1, image.shape[1]))
    return [slice(first, first + rows) for first in range(0, image.shape[0], rows)]


def _pixels(image: Image.Image, where: str) -> np.ndarray:
    upright = ImageOps.exif_transpose(image)
    if upright.mode in DEEP:
        deep, white = np.asarray(upright), DEEP[upright.mode]
        if upright.info.get("transparency") is None and deep.min() >= 0 and deep.max() <= white:
            grey = np.empty(deep.shape, np.uint8)
            for rows in _blocks(deep):
                grey[rows] = np.rint(deep[rows].astype(np.float64) * (255 / white))
            upright = Image.fromarray(grey)
    if upright.mode in ("F", *DEEP):
        raise UserError(f"{where} holds numbers of mode {upright.mode}, which may mean anything; save it in 8 bits")
    return np.asarray(upright.convert("RGBA"))


def resize(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """Scales a picture whole: by area means where it shrinks, bilinearly where it grows.

    Args:
        image: uint8 RGB (rows, columns, 3).
        height: Wanted, in pixels.
        width: Likewise.

    Returns:
        uint8 RGB (height, width, 3).
    """
    if image.shape[:2] == (height, width):
        return image
    down, across = _weights(image.shape[0], height), _weights(image.shape[1], width)
    result = np.empty((height, width, 3), np.uint8)
    for weights, row in zip(down, result, strict=True):  # a photograph in float32 takes much memory
        used = np.flatnonzero(weights)
        mixed = np.einsum("r,rwc->wc", weights[used], image[used[0] : used[-1] + 1])
        row[...] = np.rint(across @ mixed)
    return result


def _weights(old: int, new: int) -> np.ndarray:
    """What each of `old` pixels gives to each of `new` along a side: float32 (new, old); each row sums to 1."""
    edges = np.arange(new + 1) * (old / new)
    if new < old:  # the share of each new pixel that an old one covers
        covered = np.minimum(edges[1:, None], np.arange(1, old + 1)) - np.maximum(edges[:-1, None], np.arange(old))
        return (covered.clip(0) * (new / old)).astype(np.float32)
    centres = ((edges[1:] + edges[:-1]) / 2 - 0.5).clip(0, old - 1)
    return (1 - np.abs(centres[:, None] - np.arange(old))).clip(0).astype(np.float32)

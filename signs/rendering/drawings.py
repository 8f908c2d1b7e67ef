"""Drawings and pictures of signs: SVG, PNG or JPEG to pixels, and the drawings of a class."""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from xml.parsers import expat

import cv2
import numpy as np
import resvg_py

from signs.core.errors import UserError
from signs.data.pixels import decode

Signs = dict[str, list[np.ndarray]]  # drawings of signs by their names, each uint8 RGBA (height, width, 4)

SUFFIXES = (".svg", ".png", ".jpg", ".jpeg")
DRAWN_PIXELS = 512  # longer side at which an SVG is drawn
ALIKE = 24  # grey levels between colours of one background
LEAST_BACKGROUND = 0.001  # share of the image; as much at least is sign
MAX_FILE_BYTES = 32 * 2**20
MAX_DEPTH = 100  # of elements in an SVG; some hundreds end the process, as they are drawn one within the other
# What would make a drawing depend on more than its own text: on files, on the machine's fonts, on code. A filter
# takes as long as its numbers say.
NOT_SELF_CONTAINED = re.compile(
    r"<!ENTITY|<(?:[\w.-]+:)?(?:image|script|foreignObject|text|filter)\b"
    r"|(?:href\s*=|url\()\s*[\"']?\s*[^\s\"'#)]|@import",
    re.IGNORECASE,
)


def read(path: Path) -> np.ndarray:
    """Reads a drawing or picture.

    Returns:
        (height, width, 4), uint8 RGBA; alpha is 255 where the file knows no transparency.

    Raises:
        UserError: It cannot be read as an image, or is unreasonably large.
    """
    if path.stat().st_size > MAX_FILE_BYTES:
        raise UserError(f"{path} has {path.stat().st_size:,} bytes; a drawing may have {MAX_FILE_BYTES:,}")
    content = path.read_bytes()
    if path.suffix.lower() == ".svg":
        content = _draw(content, path)
    is_png = content.startswith(b"\x89PNG")
    if is_png and b"acTL" in content[: content.find(b"IDAT")]:  # as the PNG specification announces an animation
        raise UserError(f"{path} is animated; give a single picture")
    # Only a PNG knows transparency; only read as colour does a JPEG stand as its camera was held.
    is_jpeg = path.suffix.lower() in (".jpg", ".jpeg")
    return _with_alpha(decode(content, str(path), cv2.IMREAD_COLOR if is_jpeg else cv2.IMREAD_UNCHANGED), path)


def on_background(image: np.ndarray, colour: tuple[int, int, int] = (255, 255, 255)) -> np.ndarray:
    """Lays an RGBA image (height, width, 4) on a colour; gives (height, width, 3), uint8."""
    alpha = image[..., 3:].astype(np.float32) / 255
    mixed = image[..., :3] * alpha + np.array(colour, dtype=np.float32) * (1 - alpha)
    return np.rint(mixed).astype(np.uint8)


def cut_out(image: np.ndarray) -> np.ndarray:
    """Finds the background of a picture that has none marked: what joins the corners and has their colour.

    Args:
        image: uint8 RGBA (height, width, 4).

    Returns:
        The image with a transparent background; as it was where something is transparent already, or where the
        corners differ, or where nearly nothing or nearly all would be background: then all of it is the sign.
    """
    height, width = image.shape[:2]
    corners = [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)]
    colours = np.array([image[y, x, :3] for x, y in corners], dtype=int)
    if image[..., 3].min() < 255 or np.ptp(colours, axis=0).max() > ALIKE:
        return image
    picture, mask = np.ascontiguousarray(image[..., :3]), np.zeros((height + 2, width + 2), np.uint8)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | cv2.FLOODFILL_FIXED_RANGE
    for corner in corners:
        cv2.floodFill(picture, mask, corner, 0, (ALIKE,) * 3, (ALIKE,) * 3, flags)
    outside = mask[1:-1, 1:-1].astype(bool)
    if not LEAST_BACKGROUND < outside.mean() < 1 - LEAST_BACKGROUND:
        return image
    # A pixel on the edge is a mixture with the background: without it, no rim of that colour stays.
    grown = cv2.dilate(outside.astype(np.uint8), np.ones((3, 3), np.uint8))
    return np.dstack([image[..., :3], np.where(grown, 0, 255).astype(np.uint8)])


def of_classes(folder: Path, ids: Collection[int] | None = None) -> dict[int, list[np.ndarray]]:
    """The drawings of each class: `33.svg`, or `33_0.svg`, `33_1.svg` where the sign has variants.

    Args:
        folder: Of drawings.
        ids: Of the classes whose drawings to read; all where it is None.

    Returns:
        Class id to RGBA images, ids ascending, variants in order of their number.

    Raises:
        UserError: There is none, or a file is unreadable or named otherwise.
    """
    found: dict[int, list[tuple[int, Path]]] = {}
    for path in files(folder):
        match = re.fullmatch(r"(\d+)(?:_(\d+))?", path.stem)
        if not match:
            raise UserError(f"{path} is named after no class; expected ID.svg or ID_VARIANT.svg, as 33.svg or 33_0.svg")
        if ids is None or int(match[1]) in ids:
            found.setdefault(int(match[1]), []).append((int(match[2] or 0), path))
    return {id: [read(path) for _, path in sorted(variants)] for id, variants in sorted(found.items())}


def of_names(folder: Path) -> Signs:
    """The images in a folder by the names of their classes, in order of file names.

    `bus_lane.svg` is the class "Bus lane"; of a sign in variants there are `bus_lane.svg` or `bus_lane_0.svg`, and
    `bus_lane_1.svg`.

    Raises:
        UserError: There is no image or an unreadable one, or two of the same name.
    """
    return {name: [read(file) for file in variants] for name, variants in by_name(files(folder)).items()}


def by_name(paths: Iterable[Path]) -> dict[str, list[Path]]:
    """Drawings and pictures as `of_names` takes them, not read yet; the paths may be of other files too."""
    paths = _drawn(paths)
    for name, count in Counter(name_of(file.stem) for file in paths).items():
        if count > 1:
            raise UserError(f"{paths[0].parent} holds {count} images of {name!r}; name each its own")
    stems = {file.stem for file in paths}
    found: dict[str, list[Path]] = {}
    for file in sorted(paths, key=_number):
        base = _base(file)
        # A number is a part of the name where there is no first variant.
        is_variant = base in stems or f"{base}_0" in stems
        found.setdefault(name_of(base if is_variant else file.stem), []).append(file)
    return found


def files(folder: Path) -> list[Path]:
    """The drawings and pictures in a folder, in order of their names; a UserError if there is none."""
    paths = _drawn(folder.glob("*"))
    if not paths:
        raise UserError(f"{folder} holds no {', '.join(SUFFIXES)} file; put an image for each class there")
    return paths


def _drawn(paths: Iterable[Path]) -> list[Path]:
    return sorted(path for path in paths if path.suffix.lower() in SUFFIXES)


def _base(file: Path) -> str:
    return re.sub(r"_\d+$", "", file.stem)


def _number(file: Path) -> tuple[str, int]:
    match = re.search(r"_(\d+)$", file.stem)
    return _base(file), int(match[1]) if match else 0


def name_of(stem: str) -> str:
    """The name of the class that a file of this stem draws: `bus_lane` is "Bus lane"."""
    words = stem.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def _draw(content: bytes, path: Path) -> bytes:
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        raise UserError(f"{path} is no SVG in UTF-8") from None
    if NOT_SELF_CONTAINED.search(text):
        raise UserError(
            f"{path} has text, scripts, filters, entities or references to other files; a drawing must be whole in "
            "itself, with its letters as paths"
        )
    if _depth(content, path) > MAX_DEPTH:
        raise UserError(f"{path} has over {MAX_DEPTH} elements one within the other; a drawing needs few")
    try:
        drawn = resvg_py.svg_to_bytes(svg_string=text, width=DRAWN_PIXELS, height=DRAWN_PIXELS, skip_system_fonts=True)
        return bytes(drawn)  # as large as fits both, whatever size and shape it claims
    except Exception as error:  # resvg raises its own kinds
        raise UserError(f"{path} cannot be drawn as SVG: {' '.join(str(error).split())}") from None


def _depth(content: bytes, path: Path) -> int:
    open_now = deepest = 0

    def opened(*_: object) -> None:
        nonlocal open_now, deepest
        open_now += 1
        deepest = max(deepest, open_now)

    def closed(_: str) -> None:
        nonlocal open_now
        open_now -= 1

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = opened, closed
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise UserError(f"{path} cannot be drawn as SVG: {error}") from None
    return deepest


def _with_alpha(image: np.ndarray, path: Path) -> np.ndarray:
    if image.dtype == np.uint16:
        image = (image >> 8).astype(np.uint8)
    if image.dtype != np.uint8:
        raise UserError(f"{path} holds {image.dtype} pixels; expected 8 or 16 bits")
    if image.ndim == 2:
        return cv2.cvtColor(image, cv2.COLOR_GRAY2RGBA)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGBA if image.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)

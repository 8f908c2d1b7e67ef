"""Many small pictures in one: a sheet of tiles for a page."""

import base64
import math

import cv2
import numpy as np

from signs.data import pixels

LONGEST_SIDE = 64  # pixels; larger images are shrunk
QUALITY = 90  # of WebP, 0-100


class Sprite:
    """Collects pictures and puts them on one sheet, each only once.

    Args:
        height: Of the pictures to come, in pixels.
        width: Likewise.
    """

    def __init__(self, height: int, width: int) -> None:
        scale = min(1.0, LONGEST_SIDE / max(height, width))
        self.height, self.width = (max(1, round(length * scale)) for length in (height, width))
        self._tiles: dict[bytes, int] = {}

    def add(self, image: np.ndarray) -> int:
        """Adds a picture, uint8 (height, width, 1 or 3); gives its place on the sheet, counted along the rows."""
        tile = image if image.shape[:2] == (self.height, self.width) else pixels.resize(image, self.height, self.width)
        content = pixels.colour(tile[np.newaxis]).tobytes()
        return self._tiles.setdefault(content, len(self._tiles))

    def sheet(self) -> dict[str, int | str]:
        """The sheet as `uri`, with `height` and `width` of a tile, `columns` and `count` of tiles."""
        columns = max(1, math.ceil(math.sqrt(len(self._tiles))))
        rows = max(1, math.ceil(len(self._tiles) / columns))
        sheet = np.zeros((rows * columns, self.height, self.width, 3), dtype=np.uint8)
        for place, content in enumerate(self._tiles):
            sheet[place] = np.frombuffer(content, dtype=np.uint8).reshape(self.height, self.width, 3)
        grid = sheet.reshape(rows, columns, self.height, self.width, 3).swapaxes(1, 2)
        whole = grid.reshape(rows * self.height, columns * self.width, 3)
        size = {"height": self.height, "width": self.width, "columns": columns, "count": len(self._tiles)}
        return {"uri": data_uri(whole), **size}


def data_uri(image: np.ndarray) -> str:
    """An RGB image, uint8 (height, width, 3), as a WebP in a `data:` address."""
    content = cv2.imencode(".webp", image[..., ::-1], [cv2.IMWRITE_WEBP_QUALITY, QUALITY])[1]
    return f"data:image/webp;base64,{base64.b64encode(content.tobytes()).decode()}"

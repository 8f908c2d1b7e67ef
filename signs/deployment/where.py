"""Pictures of where a network looked. Needs TensorFlow and the Keras model that an exported one was made of."""

from pathlib import Path

import numpy as np
from PIL import Image

from signs.core.errors import UserError
from signs.evaluation.heatmaps import heatmaps
from signs.networks import store
from signs.preparation.preprocessing import converter

SIDE = 320  # pixels of the longer side of a picture, at least
GLOW = np.array([255, 220, 0], np.float32)  # RGB
GLOWING = 0.15  # share of that colour where the network looked most
DIMMED = 0.25  # brightness of what the network passed over


class Heatmapper:
    """Draws where a network looked.

    Args:
        folder: Of the Keras model.

    Raises:
        UserError: It is no such model.
    """

    def __init__(self, folder: Path) -> None:
        self.model = store.read(folder)
        self.preprocess = self.model.metadata["preprocess"]

    def picture(self, image: np.ndarray) -> np.ndarray:
        """The parts of an image that spoke for the class that the network names.

        Args:
            image: At the model's size, uint8 RGB (height, width, 3).

        Returns:
            uint8 RGB, enlarged; bright where the network looked.
        """
        features = converter(self.preprocess)(image[np.newaxis])
        found = heatmaps(self.model.network, features, self.model.logits(features).argmax(axis=1))[0]
        height, width = (round(length * max(1, SIDE / max(image.shape[:2]))) for length in image.shape[:2])
        large = np.asarray(Image.fromarray(image).resize((width, height), Image.Resampling.BICUBIC), np.float32)
        heat = self._over_the_image(found, height, width)[..., np.newaxis]
        return (
            np.rint(large * (DIMMED + (1 - DIMMED) * heat) + 0.15 * heat * (GLOW - large)).clip(0, 255).astype(np.uint8)
        )

    def _over_the_image(self, found: np.ndarray, height: int, width: int) -> np.ndarray:
        """A heatmap, 0-1, of the part of the image that the network sees, at the size of the picture."""
        inner = [round(length * self.preprocess["central_fraction"]) for length in (height, width)]
        scaled = Image.fromarray(found.astype(np.float32)).resize((inner[1], inner[0]), Image.Resampling.BILINEAR)
        heat = np.zeros((height, width), np.float32)
        top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
        heat[top : top + inner[0], left : left + inner[1]] = np.asarray(scaled)
        return heat


def keras_folder(model: Path) -> Path:
    """Where the Keras model of an exported one lies.

    Args:
        model: `models/exported/NAME`, `weights`, or a file in one of them.

    Raises:
        UserError: It is not there.
    """
    exported = model if model.is_dir() else model.parent
    folders = [exported / "keras", exported.parent.parent / exported.name]
    found = next((folder for folder in folders if (folder / store.NETWORK).is_file()), None)
    if found is None:
        raise UserError(f"{folders[1] / store.NETWORK} is missing; --where needs the Keras model of {exported}")
    return found

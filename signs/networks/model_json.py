"""Model cards: what is known of a model, in a file beside its network."""

import json
from pathlib import Path
from typing import Any

from signs.core.errors import UserError

FILE_NAME = "model.json"

Card = dict[str, Any]
KEYS = {"data", "image_shape", "images", "preprocess", "temperature", "train", "weights"}


def write(path: Path, card: Card) -> None:
    """Writes a card as JSON with sorted keys.

    Args:
        path: Of the file.
        card: JSON values; `preprocess` (the section that its images went through), `image_shape` (height,
            width, channels), `data` (SHA-256 of its data set), `images` (how many, by split), `train` (the
            settings of its training; of `load_from` the SHA-256), `weights` (how many the network has) and
            `temperature` (by which logits are divided).
    """
    path.write_text(json.dumps(card, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def read(path: Path) -> Card:
    """Reads a card that `write` wrote.

    Raises:
        UserError: It is missing, no JSON, or lacks something.
    """
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error}") from None
    missing = KEYS - set(card if isinstance(card, dict) else ())
    if missing or not isinstance(card["temperature"], float) or not card["temperature"] > 0:
        raise UserError(f"{path} is no card of a model of this version (lacks {sorted(missing)}); train it anew")
    return card

"""What a model makes of images: probabilities beside the right labels, in one file."""

from pathlib import Path

import numpy as np

from signs.datasets import replaced
from signs.scores import softmax


def write(path: Path, logits: dict[str, np.ndarray], labels: dict[str, np.ndarray], ids: np.ndarray) -> None:
    """Writes an `.npz`: for each split `<split>_softmax`, float32 (n, classes), and `<split>_labels`, (n,).

    Args:
        path: Of the file.
        logits: By split, each (n, classes).
        labels: Class ids by split, each (n,).
        ids: Class ids of the columns, (classes,); kept as `ids`.
    """
    arrays = {f"{split}_softmax": softmax(values) for split, values in logits.items()}
    arrays |= {f"{split}_labels": values for split, values in labels.items()}
    with replaced(path) as partial, partial.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, ids=ids, **arrays)

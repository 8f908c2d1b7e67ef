"""The history of a training: one row before the first epoch, then one row after each epoch."""

from typing import Literal

Row = dict[str, float]
Keep = Literal["best", "last"]  # the setting `train.keep`


def best_epoch(history: list[Row]) -> int:
    """The epoch with the highest validation accuracy; ties go to the lowest validation loss, then to the first.

    Without validation it is the last epoch.
    """
    if "valid_accuracy" not in history[0]:
        return len(history) - 1
    return max(range(len(history)), key=lambda i: (history[i]["valid_accuracy"], -history[i]["valid_loss"], -i))


def kept_epoch(history: list[Row], keep: Keep) -> int:
    """The epoch whose weights the model has: the best epoch, or the last one where `keep` is "last"."""
    return len(history) - 1 if keep == "last" else best_epoch(history)

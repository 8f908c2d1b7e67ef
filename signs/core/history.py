"""The history of a training: a row before the first and after each epoch."""

Row = dict[str, float]


def best_epoch(history: list[Row]) -> int:
    """The epoch of the highest validation accuracy, at a tie of the lowest validation loss, then the first.

    Without validation it is the last.
    """
    if "valid_accuracy" not in history[0]:
        return len(history) - 1
    return max(range(len(history)), key=lambda i: (history[i]["valid_accuracy"], -history[i]["valid_loss"], -i))

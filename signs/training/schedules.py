"""How the learning rate goes over a training."""

from collections.abc import Callable
from typing import Annotated, TypeAlias

from pydantic import Field

from signs.core.params import NonNegative, Share, validated
from signs.networks.backend import keras

Rate: TypeAlias = "float | keras.optimizers.schedules.LearningRateSchedule"
# From the highest rate and the steps of an epoch and of the training.
Schedule = Callable[[float, int, int], Rate]


@validated("schedules.constant")
def constant() -> Schedule:
    """The same rate at each step."""
    return lambda rate, _epoch, _training: rate


@validated("schedules.cosine")
def cosine(*, warmup: Annotated[NonNegative, Field(le=1000)], last: Share) -> Schedule:
    """Up in a straight line, then down along half a cosine.

    Source: Loshchilov, Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017.

    Args:
        warmup: Epochs, broken ones too, until the rate is the highest.
        last: Share of the highest rate that is left at the end.
    """

    def schedule(rate: float, epoch: int, training: int) -> Rate:
        up = min(round(warmup * epoch), training - 1)
        return keras.optimizers.schedules.CosineDecay(
            0.0 if up else rate, training - up, alpha=last, warmup_target=rate if up else None, warmup_steps=up
        )

    return schedule


SCHEDULES: dict[str, Callable[..., Schedule]] = {"constant": constant, "cosine": cosine}

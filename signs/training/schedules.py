"""Learning rate schedules that `train.schedule` may name."""

from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

from pydantic import Field

from signs.core import params
from signs.core.params import NonNegative, Share, validated
from signs.networks.backend import keras

Rate: TypeAlias = "float | keras.optimizers.schedules.LearningRateSchedule"
# From the maximum rate, the steps of an epoch and the steps of the training.
Schedule = Callable[[float, int, int], Rate]


@validated("schedules.constant")
def constant() -> Schedule:
    """The same learning rate at each step."""
    return lambda rate, _steps_per_epoch, _steps: rate


@validated("schedules.cosine")
def cosine(*, warmup: Annotated[NonNegative, Field(le=1000)], last: Share) -> Schedule:
    """Linear warm-up, then cosine decay.

    Source: Loshchilov, Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017.

    Args:
        warmup: Epochs of warm-up; fractions are allowed.
        last: Share of the maximum rate at the end.
    """

    def schedule(rate: float, steps_per_epoch: int, steps: int) -> Rate:
        warmup_steps = min(round(warmup * steps_per_epoch), steps - 1)
        return keras.optimizers.schedules.CosineDecay(
            0.0 if warmup_steps else rate,
            steps - warmup_steps,
            alpha=last,
            warmup_target=rate if warmup_steps else None,
            warmup_steps=warmup_steps,
        )

    return schedule


SCHEDULES: dict[str, Callable[..., Schedule]] = {"constant": constant, "cosine": cosine}


def build(choice: dict[str, Any]) -> Schedule:
    """The schedule that `choice`, `name` and settings, describes.

    Raises:
        UserError: There is no such schedule, or a setting is wrong.
    """
    return params.choose("schedules", choice, SCHEDULES)()

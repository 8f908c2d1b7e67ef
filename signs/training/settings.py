"""The settings of a training, from params.yaml to the loop."""

import math
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from signs.core import params, processor
from signs.core.errors import UserError
from signs.core.history import Keep
from signs.core.params import Count, NonNegative, Positive, Section, Seed, Sha256, Share, Threads
from signs.networks.model_json import Refit

BATCH_SIZES = (16, 32, 64, 128)  # that `auto` chooses from
STEPS = 20  # of an epoch, at least
SHOWN = 50_000  # images in a training
EPOCHS = (20, 200)  # at least, at most


def _check_dtype(dtype: str) -> str:
    # With instructions capped at AVX2, TensorFlow crashes in bfloat16.
    if dtype == "bfloat16" and processor.instructions() != "native":
        raise ValueError("bfloat16 needs native: true; set it, or train.dtype to float32")
    if dtype == "bfloat16" and not processor.computes_in_bfloat16():
        raise ValueError("this processor does not compute in bfloat16; set train.dtype to float32")
    return dtype


class Earlier(Section):
    """An earlier model to continue from.

    `path`: of its `model.keras`, outside the outputs; None to start from random weights.
    `sha256`: of that file.
    `body_rate`: share of the learning rate for all layers but the last. The last layer starts anew where the classes
    are others, and a lower rate keeps what the body has learned from more images. 0 trains the last layer alone.
    """

    path: Path | None
    sha256: Sha256 | None
    body_rate: Share


class Refits(Section):
    """What `train.refit` of params.yaml has: by model the keys of a `Refit`, all empty where there is none."""

    original: dict[str, Any]
    augmented: dict[str, Any]


class Settings(Section):
    """The section `train` of params.yaml, with the settings of each alternative that it names.

    `seed`: of initial weights, dropout, augmentation and the order of images.
    `shards`: parts of a batch, each computed by a thread of its own. Batch normalization is per shard, and sums
    depend on their number.
    `epochs`: passes over the training images, at most. `auto` in params.yaml is as many as show 50,000 images, 20 to
    200.
    `batch_size`: images a step, at most; the batches of an epoch are as even as possible. `auto` in params.yaml is the
    largest power of two, 16 to 128, that gives 20 steps an epoch.
    `learning_rate`: Adam's; its maximum where `schedule` changes it.
    `l1`, `l2`: weights of the network's L1 and L2 norms in the loss.
    `weight_decay`: decoupled weight decay, times the learning rate at each step; not of biases and gains. Source:
    Loshchilov, Hutter, "Decoupled weight decay regularization", 2019.
    `label_smoothing`: share of a label that is spread over all classes.
    `ema_decay`: share that the moving average of the weights keeps at each step. Above 0 the averages are measured
    and kept instead of the weights; 0 is for none.
    `class_balance_power`: images are drawn in proportion to their class's size to the power of minus this. 0 shows
    each image once an epoch, 1 each class equally often.
    `unseen_class_margin`: subtracted from the logits of classes that have synthetic images only, in the loss of other
    images. At 0 a network learns that a photograph never shows such a class; the higher the margin, the less it
    learns that, and from 100 on not at all. As in Menon et al., "Long-tail learning via logit adjustment", 2021,
    for rare classes.
    `patience`: epochs without a better one after which training stops; None for never.
    `keep`: the epoch whose weights the model gets, `best` on validation or `last`.
    `dtype`: that the network computes in while it trains. Weights are float32, and so is the trained model.
    `refit`: the calibration of a model that learns the validation images, too, so that nothing is left to choose an
    epoch by; None holds them out.
    `network`, `schedule`, `augmentation`: `name` of an alternative and its settings, as `params.load` returns them.
    `load_from`: the earlier model to continue from, or None.
    """

    seed: Seed
    shards: Threads
    epochs: Count
    batch_size: Count
    learning_rate: Positive
    l1: NonNegative
    l2: NonNegative
    weight_decay: NonNegative
    label_smoothing: Share
    ema_decay: Annotated[Share, Field(lt=1)]
    class_balance_power: Share
    unseen_class_margin: NonNegative
    patience: Count | None
    keep: Keep
    dtype: Annotated[Literal["float32", "bfloat16"], AfterValidator(_check_dtype)]
    refit: Refit | None
    network: dict[str, Any]
    schedule: dict[str, Any]
    augmentation: dict[str, Any]
    load_from: Earlier | None

    @property
    def recorded(self) -> dict[str, Any]:
        """The settings as JSON values, without the path of `load_from`, which is of one machine."""
        return self.model_dump(mode="json", exclude={"load_from": {"path"}})


def of_model(name: str, train: dict[str, Any], load_from: dict[str, Any], images: int) -> Settings:
    """The settings of one model.

    Args:
        name: Of the model, `original` or `augmented`.
        train: Section `train` of params.yaml with its alternatives chosen.
        load_from: Section `load_from`.
        images: Training images, from which `auto` follows.

    Raises:
        UserError: A setting is unknown, missing or out of range.
    """
    earlier = params.parse(Earlier, f"load_from.{name}", load_from.get(name))
    chosen = {"load_from": earlier if earlier.path else None, **train, **_automatic(train, images)}
    if "refit" in train:
        chosen["refit"] = _refit(name, train["refit"])
    found = params.parse(Settings, "train", chosen)
    if found.refit and (found.keep != "last" or found.patience is not None):
        raise UserError(
            f"{params.PATH}: train.refit learns the validation images, so none choose an epoch; set train.keep to last "
            "and leave train.patience empty"
        )
    return found


def _refit(name: str, section: Any) -> Refit | None:
    entry = params.parse(Refits, "train.refit", section).model_dump().get(name, {})
    is_empty = all(value is None for value in entry.values())
    return None if is_empty else params.parse(Refit, f"train.refit.{name}", entry)


def _automatic(train: dict[str, Any], images: int) -> dict[str, int]:
    """The values of settings that are `auto`."""
    batches = [size for size in BATCH_SIZES if images >= size * STEPS]
    values = {
        "batch_size": max(batches, default=BATCH_SIZES[0]),
        "epochs": min(max(math.ceil(SHOWN / max(images, 1)), EPOCHS[0]), EPOCHS[1]),
    }
    return {key: value for key, value in values.items() if train.get(key) == "auto"}

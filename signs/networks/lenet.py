"""LeNet, as the article modified it."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from signs.core.errors import UserError
from signs.core.params import Count, Real, validated
from signs.networks.backend import ops
from signs.networks.blocked_conv import blocked_conv_2x1, blocked_conv_4x4
from signs.networks.classifier import Classifier
from signs.networks.layers import ConvLayer, DropoutLayer, FlattenLayer, FullLayer, registered

MIN_SIZE = 16  # pixels; smaller images leave nothing after two convolutions with pooling
Depth = Annotated[Count, Field(le=65_536)]
KeepProb = Annotated[Real, Field(gt=0, le=1)]


@registered
class LeNet(Classifier):
    """Two convolutions with pooling, then three fully connected layers with dropout between them.

    Image size and channels are those of the first images it sees: (n, height, width, channels), or (n, height, width)
    for one channel; height and width at least 16. Returns logits (n, classes).

    Args:
        classes: Number of outputs.
        depths: Channels of the two convolutions, then units of the first two fully connected layers.
        dropout_keep_prob: Share of the units of these two layers that training keeps.

    Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", 1998, as modified
    in "German traffic sign classification in Tensorflow".
    """

    def __init__(
        self, classes: int, depths: Sequence[int] = (10, 20, 200, 100), dropout_keep_prob: float = 0.3, **kwargs
    ) -> None:
        super().__init__(**{"name": "lenet"} | kwargs)
        self.classes, self.depths, self.dropout_keep_prob = classes, tuple(depths), dropout_keep_prob

    def build(self, input_shape: Sequence) -> None:
        """Makes the layers for images of this shape.

        Raises:
            UserError: The images are too small for two convolutions with pooling.
        """
        height, width, channels = (*input_shape[1:], 1)[:3]
        if min(height, width) < MIN_SIZE:
            raise UserError(f"images are {height}x{width} pixels; LeNet needs at least {MIN_SIZE}x{MIN_SIZE}")
        first, second, third, fourth = self.depths
        rows, columns = (((length - 4) // 2 - 4) // 2 for length in (height, width))
        dtype = self.dtype_policy
        self.layer_1 = ConvLayer((5, 5, channels, first), name="layer_1", dtype=dtype)
        self.layer_2 = ConvLayer((5, 5, first, second), name="layer_2", dtype=dtype)
        self.flatten = FlattenLayer(name="flatten", dtype=dtype)
        self.layer_3 = FullLayer((rows * columns * second, third), name="layer_3", dtype=dtype)
        self.dropout_3 = DropoutLayer(self.dropout_keep_prob, name="dropout_3", dtype=dtype)
        self.layer_4 = FullLayer((third, fourth), name="layer_4", dtype=dtype)
        self.dropout_4 = DropoutLayer(self.dropout_keep_prob, name="dropout_4", dtype=dtype)
        self.layer_5 = FullLayer((fourth, self.classes), "linear", name="layer_5", dtype=dtype)
        super().build(input_shape)

    def feature_maps(self, inputs, training: bool = False):  # noqa: ARG002  # the same in training
        """The output of the second convolution: (n, rows, columns, channels)."""
        x = ops.cast(inputs, self.compute_dtype)
        x = ops.expand_dims(x, -1) if ops.ndim(x) == 3 else x
        if x.shape[1] % 4 or x.shape[2] % 4:
            return self.layer_2(self.layer_1(x))
        return blocked_conv_2x1(blocked_conv_4x4(x, self.layer_1), self.layer_2)

    def head(self, maps, training: bool = False):
        """Logits (n, classes) by the fully connected layers."""
        x = self.flatten(maps)
        x = self.dropout_3(self.layer_3(x), training=training)
        x = self.dropout_4(self.layer_4(x), training=training)
        return self.layer_5(x)

    def get_config(self) -> dict:
        """The arguments of the constructor."""
        own = {"classes": self.classes, "depths": self.depths, "dropout_keep_prob": self.dropout_keep_prob}
        return {**super().get_config(), **own}


@validated("networks.lenet")
def lenet(
    classes: int,
    dtype: str,
    *,
    depths: Annotated[list[Depth], Field(min_length=4, max_length=4)],
    dropout_keep_prob: KeepProb,
) -> Classifier:
    """The network `lenet` of params.yaml; see `LeNet`."""
    return LeNet(classes, depths, dropout_keep_prob, dtype=dtype)

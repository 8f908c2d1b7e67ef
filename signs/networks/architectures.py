"""Networks: images in, one logit a class out."""

import string
from collections.abc import Callable, Sequence
from typing import Annotated

from pydantic import Field, StrictBool

from signs.core.errors import UserError
from signs.core.params import Count, Real, validated
from signs.networks.backend import keras, ops
from signs.networks.blocked_conv import by_pairs, by_squares
from signs.networks.layers import (
    ConvLayer,
    DropoutLayer,
    FlattenLayer,
    FullLayer,
    Layer,
    NormalizedConvLayer,
    registered,
)
from signs.networks.spatial_transformer import SpatialTransformer

LEAST_DEVIATION = 0.04  # of pixels in [-1, 1]: an image of one colour is not blown up to noise
LEAST_CONTRAST = 0.2  # likewise of a neighbourhood, in an image that is standardized

Depth = Annotated[Count, Field(le=65_536)]
KeepProb = Annotated[Real, Field(gt=0, le=1)]


class Classifier(keras.Model):
    """What every network here gives besides its logits.

    A network is its `maps` (convolutions, which keep the places of the image) and its `head` (what the
    maps mean). Labels are class indices 0..classes-1, integers of shape (n,).
    """

    def maps(self, inputs, training: bool = False):
        """What the convolutions find in the images, and where: (n, rows, columns, channels)."""
        raise NotImplementedError

    def head(self, maps, training: bool = False):
        """Logits, (n, classes)."""
        raise NotImplementedError

    def back(self, inputs, places):  # noqa: ARG002  # the places of the maps are those of the image
        """Brings values of the maps' places, (n, rows, columns), to where these are in the images: the same shape."""
        return places

    def call(self, inputs, training: bool = False):
        """Gives logits, (n, classes)."""
        return self.head(self.maps(inputs, training), training)

    def predictions(self, features):
        """The likeliest class index of each image: (n,), int32."""
        return ops.argmax(self(features), axis=-1)

    def get_config(self) -> dict:
        """What the constructor takes, but for the type to compute in: a network that is read takes its reader's."""
        return {key: value for key, value in super().get_config().items() if key != "dtype"}

    def accuracy(self, features, labels):
        """The share of images whose likeliest class is their label: 0-D, 0-1."""
        return ops.mean(ops.cast(self.predictions(features) == ops.cast(labels, "int32"), "float32"))

    def cross_entropy(self, features, labels):
        """-log of the probability of the label, for each image: (n,), nats."""
        return ops.sparse_categorical_crossentropy(labels, self(features), from_logits=True)

    def loss(self, features, labels, l1: float = 0.0, l2: float = 0.0):
        """Mean cross entropy, plus `l1` and `l2` times the norms: 0-D."""
        return ops.mean(self.cross_entropy(features, labels)) + l1 * self.L1() + l2 * self.L2()

    def L1(self):  # noqa: N802
        """The sum of the layers' L1 norms: 0-D."""
        return sum((layer.L1() for layer in self.norm_layers), ops.zeros(()))

    def L2(self):  # noqa: N802
        """The sum of the layers' L2 norms: 0-D."""
        return sum((layer.L2() for layer in self.norm_layers), ops.zeros(()))

    @property
    def norm_layers(self) -> list[Layer]:
        """The layers that know their norms."""
        return [layer for layer in self.layers if isinstance(layer, Layer)]


@registered
class LeNet(Classifier):
    """The article's modified LeNet: two convolutions, three full layers, dropout between the last.

    Image size and channels are those of the first images it sees: (n, height, width, channels), or
    (n, height, width) for one channel; height and width at least 16. Gives logits (n, classes).

    Args:
        classes: The number of outputs.
        depths: Channels of the two convolutions, then units of the first two full layers.
        dropout_keep_prob: The share of units kept in training after each of these full layers.

    Source: LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition",
    1998, as modified in "German traffic sign classification in Tensorflow".
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
        if min(height, width) < 16:
            raise UserError(f"images are {height}x{width} pixels; LeNet needs at least 16x16")
        first, second, third, fourth = self.depths
        self.layer_1 = ConvLayer((5, 5, channels, first), name="layer_1")
        self.layer_2 = ConvLayer((5, 5, first, second), name="layer_2")
        self.flatten = FlattenLayer(name="flatten")
        rows, columns = (((length - 4) // 2 - 4) // 2 for length in (height, width))
        self.layer_3 = FullLayer((rows * columns * second, third), name="layer_3")
        self.dropout_3 = DropoutLayer(self.dropout_keep_prob, name="dropout_3")
        self.layer_4 = FullLayer((third, fourth), name="layer_4")
        self.dropout_4 = DropoutLayer(self.dropout_keep_prob, name="dropout_4")
        self.layer_5 = FullLayer((fourth, self.classes), activation="linear", name="layer_5")
        super().build(input_shape)

    def maps(self, inputs, training: bool = False):  # noqa: ARG002  # the same in training
        """What the convolutions find: (n, rows, columns, channels)."""
        x = ops.cast(inputs, self.compute_dtype)
        x = ops.expand_dims(x, -1) if ops.ndim(x) == 3 else x
        if x.shape[1] % 4 or x.shape[2] % 4:
            return self.layer_2(self.layer_1(x))
        return by_pairs(by_squares(x, self.layer_1), self.layer_2)

    def head(self, maps, training: bool = False):
        """Logits, (n, classes), by the full layers."""
        x = self.flatten(maps)
        x = self.dropout_3(self.layer_3(x), training=training)
        x = self.dropout_4(self.layer_4(x), training=training)
        return self.layer_5(x)

    def get_config(self) -> dict:
        """What the constructor takes."""
        own = {"classes": self.classes, "depths": self.depths, "dropout_keep_prob": self.dropout_keep_prob}
        return {**super().get_config(), **own}


@registered
class ConvNet(Classifier):
    """Groups of normalized 3x3 convolutions, each group followed by max-pooling, then one full layer.

    Image size and channels are those of the first images it sees: (n, height, width, channels), or
    (n, height, width) for one channel; each group halves height and width. Gives logits (n, classes).

    Args:
        classes: The number of outputs.
        depths: Channels of the convolutions, a list for each group.
        dropout_keep_prob: The share of the last group's outputs kept in training.
        standardize: Whether each image is brought to mean 0 and variance 1 first, so that dark and flat ones
            look like the others.
        neighbourhood: Side in pixels of the square around each pixel, as much of it as lies in the image, by whose
            mean and deviation a further channel standardizes the brightness: in it, what lies in shadow looks
            like the rest. None for no such channel.
        spatial_transformer: Whether a `SpatialTransformer` turns, moves and enlarges each image first.

    Source: the further channel follows Jarrett, Kavukcuoglu, Ranzato, LeCun, "What is the best multi-stage
    architecture for object recognition?", 2009; for the transformer see there.
    """

    def __init__(
        self,
        classes: int,
        depths: Sequence[Sequence[int]] = ((32, 32), (64, 64), (160, 160, 160)),
        dropout_keep_prob: float = 0.6,
        standardize: bool = True,
        neighbourhood: int | None = 9,
        spatial_transformer: bool = False,
        **kwargs,
    ) -> None:
        super().__init__(**{"name": "convnet"} | kwargs)
        self.classes, self.depths, self.dropout_keep_prob = classes, tuple(map(tuple, depths)), dropout_keep_prob
        self.standardize, self.neighbourhood = standardize, neighbourhood
        self.spatial_transformer = spatial_transformer

    def build(self, input_shape: Sequence) -> None:
        """Makes the layers for images of this shape.

        Raises:
            UserError: The images are too small to be halved by each group.
        """
        height, width, channels = (*input_shape[1:], 1)[:3]
        least = 2 ** len(self.depths)
        if min(height, width) < least:
            raise UserError(f"images are {height}x{width} pixels; these groups need at least {least}x{least}")
        channels += self.neighbourhood is not None
        self.transformer = SpatialTransformer(name="transformer") if self.spatial_transformer else None
        if self.transformer:  # weights are read before the first image comes
            self.transformer.build((None, height, width, channels))
        self.groups = []
        for number, depths in enumerate(self.depths, start=1):
            group = []
            for letter, depth in zip(string.ascii_lowercase, depths, strict=False):
                group.append(NormalizedConvLayer((3, 3, channels, depth), name=f"group_{number}{letter}"))
                channels = depth
            self.groups.append(group)
        self.flatten = FlattenLayer(name="flatten")
        self.dropout = DropoutLayer(self.dropout_keep_prob, name="dropout")
        size = (height // least) * (width // least) * channels
        self.full = FullLayer((size, self.classes), activation="linear", stddev=size**-0.5, name="full")
        super().build(input_shape)

    def maps(self, inputs, training: bool = False):
        """What the convolutions find, after the last pooling: (n, rows, columns, channels)."""
        x = self._standardized(inputs)
        x = self.transformer(x) if self.transformer else x
        x = ops.cast(x, self.compute_dtype)
        for group in self.groups:
            for layer in group:
                x = layer(x, training=training)
            x = ops.max_pool(x, 2, 2)
        return x

    def back(self, inputs, places):
        """Brings values of the maps' places, (n, rows, columns), to where these are in the images: the same shape."""
        return self.transformer.back(self._standardized(inputs), places) if self.transformer else places

    def _standardized(self, inputs):
        """The images with the further channel, float32, as the transformer or the first convolution takes them."""
        x = ops.cast(inputs, "float32")
        x = ops.expand_dims(x, -1) if ops.ndim(x) == 3 else x
        if self.standardize:
            mean, variance = ops.moments(x, axes=(1, 2, 3), keepdims=True)
            x = (x - mean) / (ops.sqrt(variance) + LEAST_DEVIATION)
        if self.neighbourhood:
            x = ops.concatenate([x, self._relative(ops.mean(x, axis=-1, keepdims=True))], axis=-1)
        return x

    def _relative(self, brightness):
        """Brightness by the mean and deviation of what is around it: (n, height, width, 1)."""
        square, mean = (
            ops.average_pool(values, self.neighbourhood, 1, padding="same") for values in (brightness**2, brightness)
        )
        # Rounding may take the variance of one colour below 0.
        return (brightness - mean) / (ops.sqrt(ops.maximum(square - mean**2, 0)) + LEAST_CONTRAST)

    def head(self, maps, training: bool = False):
        """Logits, float32 (n, classes), by one full layer."""
        return ops.cast(self.full(self.dropout(self.flatten(maps), training=training)), "float32")

    def get_config(self) -> dict:
        """What the constructor takes."""
        own = {
            "classes": self.classes,
            "depths": self.depths,
            "dropout_keep_prob": self.dropout_keep_prob,
            "standardize": self.standardize,
            "neighbourhood": self.neighbourhood,
            "spatial_transformer": self.spatial_transformer,
        }
        return {**super().get_config(), **own}


@validated("networks.lenet")
def lenet(
    classes: int, *, depths: Annotated[list[Depth], Field(min_length=4, max_length=4)], dropout_keep_prob: KeepProb
) -> Classifier:
    """The network `lenet` of params.yaml, for a number of classes."""
    return LeNet(classes, depths, dropout_keep_prob)


@validated("networks.convnet")
def convnet(
    classes: int,
    *,
    depths: Annotated[list[Annotated[list[Depth], Field(min_length=1, max_length=26)]], Field(min_length=1)],
    dropout_keep_prob: KeepProb,
    standardize: StrictBool,
    neighbourhood: Count | None,
    spatial_transformer: StrictBool,
) -> Classifier:
    """The network `convnet` of params.yaml, for a number of classes."""
    return ConvNet(classes, depths, dropout_keep_prob, standardize, neighbourhood, spatial_transformer)


NETWORKS: dict[str, Callable[..., Classifier]] = {"lenet": lenet, "convnet": convnet}

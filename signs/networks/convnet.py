"""ConvNet: batch-normalized 3x3 convolutions on standardized images."""

import string
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, StrictBool

from signs.core.errors import UserError
from signs.core.params import Count, Real, Side, validated
from signs.networks.backend import ops
from signs.networks.classifier import Classifier
from signs.networks.layers import DropoutLayer, FlattenLayer, FullLayer, NormalizedConvLayer, registered
from signs.networks.spatial_transformer import SpatialTransformer

# Added to standard deviations of pixels in [-1, 1], so that flat images are not amplified to noise.
IMAGE_STD_EPSILON = 0.04
LOCAL_STD_EPSILON = 0.2  # of a neighbourhood in a standardized image

Depth = Annotated[Count, Field(le=65_536)]
Group = Annotated[list[Depth], Field(min_length=1, max_length=26)]
KeepProb = Annotated[Real, Field(gt=0, le=1)]


@registered
class ConvNet(Classifier):
    """Groups of batch-normalized 3x3 convolutions, each group followed by 2x2 max pooling, then one dense layer.

    Image size and channels are those of the first images it sees: (n, height, width, channels), or (n, height, width)
    for one channel; each group halves height and width. Returns logits, float32 (n, classes).

    Args:
        classes: Number of outputs.
        depths: Channels of the convolutions, a list for each group.
        dropout_keep_prob: Share of the last group's outputs that training keeps.
        standardize: Whether each image is standardized to mean 0 and variance 1 first, which makes dark and
            low-contrast images look like the others.
        neighbourhood: Side in pixels of a square window; a further channel has the brightness of each pixel
            standardized by the mean and standard deviation of the window around it, which evens out shadows. Windows
            are cut off at the edge of the image. None for no such channel.
        spatial_transformer: Whether a `SpatialTransformer` rotates, shifts and zooms each image first.

    Source: the further channel follows Jarrett, Kavukcuoglu, Ranzato, LeCun, "What is the best multi-stage architecture
    for object recognition?", 2009; for the transformer see there.
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
        shrinkage = 2 ** len(self.depths)
        if min(height, width) < shrinkage:
            raise UserError(f"images are {height}x{width} pixels; these groups need at least {shrinkage}x{shrinkage}")
        if self.neighbourhood is not None:
            channels += 1  # see `neighbourhood`
        self.transformer = SpatialTransformer(name="transformer") if self.spatial_transformer else None
        if self.transformer:  # now, since weights may be loaded before the first image comes
            self.transformer.build((None, height, width, channels))
        dtype = self.dtype_policy
        self.groups = []
        for number, depths in enumerate(self.depths, start=1):
            group = []
            for letter, depth in zip(string.ascii_lowercase, depths, strict=False):
                name = f"group_{number}{letter}"
                group.append(NormalizedConvLayer((3, 3, channels, depth), name=name, dtype=dtype))
                channels = depth
            self.groups.append(group)
        self.flatten = FlattenLayer(name="flatten", dtype=dtype)
        self.dropout = DropoutLayer(self.dropout_keep_prob, name="dropout", dtype=dtype)
        size = (height // shrinkage) * (width // shrinkage) * channels
        self.full = FullLayer((size, self.classes), "linear", stddev=size**-0.5, name="full", dtype=dtype)
        super().build(input_shape)

    def feature_maps(self, inputs, training: bool = False):
        """The output of the last pooling: (n, rows, columns, channels)."""
        x = self._standardized(inputs)
        x = self.transformer(x) if self.transformer else x
        x = ops.cast(x, self.compute_dtype)
        for group in self.groups:
            for layer in group:
                x = layer(x, training=training)
            x = ops.max_pool(x, 2, 2)
        return x

    def to_image(self, inputs, places):
        """Maps values on the grid of the feature maps, (n, rows, columns), to the same grid over the input images."""
        return self.transformer.to_input(self._standardized(inputs), places) if self.transformer else places

    def _standardized(self, inputs):
        """The images and the further channel, float32, as the transformer or the first convolution takes them."""
        x = ops.cast(inputs, "float32")
        x = ops.expand_dims(x, -1) if ops.ndim(x) == 3 else x
        if self.standardize:
            mean, variance = ops.moments(x, axes=(1, 2, 3), keepdims=True)
            x = (x - mean) / (ops.sqrt(variance) + IMAGE_STD_EPSILON)
        if self.neighbourhood:
            x = ops.concatenate([x, self._locally_standardized(ops.mean(x, axis=-1, keepdims=True))], axis=-1)
        return x

    def _locally_standardized(self, brightness):
        """Brightness standardized by the mean and deviation of its neighbourhood: (n, height, width, 1)."""
        square, mean = (
            ops.average_pool(values, self.neighbourhood, 1, padding="same") for values in (brightness**2, brightness)
        )
        # Rounding may make the variance of a flat neighbourhood negative.
        return (brightness - mean) / (ops.sqrt(ops.maximum(square - mean**2, 0)) + LOCAL_STD_EPSILON)

    def head(self, maps, training: bool = False):
        """Logits, float32 (n, classes), by one dense layer."""
        return ops.cast(self.full(self.dropout(self.flatten(maps), training=training)), "float32")

    def get_config(self) -> dict:
        """The arguments of the constructor."""
        own = {
            "classes": self.classes,
            "depths": self.depths,
            "dropout_keep_prob": self.dropout_keep_prob,
            "standardize": self.standardize,
            "neighbourhood": self.neighbourhood,
            "spatial_transformer": self.spatial_transformer,
        }
        return {**super().get_config(), **own}


@validated("networks.convnet")
def convnet(
    classes: int,
    dtype: str,
    *,
    depths: Annotated[list[Group], Field(min_length=1)],
    dropout_keep_prob: KeepProb,
    standardize: StrictBool,
    neighbourhood: Side | None,
    spatial_transformer: StrictBool,
) -> Classifier:
    """The network `convnet` of params.yaml; see `ConvNet`."""
    return ConvNet(classes, depths, dropout_keep_prob, standardize, neighbourhood, spatial_transformer, dtype=dtype)

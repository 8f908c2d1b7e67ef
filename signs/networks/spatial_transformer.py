"""Spatial transformer: a network rotates, shifts and zooms an image before it classifies it."""

import math
from collections.abc import Sequence

from signs.networks.backend import ops, tf
from signs.networks.layers import FullLayer, Layer, WeightedLayer, registered

DEPTHS = (16, 32, 32)  # channels of the convolutions of the localization network
KERNELS = (5, 3, 3)  # their sides, in pixels
UNITS = 32  # of its hidden dense layer


class StridedConvLayer(WeightedLayer):
    """Convolution with stride 2, then ReLU: (n, ceil(height / 2), ceil(width / 2), depth)."""

    def call(self, inputs):
        """Returns (n, rows, columns, weight_shape[3])."""
        return self.activation(ops.conv(inputs, self.weight, strides=2, padding="same") + self.bias)


@registered
class SpatialTransformer(Layer):
    """Samples each image by an affine transform, which a small localization network predicts from the image.

    (n, height, width, channels) stays (n, height, width, channels). The initial transforms are the identity. A
    transform says where in the input each output pixel is sampled; beyond the input it is the nearest edge pixel.

    It computes in float32, which coordinates need. Standardize images of one colour before it: the gradient of a
    standard deviation of 0 is NaN.

    Source: Jaderberg, Simonyan, Zisserman, Kavukcuoglu, "Spatial transformer networks", 2015; initial weights as in
    Glorot, Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(**{"dtype": "float32"} | kwargs)

    def build(self, input_shape: Sequence) -> None:
        """Makes the layers for images of this shape."""
        height, width, channels = input_shape[1:]
        self.convolutions = []
        for number, (depth, side) in enumerate(zip(DEPTHS, KERNELS, strict=True), start=1):
            stddev = math.sqrt(2 / (side * side * (channels + depth)))
            shape, name = (side, side, channels, depth), f"convolution_{number}"
            self.convolutions.append(StridedConvLayer(shape, "relu", stddev=stddev, name=name, dtype="float32"))
            height, width, channels = math.ceil(height / 2), math.ceil(width / 2), depth
        size = height * width * channels
        self.hidden = FullLayer((size, UNITS), stddev=math.sqrt(2 / (size + UNITS)), name="hidden", dtype="float32")
        self.change = FullLayer((UNITS, 6), "linear", stddev=0.0, name="change", dtype="float32")
        super().build(input_shape)

    def call(self, inputs):
        """Returns the transformed images, float32 of the same shape."""
        height, width, channels = inputs.shape[1:]
        points = _transformed_grid(height, width, self.transforms(inputs))
        return tf.reshape(_sampled(inputs, points), (-1, height, width, channels))

    def transforms(self, images):
        """The affine transform of each image, float32 (n, 2, 3): (row, column, 1) of an output pixel to its input.

        Rows and columns go from -1 at one edge of the image to 1 at the other.
        """
        x = images
        for convolution in self.convolutions:
            x = convolution(x)
        change = self.change(self.hidden(tf.reshape(x, (-1, math.prod(x.shape[1:])))))
        return tf.reshape(change, (-1, 2, 3)) + tf.eye(2, 3)

    def to_input(self, images, places):
        """Undoes the transform for values on a grid over the transformed images; 0 outside their part of the input.

        Args:
            images: The input of `call`, float32 (n, height, width, channels).
            places: Float (n, rows, columns), a grid over each transformed image.

        Returns:
            float32 (n, rows, columns), the same grid over the input image.
        """
        rows, columns = places.shape[1:]
        transforms = self.transforms(ops.convert_to_tensor(images))
        linear, shift = transforms[:, :, :2], transforms[:, :, 2:]
        (a, b), (c, d) = (tf.unstack(row, axis=1) for row in tf.unstack(linear, axis=1))
        inverse = tf.stack([tf.stack([d, -b], axis=1), tf.stack([-c, a], axis=1)], axis=1)
        inverse = tf.math.divide_no_nan(inverse, (a * d - b * c)[:, tf.newaxis, tf.newaxis])
        points = _transformed_grid(rows, columns, tf.concat([inverse, -inverse @ shift], axis=2))
        values = _sampled(ops.cast(places, "float32")[..., tf.newaxis], points)[..., 0]
        values *= ops.cast(tf.reduce_all(tf.abs(points) <= 1, axis=1), "float32")
        return tf.reshape(values, (-1, rows, columns))

    def L1(self):  # noqa: N802
        """Sum of the absolute values of weights and biases: 0-D float tensor."""
        return sum(layer.L1() for layer in (*self.convolutions, self.hidden, self.change))

    def L2(self):  # noqa: N802
        """Sum of its layers' L2 norms: 0-D float tensor."""
        return sum(layer.L2() for layer in (*self.convolutions, self.hidden, self.change))


def _transformed_grid(rows: int, columns: int, transforms):
    """The centres of a grid's cells, transformed: (n, 2, rows * columns), row and column."""
    down, across = ((2 * tf.range(length, dtype="float32") + 1) / length - 1 for length in (rows, columns))
    cells = [tf.reshape(axis, (-1,)) for axis in tf.meshgrid(down, across, indexing="ij")]
    return transforms @ tf.stack([*cells, tf.ones(rows * columns)])


def _sampled(images, points):
    """Bilinear samples at points (n, 2, points): (n, points, channels)."""
    height, width, channels = images.shape[1:]
    pixels = tf.reshape(images, (-1, height * width, channels))
    rows, columns = (_neighbours(points[:, axis], length) for axis, length in enumerate((height, width)))
    return tf.add_n(
        [
            tf.gather(pixels, row * width + column, batch_dims=1) * (row_weight * column_weight)[..., tf.newaxis]
            for row, row_weight in rows
            for column, column_weight in columns
        ]
    )


def _neighbours(position, length: int):
    """The two pixels along an axis that positions in -1..1 lie between, and the weight of each."""
    position = tf.clip_by_value((position + 1) * length / 2 - 0.5, 0, length - 1)
    first = tf.floor(position)
    # A NaN must not become an index out of range; its weight keeps the sample NaN.
    pixel, weight = tf.clip_by_value(ops.cast(first, "int32"), 0, length - 1), position - first
    return [(pixel, 1 - weight), (tf.minimum(pixel + 1, length - 1), weight)]

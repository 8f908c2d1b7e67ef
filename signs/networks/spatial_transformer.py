"""Spatial transformers: a network turns, moves and enlarges an image to its liking before it looks at it."""

import math
from collections.abc import Sequence

from signs.networks.backend import ops, tf
from signs.networks.layers import FullLayer, Layer, WeightedLayer, registered

DEPTHS = (16, 32, 32)  # channels of the convolutions that find the map
KERNELS = (5, 3, 3)  # their sides
UNITS = 32


class StridedConvLayer(WeightedLayer):
    """Convolution at every second row and column, then an activation: (n, ceil(height / 2), ceil(width / 2), depth)."""

    def call(self, inputs):
        """Gives (n, rows, columns, weight_shape[3])."""
        return self.operation(ops.conv(inputs, self.weight, strides=2, padding="same") + self.bias)


@registered
class SpatialTransformer(Layer):
    """Samples each image by an affine map, which a small network of its own finds in the image.

    (n, height, width, channels) stays (n, height, width, channels). At first every map is the identity. A map says
    where in the image each place of the output looks; places beyond the image see its nearest edge.

    It computes in float32, which coordinates need. Where images may be of one colour, standardize them before it: the
    gradient of a deviation of 0 is no number.

    Source: Jaderberg, Simonyan, Zisserman, Kavukcuoglu, "Spatial transformer networks", 2015; first weights as Glorot,
    Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
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
            self.convolutions.append(StridedConvLayer(shape, name, 0.0, stddev, operation="relu", dtype="float32"))
            height, width, channels = math.ceil(height / 2), math.ceil(width / 2), depth
        size = height * width * channels
        self.hidden = FullLayer((size, UNITS), stddev=math.sqrt(2 / (size + UNITS)), name="hidden", dtype="float32")
        self.change = FullLayer((UNITS, 6), "linear", stddev=0.0, name="change", dtype="float32")
        super().build(input_shape)

    def call(self, inputs):
        """Gives the images as the maps show them, float32 of the same shape."""
        height, width, channels = inputs.shape[1:]
        looked_at = _grid(height, width, self.maps(inputs))
        return tf.reshape(_sampled(inputs, looked_at), (-1, height, width, channels))

    def maps(self, images):
        """The affine map of each image, float32 (n, 2, 3), by which (row, column, 1) of a place gives where it looks.

        Rows and columns go from -1 at one edge of the image to 1 at the other.
        """
        found = images
        for convolution in self.convolutions:
            found = convolution(found)
        change = self.change(self.hidden(tf.reshape(found, (-1, math.prod(found.shape[1:])))))
        return tf.reshape(change, (-1, 2, 3)) + tf.eye(2, 3)

    def back(self, images, places):
        """Brings what was found in transformed images back to where it is in the images; 0 where none looked.

        Args:
            images: As `call` takes them, float32 (n, height, width, channels).
            places: Float (n, rows, columns), a grid over each transformed image.

        Returns:
            float32 (n, rows, columns), the same grid over the image.
        """
        rows, columns = places.shape[1:]
        maps = self.maps(ops.convert_to_tensor(images))
        linear, shift = maps[:, :, :2], maps[:, :, 2:]
        (a, b), (c, d) = (tf.unstack(row, axis=1) for row in tf.unstack(linear, axis=1))
        inverse = tf.stack([tf.stack([d, -b], axis=1), tf.stack([-c, a], axis=1)], axis=1)
        inverse = tf.math.divide_no_nan(inverse, (a * d - b * c)[:, tf.newaxis, tf.newaxis])
        seen_at = _grid(rows, columns, tf.concat([inverse, -inverse @ shift], axis=2))
        found = _sampled(ops.cast(places, "float32")[..., tf.newaxis], seen_at)[..., 0]
        found *= ops.cast(tf.reduce_all(tf.abs(seen_at) <= 1, axis=1), "float32")
        return tf.reshape(found, (-1, rows, columns))

    def L1(self):  # noqa: N802
        """Sum of the absolute values of weights and biases: 0-D float tensor."""
        return sum(layer.L1() for layer in (*self.convolutions, self.hidden, self.change))

    def L2(self):  # noqa: N802
        """Sum of its layers' L2 norms: 0-D float tensor."""
        return sum(layer.L2() for layer in (*self.convolutions, self.hidden, self.change))

    def get_config(self) -> dict:
        """What the constructor takes: nothing of its own."""
        return {key: value for key, value in super().get_config().items() if key != "operation"}


def _grid(rows: int, columns: int, maps):
    """Where maps take the middles of the cells of a grid: (n, 2, rows * columns), row and column."""
    down, across = ((2 * tf.range(length, dtype="float32") + 1) / length - 1 for length in (rows, columns))
    cells = [tf.reshape(length, (-1,)) for length in tf.meshgrid(down, across, indexing="ij")]
    return maps @ tf.stack([*cells, tf.ones(rows * columns)])


def _sampled(images, at):
    """Pixels at places (n, 2, places), of the four nearest, each as much as it is near: (n, places, channels)."""
    height, width, channels = images.shape[1:]
    pixels = tf.reshape(images, (-1, height * width, channels))
    rows, columns = (_neighbours(at[:, axis], length) for axis, length in enumerate((height, width)))
    return tf.add_n(
        [
            tf.gather(pixels, row * width + column, batch_dims=1) * (by_row * by_column)[..., tf.newaxis]
            for row, by_row in rows
            for column, by_column in columns
        ]
    )


def _neighbours(at, length: int):
    """The two pixels of a row that a place in -1..1 lies between, with the share of each."""
    at = tf.clip_by_value((at + 1) * length / 2 - 0.5, 0, length - 1)
    first = tf.floor(at)
    # Where weights are no numbers any more, there still is a pixel, and what is sampled is no number either.
    pixel, share = tf.clip_by_value(ops.cast(first, "int32"), 0, length - 1), at - first
    return [(pixel, 1 - share), (tf.minimum(pixel + 1, length - 1), share)]

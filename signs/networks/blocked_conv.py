"""Blocked convolution: convolution, activation and pooling of a `ConvLayer`, a block of output pixels at a time.

A convolution of few channels leaves a processor's vector units idle. Here the kernel is copied to each position of an
output block, which gives one larger, partly zero kernel with as many times more output channels. That multiplies more
and takes less time. The outputs of one pooling window end up next to each other, which also makes pooling faster.

Layers have 5x5 kernels, 2x2 pooling and a monotonic activation. Between the two functions images are row-packed: two
rows are packed into the channels, (n, rows / 2, columns, 2 * channels).
"""

from signs.networks.backend import ops, tf
from signs.networks.layers import ConvLayer

WINDOW = 4  # pixels of a 2x2 pooling window


def blocked_conv_4x4(images, layer: ConvLayer):
    """The output of a layer, computed in blocks of 4x4 pixels of its convolution.

    Args:
        images: Float (n, height, width, channels), height and width divisible by 4.
        layer: As above.

    Returns:
        Row-packed (n, rows / 2, columns, 2 * depth).
    """
    depth = layer.weight.shape[-1]
    height, width, channels = images.shape[1:]
    # `tf.nn.space_to_depth` does the same, but takes three quarters of the time of the matrix product below.
    tiles = tf.transpose(tf.reshape(images, (-1, height // 4, 4, width // 4, 4 * channels)), (0, 1, 3, 2, 4))
    tiles = tf.reshape(tiles, (-1, height // 4, width // 4, 16 * channels))
    rows, columns = height // 4 - 1, width // 4 - 1
    # A block of 4x4 outputs sees 8x8 pixels. A matrix product takes two thirds of the time of a convolution.
    corners = [tiles[:, y : y + rows, x : x + columns] for y in (0, 1) for x in (0, 1)]
    patches = tf.reshape(tf.concat(corners, axis=-1), (-1, len(corners) * tiles.shape[-1]))
    # A row of the 8x8 pixels is 4 * tile + row in the tile; a row of the 4x4 outputs is 2 * window + row in the window.
    kernels = tf.reshape(_shifted_kernels(layer, 4, 4, images.dtype), (2, 4, 2, 4, -1, 2, 2, 2, 2, depth))
    kernels = tf.reshape(tf.transpose(kernels, (0, 2, 1, 3, 4, 6, 8, 7, 5, 9)), (patches.shape[-1], -1))
    pooled = _max_pooled(patches @ kernels, rows * columns, 4 * depth)
    return _activated(layer, tf.reshape(pooled, (-1, rows, 2 * columns, 2 * depth)))


def blocked_conv_2x1(packed, layer: ConvLayer):
    """The output of a layer for row-packed images, computed in blocks of two rows of its convolution.

    Args:
        packed: Float (n, height / 2, width, 2 * channels), as `blocked_conv_4x4` returns it; its width is even.
        layer: As above.

    Returns:
        (n, rows, columns, depth), not packed.
    """
    depth = layer.weight.shape[-1]
    kernels = tf.reshape(_shifted_kernels(layer, 2, 1, packed.dtype), (3, 2, 5, -1, 2 * depth))
    kernels = tf.reshape(tf.transpose(kernels, (0, 2, 1, 3, 4)), (3, 5, -1, 2 * depth))
    convolved = tf.nn.conv2d(packed, kernels, 1, "VALID")
    rows, columns = convolved.shape[1], convolved.shape[2] // 2
    pooled = _max_pooled(convolved, rows * columns, depth)
    return _activated(layer, tf.reshape(pooled, (-1, rows, columns, depth)))


def _shifted_kernels(layer: ConvLayer, rows: int, columns: int, dtype: tf.DType):
    """The kernel at each position of a block: (5 + rows - 1, 5 + columns - 1, channels, rows, columns, depth)."""
    kernel = ops.cast(layer.weight, dtype)
    shifted = [
        [tf.pad(kernel, ((y, rows - 1 - y), (x, columns - 1 - x), (0, 0), (0, 0))) for x in range(columns)]
        for y in range(rows)
    ]
    return tf.stack([tf.stack(row, axis=-2) for row in shifted], axis=-3)


def _max_pooled(values, windows: int, channels: int):
    """The maximum of each pooling window, whose pixels are adjacent: (n, windows, 1, channels)."""
    adjacent = tf.reshape(values, (-1, windows, WINDOW, channels))
    return tf.nn.max_pool2d(adjacent, (1, WINDOW), (1, WINDOW), "VALID")


def _activated(layer: ConvLayer, values):
    bias = ops.cast(layer.bias, values.dtype)
    return layer.activation(tf.nn.bias_add(values, tf.tile(bias, [values.shape[-1] // bias.shape[0]])))

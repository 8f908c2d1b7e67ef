"""Convolutions with pooling, computed for a block of neighbouring places at once.

A convolution of a handful of channels keeps a processor waiting. So a kernel is moved to each place of a block: that
makes one larger kernel, partly 0, of as many times more outputs. It multiplies more than it needs to, and takes less
time. The outputs that one pool takes the largest of come to stand side by side, which is quicker to pool, too.

Layers are `signs.layers.ConvLayer`s with kernels of 5x5, pools of 2x2 and an activation that rises. Between the two
functions images are folded: two rows stand side by side as channels, (n, rows / 2, columns, 2 * channels).
"""

from signs.networks.backend import ops, tf
from signs.networks.layers import ConvLayer

POOL = 4  # places, two by two


def by_squares(images, layer: ConvLayer):
    """What a layer makes of images, 4x4 places of its convolution at once.

    Args:
        images: Float (n, height, width, channels), both lengths divisible by 4.
        layer: As above.

    Returns:
        Folded (n, rows / 2, columns, 2 * depth).
    """
    depth = layer.weight.shape[-1]
    height, width, channels = images.shape[1:]
    # `tf.nn.space_to_depth` gives the same, and takes three quarters of the time of the product of matrices below.
    squares = tf.transpose(tf.reshape(images, (-1, height // 4, 4, width // 4, 4 * channels)), (0, 1, 3, 2, 4))
    squares = tf.reshape(squares, (-1, height // 4, width // 4, 16 * channels))
    rows, columns = height // 4 - 1, width // 4 - 1
    # 8x8 pixels see the 4x4 places. As a product of matrices it takes two thirds of the time of a convolution.
    corners = [squares[:, y : y + rows, x : x + columns] for y in (0, 1) for x in (0, 1)]
    patches = tf.reshape(tf.concat(corners, axis=-1), (-1, len(corners) * squares.shape[-1]))
    # Pixels are 4 * square + pixel of the square, places 2 * pool + place in the pool, both row before column.
    kernels = tf.reshape(_moved(layer, 4, 4, images.dtype), (2, 4, 2, 4, -1, 2, 2, 2, 2, depth))
    kernels = tf.reshape(tf.transpose(kernels, (0, 2, 1, 3, 4, 6, 8, 7, 5, 9)), (patches.shape[-1], -1))
    pooled = _pooled(patches @ kernels, rows * columns, 4 * depth)
    return _activated(layer, tf.reshape(pooled, (-1, rows, 2 * columns, 2 * depth)))


def by_pairs(folded, layer: ConvLayer):
    """What a layer makes of folded images, two rows of its convolution at once.

    Args:
        folded: Float (n, height / 2, width, 2 * channels), as `by_squares` returns it; its width is even.
        layer: As above.

    Returns:
        (n, rows, columns, depth), no longer folded.
    """
    depth = layer.weight.shape[-1]
    kernels = tf.reshape(_moved(layer, 2, 1, folded.dtype), (3, 2, 5, -1, 2 * depth))
    kernels = tf.reshape(tf.transpose(kernels, (0, 2, 1, 3, 4)), (3, 5, -1, 2 * depth))
    convolved = tf.nn.conv2d(folded, kernels, 1, "VALID")
    rows, columns = convolved.shape[1], convolved.shape[2] // 2
    return _activated(layer, tf.reshape(_pooled(convolved, rows * columns, depth), (-1, rows, columns, depth)))


def _moved(layer: ConvLayer, rows: int, columns: int, dtype: tf.DType):
    """A kernel at each place of a block: (5 + rows - 1, 5 + columns - 1, channels, rows, columns, depth)."""
    kernel = ops.cast(layer.weight, dtype)
    moved = [
        [tf.pad(kernel, ((y, rows - 1 - y), (x, columns - 1 - x), (0, 0), (0, 0))) for x in range(columns)]
        for y in range(rows)
    ]
    return tf.stack([tf.stack(along, axis=-2) for along in moved], axis=-3)


def _pooled(values, pools: int, channels: int):
    """The largest of each pool, whose places are side by side: (n, pools, 1, channels)."""
    neighbours = tf.reshape(values, (-1, pools, POOL, channels))
    return tf.nn.max_pool2d(neighbours, (1, POOL), (1, POOL), "VALID")


def _activated(layer: ConvLayer, values):
    bias = ops.cast(layer.bias, values.dtype)
    return layer.operation(tf.nn.bias_add(values, tf.tile(bias, [values.shape[-1] // bias.shape[0]])))

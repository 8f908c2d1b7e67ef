"""Layers that map tensors and know the norms of what they hold.

The classes and their names are those of the article "German traffic sign classification in
Tensorflow", as Keras layers: `layer(x)` stands where the article writes `layer.output(x)`.
"""

import math
from collections.abc import Callable, Sequence

from signs.core.errors import UserError
from signs.networks.backend import keras, ops, tf

Operation = Callable[[keras.KerasTensor], keras.KerasTensor]
registered = keras.saving.register_keras_serializable("signs")
RISING = tuple(keras.activations.get(name) for name in ("linear", "relu", "sigmoid", "softplus", "tanh"))


@registered
class Layer(keras.layers.Layer):
    """Maps a tensor by `operation`; holds no weights, so both norms are 0.

    Args:
        operation: An activation's name (`"relu"`) or a function of one tensor. Only one that can be
            found again by its name is saved: not a lambda.

    Example:
        >>> Layer("relu")(keras.ops.array([-1.0, 2.0]))  # [0., 2.]
    """

    def __init__(self, operation: str | Operation = "linear", **kwargs) -> None:
        super().__init__(**kwargs)
        self.operation = keras.activations.get(operation)

    def call(self, inputs):
        """Applies the operation."""
        return self.operation(inputs)

    def L1(self):  # noqa: N802
        """Sum of the absolute values of weights and bias: 0-D float tensor."""
        return ops.zeros(())

    def L2(self):  # noqa: N802
        """Root of the sum of the squares of weights and bias: 0-D float tensor."""
        return ops.zeros(())

    def get_config(self) -> dict:
        """What the constructor takes; a UserError for a lambda, which could not be found again."""
        if getattr(self.operation, "__name__", "") == "<lambda>":
            raise UserError(f"{self.name}: a lambda cannot be saved; give the operation a name with def")
        return {**super().get_config(), "operation": keras.activations.serialize(self.operation)}


@registered
class FlattenLayer(Layer):
    """Flattens (n, ...) to (n, features)."""

    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)

    def call(self, inputs):
        """Gives (n, product of the other axes)."""
        return ops.reshape(inputs, self.compute_output_shape(ops.shape(inputs)))

    def compute_output_shape(self, input_shape: Sequence) -> tuple:
        """(n, product of the other axes)."""
        size = 1
        for length in input_shape[1:]:
            size *= length
        return (input_shape[0], size)

    def get_config(self) -> dict:
        """What the constructor takes: nothing of its own."""
        return _without(super().get_config(), "operation")


@registered
class DropoutLayer(Layer):
    """Keeps each value with probability `keep_prob` and scales it by 1 / keep_prob, in training only.

    Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: a simple way to prevent
    neural networks from overfitting", 2014.

    Raises:
        UserError: `keep_prob` is not in (0, 1].
    """

    def __init__(self, keep_prob: float, **kwargs) -> None:
        super().__init__(**kwargs)
        if not 0 < keep_prob <= 1:
            raise UserError(f"keep_prob is {keep_prob}; expected more than 0 and at most 1")
        self.keep_prob = keep_prob
        self.seed_generator = keras.random.SeedGenerator()

    def call(self, inputs, training: bool = False):
        """Gives the shape and type of the inputs."""
        if not training or self.keep_prob == 1:
            return inputs
        return keras.random.dropout(inputs, rate=1 - self.keep_prob, seed=self.seed_generator)

    def get_config(self) -> dict:
        """What the constructor takes."""
        return {**_without(super().get_config(), "operation"), "keep_prob": self.keep_prob}


@registered
class WeightedLayer(Layer):
    """Holds weights, drawn from a normal distribution cut off at two standard deviations, and a zero bias.

    Args:
        weight_shape: Of the weights; its last entry is the length of the bias.
        mean: Of the distribution of the weights at the start.
        stddev: Its standard deviation.
    """

    def __init__(
        self, weight_shape: Sequence[int], name: str | None = None, mean: float = 0.0, stddev: float = 0.1, **kwargs
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.weight_shape, self.mean, self.stddev = tuple(weight_shape), mean, stddev
        self.weight = self.add_weight(
            shape=self.weight_shape, initializer=keras.initializers.TruncatedNormal(mean, stddev), name="weights"
        )
        self.bias = self.add_weight(shape=self.weight_shape[-1:], initializer="zeros", name="bias")

    def L1(self):  # noqa: N802
        """Sum of the L1 norms of weights and bias: 0-D float tensor."""
        return ops.sum(ops.abs(self.weight)) + ops.sum(ops.abs(self.bias))

    def L2(self):  # noqa: N802
        """Root of the sum of the squared L2 norms of weights and bias: 0-D float tensor."""
        total = ops.sum(ops.square(self.weight)) + ops.sum(ops.square(self.bias))
        # The root's slope is infinite at 0: there the gradient is taken as 0.
        return ops.where(total > 0, ops.sqrt(ops.where(total > 0, total, 1.0)), 0.0)

    def get_config(self) -> dict:
        """What the constructor takes."""
        own = {"weight_shape": self.weight_shape, "mean": self.mean, "stddev": self.stddev}
        return {**super().get_config(), **own}


@registered
class FullLayer(WeightedLayer):
    """Fully connected: activation(x W + b), (n, weight_shape[0]) to (n, weight_shape[1])."""

    def __init__(self, weight_shape: Sequence[int], activation: str | Operation = "relu", **kwargs) -> None:
        super().__init__(weight_shape, operation=activation, **kwargs)

    def call(self, inputs):
        """Gives (n, weight_shape[1])."""
        return self.operation(ops.matmul(inputs, self.weight) + self.bias)

    def get_config(self) -> dict:
        """What the constructor takes."""
        config = super().get_config()
        return {**_without(config, "operation"), "activation": config["operation"]}


@registered
class ConvLayer(WeightedLayer):
    """Convolution without padding, activation, then max-pooling.

    (n, height, width, weight_shape[2]) becomes (n, rows, columns, weight_shape[3]), where
    rows = (height - weight_shape[0] + 1 - pool_size[0]) // pool_stride[0] + 1, and columns likewise.

    Args:
        weight_shape: (height, width, channels, depth) of the kernels.
        activation: A name or a function of one tensor.
        pool_size: Rows and columns of which the largest value stays.
        pool_stride: Rows and columns from one pool to the next.
    """

    def __init__(
        self,
        weight_shape: Sequence[int] = (5, 5, 1, 6),
        activation: str | Operation = "relu",
        pool_size: Sequence[int] = (2, 2),
        pool_stride: Sequence[int] = (2, 2),
        **kwargs,
    ) -> None:
        super().__init__(weight_shape, operation=activation, **kwargs)
        self.pool_size, self.pool_stride = tuple(pool_size), tuple(pool_stride)

    def call(self, inputs):
        """Gives (n, rows, columns, weight_shape[3])."""
        convolved = ops.conv(inputs, self.weight, padding="valid")
        if self.operation not in RISING:
            return self._pool(self.operation(convolved + self.bias))
        # The largest stays the largest under a rising function, so a pool needs it but once.
        return self.operation(self._pool(convolved) + self.bias)

    def _pool(self, values):
        return ops.max_pool(values, self.pool_size, self.pool_stride, padding="valid")

    def get_config(self) -> dict:
        """What the constructor takes."""
        config = super().get_config()
        own = {"activation": config["operation"], "pool_size": self.pool_size, "pool_stride": self.pool_stride}
        return {**_without(config, "operation"), **own}


@registered
class NormalizedConvLayer(WeightedLayer):
    """Convolution that keeps height and width, normalized over the batch, then an activation.

    (n, height, width, weight_shape[2]) becomes (n, ceil(height / stride), ceil(width / stride), weight_shape[3]).

    Source: Ioffe, Szegedy, "Batch normalization: accelerating deep network training by reducing internal
    covariate shift", 2015; first weights as He et al., "Delving deep into rectifiers", 2015.

    Args:
        weight_shape: (height, width, channels, depth) of the kernels.
        activation: A name or a function of one tensor.
        stride: Pixels from one place of the kernel to the next, in both directions.
        momentum: Share that the running mean and variance keep at each step of training.
        epsilon: Added to the variance.
    """

    def __init__(
        self,
        weight_shape: Sequence[int],
        activation: str | Operation = "relu",
        stride: int = 1,
        momentum: float = 0.98,
        epsilon: float = 1e-3,
        **kwargs,
    ) -> None:
        inputs = weight_shape[0] * weight_shape[1] * weight_shape[2]
        super().__init__(weight_shape, operation=activation, **{"stddev": math.sqrt(2 / inputs)} | kwargs)
        self.stride, self.momentum, self.epsilon = stride, momentum, epsilon
        shape = self.weight_shape[-1:]
        own = {"shape": shape, "dtype": "float32", "autocast": False}
        running = own | {"trainable": False, "aggregation": "mean"}
        self.gain = self.add_weight(initializer="ones", name="gain", **own)
        self.running_mean = self.add_weight(initializer="zeros", name="running_mean", **running)
        self.running_variance = self.add_weight(initializer="ones", name="running_variance", **running)

    def call(self, inputs, training: bool = False):
        """Gives (n, rows, columns, weight_shape[3])."""
        if not training:
            # Folded into the convolution: TensorFlow would fuse a normalization with it too, but prepares that anew at
            # each call, and a single image takes three times as long.
            scale = self.gain / ops.sqrt(self.running_variance + self.epsilon)
            shift = self.bias - self.running_mean * scale
            weight = ops.cast(self.weight * scale, self.compute_dtype)
            convolved = ops.conv(inputs, weight, strides=self.stride, padding="same")
            return self.operation(convolved + ops.cast(shift, self.compute_dtype))
        convolved = ops.conv(inputs, self.weight, strides=self.stride, padding="same")
        # One operation of TensorFlow instead of the many of Keras: a step takes a sixth less time.
        normalized, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=convolved,
            scale=self.gain,
            offset=ops.cast(self.bias, "float32"),
            mean=[],
            variance=[],
            epsilon=self.epsilon,
            is_training=True,
        )
        for running, batch in ((self.running_mean, mean), (self.running_variance, variance)):
            running.assign(running * self.momentum + batch * (1 - self.momentum))
        return self.operation(normalized)

    def get_config(self) -> dict:
        """What the constructor takes."""
        config = super().get_config()
        own = {"stride": self.stride, "momentum": self.momentum, "epsilon": self.epsilon}
        return {**_without(config, "operation"), "activation": config["operation"], **own}


def _without(config: dict, key: str) -> dict:
    return {name: value for name, value in config.items() if name != key}

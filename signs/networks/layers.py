"""Layers that know their L1 and L2 norms.

Names and arguments are those of the article "German traffic sign classification in Tensorflow", as Keras layers:
`layer(x)` is the article's `layer.output(x)`.
"""

import math
from collections.abc import Callable, Sequence

from signs.core.errors import UserError
from signs.networks.backend import keras, ops, tf

Activation = Callable[[keras.KerasTensor], keras.KerasTensor]
registered = keras.saving.register_keras_serializable("signs")
MONOTONIC = tuple(keras.activations.get(name) for name in ("linear", "relu", "sigmoid", "softplus", "tanh"))


@registered
class Layer(keras.layers.Layer):
    """A Keras layer that also gives the norms of its weights; without weights both are 0."""

    def L1(self):  # noqa: N802
        """Sum of the absolute values of weights and bias: 0-D float tensor."""
        return ops.zeros(())

    def L2(self):  # noqa: N802
        """Square root of the sum of the squared weights and biases: 0-D float tensor."""
        return ops.zeros(())


@registered
class FlattenLayer(Layer):
    """Flattens (n, ...) to (n, features)."""

    def call(self, inputs):
        """Returns (n, product of the other axes)."""
        return ops.reshape(inputs, self.compute_output_shape(ops.shape(inputs)))

    def compute_output_shape(self, input_shape: Sequence) -> tuple:
        """(n, product of the other axes)."""
        return (input_shape[0], math.prod(input_shape[1:]))


@registered
class DropoutLayer(Layer):
    """Keeps each value with probability `keep_prob` and scales it by 1 / keep_prob, in training only.

    Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, "Dropout: a simple way to prevent neural networks
    from overfitting", 2014.

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
        """Returns the shape and dtype of the inputs."""
        if not training or self.keep_prob == 1:
            return inputs
        return keras.random.dropout(inputs, rate=1 - self.keep_prob, seed=self.seed_generator)

    def get_config(self) -> dict:
        """The arguments of the constructor."""
        return {**super().get_config(), "keep_prob": self.keep_prob}


@registered
class WeightedLayer(Layer):
    """Holds weights from a truncated normal distribution (cut at two standard deviations) and a bias of zeros.

    Args:
        weight_shape: Shape of the weights; its last entry is the length of the bias.
        activation: An activation's name (`"relu"`) or a function of one tensor. A lambda works, but cannot be saved.
        mean: Mean of the initial weights.
        stddev: Standard deviation of the initial weights.
    """

    def __init__(
        self,
        weight_shape: Sequence[int],
        activation: str | Activation = "linear",
        mean: float = 0.0,
        stddev: float = 0.1,
        **kwargs,
    ) -> None:
        super().__init__(**kwargs)
        self.weight_shape, self.mean, self.stddev = tuple(weight_shape), mean, stddev
        self.activation = keras.activations.get(activation)
        self.weight = self.add_weight(
            shape=self.weight_shape, initializer=keras.initializers.TruncatedNormal(mean, stddev), name="weights"
        )
        self.bias = self.add_weight(shape=self.weight_shape[-1:], initializer="zeros", name="bias")

    def L1(self):  # noqa: N802
        """Sum of the absolute values of weights and bias: 0-D float tensor."""
        return ops.sum(ops.abs(self.weight)) + ops.sum(ops.abs(self.bias))

    def L2(self):  # noqa: N802
        """Square root of the sum of the squared weights and biases: 0-D float tensor."""
        total = ops.sum(ops.square(self.weight)) + ops.sum(ops.square(self.bias))
        # The square root has no finite gradient at 0; there the gradient is 0.
        return ops.where(total > 0, ops.sqrt(ops.where(total > 0, total, 1.0)), 0.0)

    def get_config(self) -> dict:
        """The arguments of the constructor.

        Raises:
            UserError: The activation is a lambda, which Keras could not find again by its name.
        """
        if getattr(self.activation, "__name__", "") == "<lambda>":
            raise UserError(f"{self.name}: a lambda cannot be saved; define the activation with def")
        own = {"weight_shape": self.weight_shape, "mean": self.mean, "stddev": self.stddev}
        return {**super().get_config(), **own, "activation": keras.activations.serialize(self.activation)}


@registered
class FullLayer(WeightedLayer):
    """Fully connected: activation(x W + b), (n, weight_shape[0]) to (n, weight_shape[1])."""

    def __init__(self, weight_shape: Sequence[int], activation: str | Activation = "relu", **kwargs) -> None:
        super().__init__(weight_shape, activation, **kwargs)

    def call(self, inputs):
        """Returns (n, weight_shape[1])."""
        return self.activation(ops.matmul(inputs, self.weight) + self.bias)


@registered
class ConvLayer(WeightedLayer):
    """Convolution without padding, activation, then max pooling.

    (n, height, width, weight_shape[2]) becomes (n, rows, columns, weight_shape[3]), where
    rows = (height - weight_shape[0] + 1 - pool_size[0]) // pool_stride[0] + 1, and columns likewise.

    Args:
        weight_shape: (height, width, channels, depth) of the kernels.
        activation: A name or a function of one tensor.
        pool_size: Rows and columns of a pooling window.
        pool_stride: Rows and columns from one window to the next.
    """

    def __init__(
        self,
        weight_shape: Sequence[int] = (5, 5, 1, 6),
        activation: str | Activation = "relu",
        pool_size: Sequence[int] = (2, 2),
        pool_stride: Sequence[int] = (2, 2),
        **kwargs,
    ) -> None:
        super().__init__(weight_shape, activation, **kwargs)
        self.pool_size, self.pool_stride = tuple(pool_size), tuple(pool_stride)

    def call(self, inputs):
        """Returns (n, rows, columns, weight_shape[3])."""
        convolved = ops.conv(inputs, self.weight, padding="valid")
        if self.activation not in MONOTONIC:
            return self._pool(self.activation(convolved + self.bias))
        # A monotonic activation keeps the maximum, so it is applied to the pooled quarter of the values only.
        return self.activation(self._pool(convolved) + self.bias)

    def _pool(self, values):
        return ops.max_pool(values, self.pool_size, self.pool_stride, padding="valid")

    def get_config(self) -> dict:
        """The arguments of the constructor."""
        return {**super().get_config(), "pool_size": self.pool_size, "pool_stride": self.pool_stride}


@registered
class NormalizedConvLayer(WeightedLayer):
    """Convolution with `same` padding, batch normalization, then an activation.

    (n, height, width, weight_shape[2]) becomes (n, ceil(height / stride), ceil(width / stride), weight_shape[3]).

    Source: Ioffe, Szegedy, "Batch normalization: accelerating deep network training by reducing internal covariate
    shift", 2015; initial weights as in He et al., "Delving deep into rectifiers", 2015.

    Args:
        weight_shape: (height, width, channels, depth) of the kernels.
        activation: A name or a function of one tensor.
        stride: Of the convolution, in pixels, in both directions.
        momentum: Share of the running mean and variance that each training step keeps.
        epsilon: Added to the variance.
    """

    def __init__(
        self,
        weight_shape: Sequence[int],
        activation: str | Activation = "relu",
        stride: int = 1,
        momentum: float = 0.98,
        epsilon: float = 1e-3,
        **kwargs,
    ) -> None:
        inputs = math.prod(weight_shape[:3])
        super().__init__(weight_shape, activation, **{"stddev": math.sqrt(2 / inputs)} | kwargs)
        self.stride, self.momentum, self.epsilon = stride, momentum, epsilon
        own = {"shape": self.weight_shape[-1:], "dtype": "float32", "autocast": False}
        running = own | {"trainable": False, "aggregation": "mean"}
        self.gain = self.add_weight(initializer="ones", name="gain", **own)
        self.running_mean = self.add_weight(initializer="zeros", name="running_mean", **running)
        self.running_variance = self.add_weight(initializer="ones", name="running_variance", **running)

    def call(self, inputs, training: bool = False):
        """Returns (n, rows, columns, weight_shape[3])."""
        return self.activation(self._normalized(inputs) if training else self._folded(inputs))

    def _folded(self, inputs):
        # The normalization is folded into the kernels. TensorFlow would fuse it too, but prepares the fused operation
        # again at each call, which makes the prediction of one image three times as slow.
        scale = self.gain / ops.sqrt(self.running_variance + self.epsilon)
        shift = self.bias - self.running_mean * scale
        weight = ops.cast(self.weight * scale, self.compute_dtype)
        convolved = ops.conv(inputs, weight, strides=self.stride, padding="same")
        return convolved + ops.cast(shift, self.compute_dtype)

    def _normalized(self, inputs):
        convolved = ops.conv(inputs, self.weight, strides=self.stride, padding="same")
        # One TensorFlow operation instead of Keras's many: a training step takes a sixth less time.
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
        return normalized

    def get_config(self) -> dict:
        """The arguments of the constructor."""
        own = {"stride": self.stride, "momentum": self.momentum, "epsilon": self.epsilon}
        return {**super().get_config(), **own}

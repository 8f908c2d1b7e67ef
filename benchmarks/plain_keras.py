"""Our networks in Keras' own layers, written as its documentation would have it."""

from collections.abc import Callable, Sequence

from benchmarks.tasks import CLASSES, SIZE
from signs.networks.backend import keras, ops


class Standardize(keras.layers.Layer):
    """Standardizes each image, and adds a channel standardized by its neighbourhood, as our ConvNet does."""

    LEAST_DEVIATION, LEAST_CONTRAST = 0.04, 0.2

    def __init__(self, neighbourhood: int) -> None:
        super().__init__(dtype="float32")
        self.mean = keras.layers.AveragePooling2D(neighbourhood, strides=1, padding="same", dtype="float32")

    def call(self, inputs):
        """Gives the shape of the images, with one more channel."""
        mean, variance = ops.moments(inputs, axes=(1, 2, 3), keepdims=True)
        inputs = (inputs - mean) / (ops.sqrt(variance) + self.LEAST_DEVIATION)
        brightness = ops.mean(inputs, axis=-1, keepdims=True)
        mean = self.mean(brightness)
        variance = ops.maximum(self.mean(brightness**2) - mean**2, 0)
        relative = (brightness - mean) / (ops.sqrt(variance) + self.LEAST_CONTRAST)
        return ops.concatenate([inputs, relative], axis=-1)


def lenet(channels: int, *, depths: Sequence[int], dropout_keep_prob: float) -> keras.Sequential:
    """The twin of `signs.networks.lenet.LeNet`."""
    model = keras.Sequential([keras.Input((SIZE, SIZE, channels))])
    for depth in depths[:2]:
        model.add(keras.layers.Conv2D(depth, 5, activation="relu"))
        model.add(keras.layers.MaxPooling2D(2))
    model.add(keras.layers.Flatten())
    for units in depths[2:]:
        model.add(keras.layers.Dense(units, activation="relu"))
        model.add(keras.layers.Dropout(1 - dropout_keep_prob))
    model.add(keras.layers.Dense(CLASSES, dtype="float32"))
    return model


def convnet(
    channels: int, *, depths: Sequence[Sequence[int]], dropout_keep_prob: float, neighbourhood: int
) -> keras.Sequential:
    """The twin of `signs.networks.convnet.ConvNet`."""
    model = keras.Sequential([keras.Input((SIZE, SIZE, channels)), Standardize(neighbourhood)])
    for group in depths:
        for depth in group:
            model.add(keras.layers.Conv2D(depth, 3, padding="same", use_bias=False))
            model.add(keras.layers.BatchNormalization(momentum=0.98))
            model.add(keras.layers.Activation("relu"))
        model.add(keras.layers.MaxPooling2D(2))
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dropout(1 - dropout_keep_prob))
    model.add(keras.layers.Dense(CLASSES, dtype="float32"))
    return model


NETWORKS: dict[str, Callable[..., keras.Sequential]] = {"lenet": lenet, "convnet": convnet}


def load(model: keras.Sequential, network: keras.Model) -> None:
    """Gives a twin the weights of ours."""
    names = ("weight", "gain", "bias", "running_mean", "running_variance")  # in the order of Keras' layers
    weighted = [layer for layer in network.layers if layer.trainable_weights]
    model.set_weights([getattr(layer, name).numpy() for layer in weighted for name in names if hasattr(layer, name)])

"""What every network here has in common: images in, one logit per class out."""

from signs.networks.backend import keras, ops
from signs.networks.layers import Layer


class Classifier(keras.Model):
    """A network of two parts: convolutions, which give feature maps, and a head, which turns these into logits.

    Labels are class indices 0..classes-1, integers of shape (n,). `dtype` is Keras's: `mixed_bfloat16` computes in
    bfloat16 and keeps the weights in float32.
    """

    def feature_maps(self, inputs, training: bool = False):
        """The output of the last convolution: (n, rows, columns, channels)."""
        raise NotImplementedError

    def head(self, maps, training: bool = False):
        """Logits of feature maps, (n, classes)."""
        raise NotImplementedError

    @property
    def output_layer(self) -> Layer:
        """The layer that gives the logits; all others are the body, which transfer keeps."""
        return self.norm_layers[-1]

    def to_image(self, inputs, places):  # noqa: ARG002  # the grid of the maps lies over the image as it is
        """Maps values on the grid of the feature maps, (n, rows, columns), to the same grid over the input images."""
        return places

    def call(self, inputs, training: bool = False):
        """Returns logits, (n, classes)."""
        return self.head(self.feature_maps(inputs, training), training)

    def predictions(self, features):
        """The most likely class index of each image: (n,), int32."""
        return ops.argmax(self(features), axis=-1)

    def accuracy(self, features, labels):
        """The share of images whose most likely class is their label: 0-D, 0-1."""
        return ops.mean(ops.cast(self.predictions(features) == ops.cast(labels, "int32"), "float32"))

    def cross_entropy(self, features, labels):
        """Negative log-probability of each image's label: (n,), nats."""
        return ops.sparse_categorical_crossentropy(labels, self(features), from_logits=True)

    def total_loss(self, features, labels, l1: float = 0.0, l2: float = 0.0):
        """Mean cross entropy plus `l1` and `l2` times the norms: 0-D."""
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

    def in_float32(self) -> "Classifier":
        """A copy that computes in float32, with the same weights; the network is built."""
        copy = type(self).from_config({**self.get_config(), "dtype": "float32"})
        copy.build_from_config(self.get_build_config())
        copy.set_weights(self.get_weights())
        return copy

"""The article's LeNet and its training in the style of TensorFlow 1: a graph, a session, a feed for each step."""

from collections.abc import Callable

import numpy as np

from benchmarks.contenders import THREADS
from benchmarks.tasks import CLASSES, TASKS, images
from signs.networks.backend import tf

v1 = tf.compat.v1


class Article:
    """The network of cells In [1] to In [7], and the training of In [20] to In [23], in a graph of its own.

    Args:
        shape: (height, width, channels) of the images.
        classes: The number of outputs.
        learning_rate: Adam's.
        seed: Of initial weights and dropout.
    """

    def __init__(self, shape: tuple[int, int, int], classes: int, learning_rate: float = 0.001, seed: int = 1) -> None:
        with tf.Graph().as_default() as graph:
            v1.set_random_seed(seed)
            self.images = v1.placeholder(tf.float32, (None, *shape))
            self.annotations = v1.placeholder(tf.float32, (None, classes))
            self.keep_prob = v1.placeholder(tf.float32, ())
            self.logits = self._network(shape[-1], classes)
            entropy = v1.nn.softmax_cross_entropy_with_logits_v2(labels=self.annotations, logits=self.logits)
            self.loss = tf.reduce_mean(entropy)
            self.trainer = v1.train.AdamOptimizer(learning_rate).minimize(self.loss)
            first = v1.global_variables_initializer()
        options = v1.ConfigProto(intra_op_parallelism_threads=THREADS, inter_op_parallelism_threads=THREADS)
        self.session = v1.Session(graph=graph, config=options)
        self.session.run(first)

    def _network(self, channels: int, classes: int) -> tf.Tensor:
        x = _convolution(self.images, (5, 5, channels, 10))
        x = _convolution(x, (5, 5, 10, 20))
        x = tf.reshape(x, (-1, int(np.prod(x.shape[1:]))))
        for units in (200, 100):
            x = v1.nn.dropout(tf.nn.relu(_full(x, units)), keep_prob=self.keep_prob)
        return _full(x, classes)

    def epoch(self, features: np.ndarray, rows: np.ndarray, batch_size: int, keep_prob: float = 0.3) -> None:
        """Shuffles the images, and takes a step for each batch.

        Args:
            features: (n, height, width, channels), float32.
            rows: Labels as one-hot rows, (n, classes).
            batch_size: Images a step.
            keep_prob: Share of units that dropout keeps.
        """
        order = np.random.permutation(len(features))
        for start in range(0, len(order), batch_size):
            batch = order[start : start + batch_size]
            feed = {self.images: features[batch], self.annotations: rows[batch], self.keep_prob: keep_prob}
            self.session.run(self.trainer, feed_dict=feed)

    def accuracy(self, features: np.ndarray, labels: np.ndarray) -> float:
        """The share of images whose largest logit is that of their label."""
        logits = self.session.run(self.logits, feed_dict={self.images: features, self.keep_prob: 1.0})
        return float((logits.argmax(axis=1) == labels).mean())


def trainer(network: str, count: int, batch_size: int) -> Callable[[], None]:
    """Makes a function that trains the article's network for an epoch, on images of a task."""
    features, labels = images(TASKS[network].channels, count)
    rows = np.eye(CLASSES)[labels]  # one-hot, float64, as the article feeds them
    model = Article(features.shape[1:], CLASSES)
    return lambda: model.epoch(features, rows, batch_size)


def _weights(shape: tuple[int, ...]) -> tuple[tf.Variable, tf.Variable]:
    return v1.Variable(v1.truncated_normal(shape, stddev=0.1)), v1.Variable(tf.zeros(shape[-1]))


def _convolution(x: tf.Tensor, shape: tuple[int, int, int, int]) -> tf.Tensor:
    weight, bias = _weights(shape)
    activated = tf.nn.relu(v1.nn.conv2d(x, weight, strides=[1, 1, 1, 1], padding="VALID") + bias)
    return v1.nn.max_pool(activated, ksize=[1, 2, 2, 1], strides=[1, 2, 2, 1], padding="VALID")


def _full(x: tf.Tensor, units: int) -> tf.Tensor:
    weight, bias = _weights((int(x.shape[-1]), units))
    return tf.matmul(x, weight) + bias

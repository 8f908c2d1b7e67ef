"""Contenders on Keras: our training and inference, and `fit` of the same networks."""

from collections.abc import Callable

import numpy as np

from benchmarks import plain_keras
from benchmarks.contenders import ROOT, THREADS
from benchmarks.tasks import CLASSES, LEARNING_RATE, SIZE, TASKS, images
from signs.core import params
from signs.data import classes
from signs.networks.architectures import Classifier, ConvNet, LeNet
from signs.networks.backend import compute_in, keras, reproducible, tf
from signs.networks.store import Model
from signs.training import step
from signs.training.augmentation import AUGMENTATIONS
from signs.training.averaging import Averages
from signs.training.loop import ADAM_EPSILON

NETWORKS: dict[str, Callable[..., Classifier]] = {"lenet": LeNet, "convnet": ConvNet}


def built(network: str) -> Classifier:
    """The network of a task, with first weights."""
    task = TASKS[network]
    model = NETWORKS[network](CLASSES, **task.settings)
    model(images(task.channels, 1)[0])
    return model


def trainer(
    network: str, count: int, batch_size: int, dtype: str = "float32", augmentation: str = "none"
) -> Callable[[], None]:
    """Makes a function that trains for an epoch on so many images, as `signs.training.train` does."""
    reproducible(1, threads=1, operations=THREADS)
    compute_in(dtype)
    features, labels = images(TASKS[network].channels, count)
    model = built(network)
    choice = params.load("train", ROOT / "params.yaml")["augmentation"] | {"name": augmentation}
    augment = params.choose("train.augmentation", choice, AUGMENTATIONS)(np.arange(CLASSES))
    run = step.epoch(
        model,
        _adam(model, TASKS[network].weight_decay, epsilon=ADAM_EPSILON),
        step.loss(model, l1=0.0, l2=0.0, label_smoothing=0.0, augment=augment),
        features,
        labels,
        batch_size=batch_size,
        shards=THREADS,
        seed=1,
        averages=Averages(model.weights, 0.0),
    )
    rng = np.random.default_rng(1)
    return lambda: run(step.order(labels, 0.0, rng))


def keras_fit(network: str, count: int, batch_size: int, layers: str, dtype: str = "float32") -> Callable[[], object]:
    """Makes a function that trains a network for an epoch by Keras' `fit` on arrays.

    Args:
        network: Name of a task.
        count: Images an epoch.
        batch_size: Images a step.
        layers: `ours`, or `plain` for those of Keras.
        dtype: `float32`, or `bfloat16` by Keras' policy.
    """
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    compute_in(dtype)
    task = TASKS[network]
    features, labels = images(task.channels, count)
    model = built(network) if layers == "ours" else plain_keras.NETWORKS[network](task.channels, **task.settings)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(_adam(model, task.weight_decay), loss)
    return lambda: model.fit(features, labels, batch_size=batch_size, verbose=0)


def predictor(network: str, count: int, together: int) -> Callable[[], object]:
    """Makes a function that asks a model for the logits of so many images, some of them at a time."""
    reproducible(1, THREADS)  # as the stage `evaluate` does
    channels = TASKS[network].channels
    card = {"image_shape": [SIZE, SIZE, channels], "temperature": 1.0}
    model = Model(built(network), classes.of_labels(np.arange(CLASSES)), card)
    features, _ = images(channels, count)
    return lambda: [model.logits(features[start : start + together]) for start in range(0, count, together)]


def _adam(model: Classifier, weight_decay: float, **settings: float) -> keras.Optimizer:
    optimizer = keras.optimizers.Adam(LEARNING_RATE, weight_decay=weight_decay or None, **settings)
    optimizer.exclude_from_weight_decay([weight for weight in model.trainable_variables if len(weight.shape) < 2])
    optimizer.build(model.trainable_variables)
    return optimizer

"""Contenders on Keras: our training and inference, and `fit` of the same networks."""

from collections.abc import Callable

import numpy as np

from benchmarks import plain_keras
from benchmarks.contenders import ROOT, THREADS
from benchmarks.tasks import CLASSES, LEARNING_RATE, SIZE, TASKS, images
from signs.core import params
from signs.data import classes
from signs.networks.architectures import POLICIES
from signs.networks.backend import keras, make_deterministic, tf
from signs.networks.classifier import Classifier
from signs.networks.convnet import ConvNet
from signs.networks.lenet import LeNet
from signs.networks.store import Model
from signs.training import augmentation as augmentations
from signs.training import settings, step
from signs.training.ema import Ema
from signs.training.optimizer import ADAM_EPSILON, Optimizer
from signs.training.step import Examples

NETWORKS: dict[str, Callable[..., Classifier]] = {"lenet": LeNet, "convnet": ConvNet}


def built(network: str, dtype: str = "float32") -> Classifier:
    """The network of a task, with initial weights."""
    task = TASKS[network]
    model = NETWORKS[network](CLASSES, **task.settings, dtype=POLICIES[dtype])
    model(images(task.channels, 1)[0])
    return model


def trainer(
    network: str, count: int, batch_size: int, dtype: str = "float32", augmentation: str = "none"
) -> Callable[[], None]:
    """Makes a function that trains for an epoch on `count` images, as `signs.training.loop.train` does."""
    make_deterministic(intra_op_threads=1, inter_op_threads=THREADS)
    keras.utils.set_random_seed(1)
    examples = Examples(*images(TASKS[network].channels, count))
    model = built(network, dtype)
    chosen = _settings(count, batch_size, augmentation)
    augment = augmentations.build(chosen.augmentation, np.arange(CLASSES))
    run = step.epoch(
        model,
        Optimizer([(model.trainable_variables, _adam(model, TASKS[network].weight_decay, epsilon=ADAM_EPSILON))]),
        step.loss(model, chosen, augment=augment),
        examples,
        chosen,
        Ema(model.weights, 0.0),
    )
    rng = np.random.default_rng(1)
    return lambda: run(step.order(examples.indices, 0.0, rng))


def _settings(count: int, batch_size: int, augmentation: str) -> settings.Settings:
    """Those of params.yaml, but for these and what `trainer` chooses itself."""
    path = ROOT / "params.yaml"
    section = params.load("train", path, network="networks", schedule="schedules")
    choice = {"name": augmentation, **params.load("augmentations", path)[augmentation]}
    plain = {"l1": 0, "l2": 0, "label_smoothing": 0, "unseen_class_margin": 0, "dtype": "float32"}
    changed = {"seed": 1, "shards": THREADS, "batch_size": batch_size, "augmentation": choice}
    return settings.of_model("original", section | plain | changed, params.load("load_from", path), count)


def keras_fit(network: str, count: int, batch_size: int, layers: str, dtype: str = "float32") -> Callable[[], object]:
    """Makes a function that trains a network for an epoch by Keras' `fit` on arrays.

    Args:
        network: Name of a task.
        count: Images an epoch.
        batch_size: Images a step.
        layers: `ours`, or `plain` for those of Keras.
        dtype: `float32`, or `bfloat16` by Keras's policy.
    """
    tf.config.threading.set_intra_op_parallelism_threads(THREADS)
    keras.config.set_dtype_policy(POLICIES[dtype])
    task = TASKS[network]
    features, labels = images(task.channels, count)
    model = built(network, dtype) if layers == "ours" else plain_keras.NETWORKS[network](task.channels, **task.settings)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(_adam(model, task.weight_decay), loss)
    return lambda: model.fit(features, labels, batch_size=batch_size, verbose=0)


def predictor(network: str, count: int, together: int) -> Callable[[], object]:
    """Makes a function that computes a model's logits of `count` images, `together` at a time."""
    make_deterministic(intra_op_threads=THREADS)  # as the stage `evaluate` does
    channels = TASKS[network].channels
    metadata = {"image_shape": [SIZE, SIZE, channels], "temperature": 1.0}
    model = Model(built(network), classes.classes_from_labels(np.arange(CLASSES)), metadata)
    features, _ = images(channels, count)
    return lambda: [model.logits(features[start : start + together]) for start in range(0, count, together)]


def _adam(model: Classifier, weight_decay: float, **others: float) -> keras.Optimizer:
    optimizer = keras.optimizers.Adam(LEARNING_RATE, weight_decay=weight_decay or None, **others)
    optimizer.exclude_from_weight_decay([weight for weight in model.trainable_variables if len(weight.shape) < 2])
    optimizer.build(model.trainable_variables)
    return optimizer

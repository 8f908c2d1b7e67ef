"""A trained model: a folder with the network and all that a prediction needs to know."""

import functools
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from signs.core.errors import UserError
from signs.core.files import replaced
from signs.data import classes
from signs.data.classes import Classes
from signs.networks import model_json
from signs.networks.architectures import Classifier
from signs.networks.backend import keras, tf

NETWORK = "model.keras"
BATCH_SIZE = 1024
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold


@dataclass(frozen=True)
class Model:
    """A network, the classes that its outputs mean, and where it comes from.

    `card`: what is known of it, see `cards`.
    """

    network: Classifier
    classes: Classes
    card: dict[str, Any]

    def logits(self, features: np.ndarray) -> np.ndarray:
        """Logits, float32 (n, classes), for preprocessed images (n, height, width, channels).

        They are divided by the card's temperature: their softmax is how sure one can be.

        Raises:
            UserError: The images have another shape than those it was trained on.
        """
        expected = tuple(self.card["image_shape"])
        if features.shape[1:] != expected:
            raise UserError(f"images are {features.shape[1:]}; the model was trained on {expected}")
        batches = (features[start : start + BATCH_SIZE] for start in range(0, len(features), BATCH_SIZE))
        parts = [self._forward(batch.astype(np.float32, copy=False)).numpy() for batch in batches]
        return np.concatenate(parts) / np.float32(self.card["temperature"])

    @functools.cached_property
    def _forward(self) -> Callable[[np.ndarray], tf.Tensor]:
        """The network as a graph, made once: Keras's own `predict` takes 100 ms a call before it begins."""
        images = tf.TensorSpec((None, *self.card["image_shape"]))
        return tf.function(lambda features: self.network(features, training=False), input_signature=[images])


def write(folder: Path, model: Model) -> None:
    """Writes network, class list and card; the same model gives the same bytes."""
    with replaced(folder) as partial:
        partial.mkdir()
        (partial / NETWORK).write_bytes(_canonical(model.network, partial))
        classes.write(partial / classes.FILE_NAME, model.classes)
        model_json.write(partial / model_json.FILE_NAME, model.card)


def read(folder: Path) -> Model:
    """Reads a folder that `write` made.

    Raises:
        UserError: A file is missing, or is no such model.
    """
    return Model(read_network(folder / NETWORK), _read_classes(folder), model_json.read(folder / model_json.FILE_NAME))


def read_network(path: Path) -> Classifier:
    """Reads a `.keras` file; nothing in it is run.

    Raises:
        UserError: It is missing or no network of ours.
    """
    if not path.is_file():
        raise UserError(
            f"{path} is missing; a model is a folder with {NETWORK}, {classes.FILE_NAME} and {model_json.FILE_NAME}"
        )
    try:
        network = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises what it likes for a damaged file
        raise UserError(f"{path} is no Keras model that can be read: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(network, Classifier):
        raise UserError(f"{path} holds a {type(network).__name__}; expected a network of signs.networks")
    return network


def earlier(network: Path, sha256: str, expected: Classes, like: Classifier, images: np.ndarray) -> Classifier:
    """The network of an earlier model to go on from, checked.

    Args:
        network: Its `model.keras`; the class list lies beside it.
        sha256: Of that file.
        expected: The classes to train.
        like: A network of the settings to train by.
        images: Some of those to train on, (n, height, width, channels).

    Raises:
        UserError: Another digest, other classes, another network, or one for images of another shape.
    """
    if not network.is_file():
        raise UserError(f"train.load_from: {network} is missing; it should be the {NETWORK} of an earlier model")
    found = hashlib.sha256(network.read_bytes()).hexdigest()
    if found != sha256.lower():
        raise UserError(f"train.load_from: {network} has SHA-256 {found}, params.yaml says {sha256}")
    own = _read_classes(network.parent)
    if [row[:2] for row in own.rows] != [row[:2] for row in expected.rows]:
        raise UserError(
            f"train.load_from: {network} knows {len(own)} classes, the data have {len(expected)}, "
            "and they are not the same; only a model of the same classes can go on"
        )
    found_network = read_network(network)
    if _settings(found_network) != _settings(like):
        raise UserError(
            f"train.load_from: {network} is {_settings(found_network)}, train.network {_settings(like)}; "
            "only the same network can go on"
        )
    try:
        found_network(images)
    except Exception:  # Keras and TensorFlow each raise what they like
        raise UserError(
            f"train.load_from: {network} learnt from images of another shape than {images.shape[1:]}; "
            "only a model for images of the same shape can go on"
        ) from None
    return found_network


def _settings(network: Classifier) -> dict[str, Any]:
    config = {key: value for key, value in network.get_config().items() if key not in ("name", "dtype", "trainable")}
    return {"network": type(network).__name__} | config


def _read_classes(folder: Path) -> Classes:
    path = folder / classes.FILE_NAME
    if not path.is_file():
        raise UserError(f"{path} is missing; the class list must lie beside the network")
    return classes.read(path)


def _canonical(network: Classifier, folder: Path) -> bytes:
    """The network as a `.keras` file without what differs from run to run: dates and object ids."""
    path = folder / "partial.keras"
    network.save(path)
    result = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name.endswith(".json"):
                content = json.dumps(_stable(json.loads(content)), sort_keys=True).encode()
            target.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED)
    path.unlink()
    return result.getvalue()


def _stable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _stable(item) for key, item in value.items() if key not in ("date_saved", "shared_object_id")}
    return [_stable(item) for item in value] if isinstance(value, list) else value

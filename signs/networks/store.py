"""A trained model: a folder with the network, its classes and its metadata."""

import functools
import hashlib
import io
import json
import math
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from signs.core import zips
from signs.core.errors import UserError
from signs.core.files import replaced
from signs.data import classes
from signs.data.classes import Classes
from signs.data.shards import Images
from signs.networks import architectures, model_json  # noqa: F401  # Keras reads only networks that are registered
from signs.networks.backend import keras, tf
from signs.networks.classifier import Classifier
from signs.networks.model_json import Metadata

NETWORK = "model.keras"
BATCH_SIZE = 1024
MAX_WEIGHT = 1e9  # trained ones are below 10, variances of batch normalization below 1e6
MAX_CONFIG = 2**20  # bytes
ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can hold


@dataclass(frozen=True)
class Model:
    """A network that computes in float32, the classes of its outputs, and its metadata (see `model_json`)."""

    network: Classifier
    classes: Classes
    metadata: Metadata

    def logits(self, features: Images) -> np.ndarray:
        """Calibrated logits, float32 (n, classes), of preprocessed images (n, height, width, channels).

        They are divided by the temperature, so that their softmax is a calibrated confidence.

        Raises:
            UserError: The images have another shape than those that the model was trained on, or the logits are not
                finite.
        """
        expected = tuple(self.metadata["image_shape"])
        if features.shape[1:] != expected:
            raise UserError(f"images are {features.shape[1:]}; the model was trained on {expected}")
        logits = np.empty((len(features), len(self.classes)), np.float32)
        for start in range(0, len(features), BATCH_SIZE):
            batch = features[start : start + BATCH_SIZE].astype(np.float32, copy=False)
            logits[start : start + BATCH_SIZE] = self._forward(batch)
        logits /= np.float32(self.metadata["temperature"])
        if not np.isfinite(logits).all():
            raise UserError("the model gives logits that are not finite; dvc repro train trains it again")
        return logits

    @functools.cached_property
    def _forward(self) -> Callable[[np.ndarray], tf.Tensor]:
        """The network as a graph, traced once: Keras's `predict` has an overhead of 100 ms a call."""
        images = tf.TensorSpec((None, *self.metadata["image_shape"]))

        @tf.function(input_signature=[images], autograph=False)
        def forward(features: tf.Tensor) -> tf.Tensor:
            return self.network(features, training=False)

        return forward


def write(folder: Path, model: Model) -> None:
    """Writes network, classes and metadata; the same model gives the same bytes."""
    with replaced(folder) as partial:
        partial.mkdir()
        (partial / NETWORK).write_bytes(_canonical(model.network, partial))
        classes.write(partial / classes.FILE_NAME, model.classes)
        model_json.write(partial / model_json.FILE_NAME, model.metadata)


def read(folder: Path) -> Model:
    """Reads a folder that `write` wrote.

    Raises:
        UserError: A file is missing or is not part of such a model.
    """
    return Model(read_network(folder / NETWORK), _read_classes(folder), model_json.read(folder / model_json.FILE_NAME))


def read_network(path: Path) -> Classifier:
    """Reads a `.keras` file without running any code in it.

    Raises:
        UserError: It is missing, damaged, or holds another kind of model, or weights that no training gives.
    """
    if not path.is_file():
        raise UserError(
            f"{path} is missing; a model is a folder with {NETWORK}, {classes.FILE_NAME} and {model_json.FILE_NAME}"
        )
    try:
        _check_size(path)
        network = keras.models.load_model(path, compile=False, safe_mode=True)
    except Exception as error:  # Keras raises many types for a damaged file
        raise UserError(f"{path} is not a readable Keras model: {' '.join(str(error).split())[:200]}") from None
    if not isinstance(network, Classifier):
        raise UserError(f"{path} holds a {type(network).__name__}; expected a network of signs.networks")
    if not all(np.abs(weights).max(initial=0) <= MAX_WEIGHT for weights in network.get_weights()):  # NaN is not
        raise UserError(f"{path} has weights that are not finite, or beyond {MAX_WEIGHT:g}; dvc repro train trains it")
    return network


def _check_size(path: Path) -> None:
    """Refuses a network that claims more weights than the file holds, before Keras makes them."""
    with path.open("rb") as file, zips.opened(file, str(path)) as archive:
        if archive.getinfo("config.json").file_size > MAX_CONFIG:
            raise ValueError(f"its config.json has more than {MAX_CONFIG:,} bytes")
        config, stored = json.loads(archive.read("config.json")), archive.getinfo("model.weights.h5").file_size
    with keras.StatelessScope(initialize_variables=False):
        network = keras.saving.deserialize_keras_object(config, safe_mode=True)
    claimed = sum(math.prod(weights.shape) for weights in network.weights)
    if claimed * np.float32().nbytes > stored:
        raise ValueError(f"it claims {claimed:,} weights, and holds {stored:,} bytes of them")


def earlier_weights(path: Path, sha256: str | None, expected: Classes, like: Classifier) -> list[np.ndarray]:
    """The weights of an earlier model, to continue training from, after checking that they fit.

    If it has other classes, the last layer keeps the weights of `like`: the body is transferred alone.

    Args:
        path: Its `model.keras`; the class list is beside it.
        sha256: Of that file.
        expected: The classes to train.
        like: The network to train, built.

    Raises:
        UserError: Another digest, another network, or one for images of another shape.
    """
    if not path.is_file():
        raise UserError(f"load_from: {path} is missing; it should be the {NETWORK} of an earlier model")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != str(sha256).lower():
        raise UserError(f"load_from: {path} has SHA-256 {found}, params.yaml says {sha256}")
    own, network = _read_classes(path.parent), read_network(path)
    if network.classes != len(own):
        raise UserError(f"load_from: {path} has {network.classes} outputs, its {classes.FILE_NAME} {len(own)} classes")
    if _settings(network) != _settings(like):
        raise UserError(
            f"load_from: {path} is {_settings(network)}, train.network is {_settings(like)}; "
            "training can continue only with the same network"
        )
    if [weight.shape for weight in _body(network)] != [weight.shape for weight in _body(like)]:
        raise UserError(
            f"load_from: {path} was trained on images of another shape; "
            "training can continue only on images of the same height, width and channels"
        )
    if [row[:2] for row in own.rows] == [row[:2] for row in expected.rows]:
        return network.get_weights()
    print(f"load_from: {path} has {len(own)} other classes; the last layer starts anew")
    kept = dict(zip(map(id, _body(like)), _body(network), strict=True))
    return [np.asarray(kept.get(id(weight), weight)) for weight in like.weights]


def _body(network: Classifier) -> list[keras.Variable]:
    """The weights of all layers but the last."""
    last = set(map(id, network.output_layer.weights))
    return [weight for weight in network.weights if id(weight) not in last]


def _settings(network: Classifier) -> dict[str, Any]:
    """What two networks must have in common for one to take the other's weights."""
    free = ("name", "dtype", "trainable", "classes", "dropout_keep_prob")
    config = {key: value for key, value in network.get_config().items() if key not in free}
    return {"network": type(network).__name__} | config


def _read_classes(folder: Path) -> Classes:
    path = folder / classes.FILE_NAME
    if not path.is_file():
        raise UserError(f"{path} is missing; the class list must be in the same folder as the network")
    return classes.read(path)


def _canonical(network: Classifier, folder: Path) -> bytes:
    """The network as a `.keras` file without dates and object ids, which differ from run to run."""
    path = folder / "partial.keras"
    network.save(path)
    result = io.BytesIO()
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target:
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name.endswith(".json"):
                content = json.dumps(_stable(json.loads(content)), sort_keys=True).encode()
            target.writestr(zipfile.ZipInfo(name, ZIP_DATE), content, zipfile.ZIP_DEFLATED)
    path.unlink()
    return result.getvalue()


def _stable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _stable(item) for key, item in value.items() if key not in ("date_saved", "shared_object_id")}
    return [_stable(item) for item in value] if isinstance(value, list) else value

import importlib.metadata
import json
from pathlib import Path

import keras
import numpy as np
import onnx
import onnxruntime
import pytest
from ai_edge_litert.interpreter import Interpreter

from signs.core.scores import softmax
from signs.data.classes import Classes, SignClass
from signs.data.splits import Split
from signs.deployment import litert_file, model_file, onnx_file, saved_model
from signs.deployment.description import from_json
from signs.deployment.export import describe, export
from signs.deployment.parity import measure
from signs.deployment.tensorflow_graph import tensorflow_function
from signs.networks.convnet import ConvNet
from signs.networks.lenet import LeNet
from signs.networks.store import Model
from signs.preparation.preprocessing import converter

CLASSES = Classes(tuple(SignClass(3 * number, f"Sign {number}", "photographs") for number in range(6)))
METRICS = {"test": {"accuracy": 0.5, "accepted": {"threshold": 0.8}}}
GREY = {"central_fraction": 1.0, "grey": True, "normalize": True, "min_brightness": None}
LENET = lambda: LeNet(6, (4, 8, 20, 10), 1.0)  # noqa: E731
CONVNET = lambda **settings: ConvNet(6, [[8, 8], [16]], 1.0, **settings)  # noqa: E731
VARIANTS = {
    "lenet": (LENET, GREY, (32, 32, 1)),
    "lenet, grey levels, oblong": (LENET, GREY | {"normalize": False}, (34, 40, 1)),
    "lenet, middle": (LENET, GREY | {"central_fraction": 0.8}, (32, 32, 1)),
    "convnet": (CONVNET, GREY | {"grey": False, "central_fraction": 0.8}, (32, 32, 3)),
    "convnet, grey, even neighbourhood": (lambda: CONVNET(neighbourhood=4), GREY, (24, 32, 1)),
    "convnet, plain": (lambda: CONVNET(standardize=False, neighbourhood=None), GREY | {"grey": False}, (32, 32, 3)),
    "convnet, framings": (CONVNET, GREY | {"grey": False, "central_fraction": 0.8}, (32, 32, 3), [0.6, 1.0, 1.3]),
    "convnet, transformed": (lambda: CONVNET(spatial_transformer=True), GREY | {"grey": False}, (32, 28, 3)),
}
every_variant = pytest.mark.parametrize("variant", VARIANTS)


def made(variant):
    """A network with random weights that answers with confidence."""
    build, preprocess, shape, *framings = VARIANTS[variant]
    keras.utils.set_random_seed(1)
    network = build()
    network(np.zeros((1, *shape), np.float32))
    rng = np.random.default_rng(2)
    for weight in network.weights:
        if weight.path.endswith("running_variance"):
            weight.assign(rng.uniform(0.5, 2, weight.shape))
        elif build is LENET and weight.path.endswith("weights"):
            weight.assign(rng.normal(0, 2 / np.sqrt(np.prod(weight.shape[:-1])), weight.shape))
        elif weight.path.endswith("change/weights"):  # else every map is the identity
            weight.assign(rng.normal(0, 0.1, weight.shape))
        elif len(weight.shape) == 1 and "seed" not in weight.path:
            weight.assign(weight + rng.normal(0, 0.1, weight.shape))
    temperature = 0.2 * (1 if preprocess["normalize"] else 127.5)
    metadata = {"preprocess": preprocess, "image_shape": list(shape), "temperature": temperature, "data": "0" * 64}
    metadata["train"] = {}
    metadata |= {"framings": framings[0]} if framings else {}
    return Model(network, CLASSES, metadata)


def images(model, count=60):
    """Blocks of colour, dark and bright ones, and some of one colour."""
    height, width, _ = model.metadata["image_shape"]
    rng = np.random.default_rng(3)
    blocks = rng.integers(0, 256, (count, height // 2, width // 2, 3)).repeat(2, axis=1).repeat(2, axis=2)
    blocks[:5] = blocks[:5, :1, :1]
    return (blocks * rng.uniform(0.1, 1, (count, 1, 1, 1))).astype(np.uint8)


def expected(model, stored):
    preprocess = model.metadata["preprocess"]
    fractions = [preprocess["central_fraction"] * framing for framing in model.metadata.get("framings", [1])]
    kept = [converter(preprocess | {"central_fraction": fraction})(stored) for fraction in fractions]
    return softmax(np.mean([model.logits(features) for features in kept], axis=0))


@every_variant
def test_onnx_gives_keras_probabilities(variant):
    model = made(variant)
    stored = images(model)
    content = onnx_file.onnx_bytes(model, {})
    onnx.checker.check_model(onnx.load_model_from_string(content), full_check=True)
    session = onnxruntime.InferenceSession(content)
    assert expected(model, stored).std(axis=0).max() > 0.05  # else all would be alike
    np.testing.assert_allclose(session.run(None, {"images": stored})[0], expected(model, stored), atol=2e-5)
    one = session.run(["probabilities"], {"images": stored[:1]})[0]
    np.testing.assert_allclose(one, expected(model, stored[:1]), atol=2e-5)


@every_variant
def test_litert_gives_keras_probabilities_with_operations_of_its_own(variant):
    model = made(variant)
    stored = images(model)
    classify = tensorflow_function(model)
    interpreter = Interpreter(model_content=litert_file.float_bytes(classify))
    runner = interpreter.get_signature_runner()
    for batch in (stored, stored[:1]):
        np.testing.assert_allclose(runner(images=batch)["probabilities"], expected(model, batch), atol=2e-5)
        np.testing.assert_allclose(classify(batch)["probabilities"], expected(model, batch), atol=2e-5)


@every_variant
def test_int8_computes_in_integers_and_stays_near(variant):
    model = made(variant)
    stored = images(model)
    float_model = litert_file.float_bytes(tensorflow_function(model))
    content = litert_file.int8_bytes(float_model, stored)
    interpreter = Interpreter(model_content=content)

    found = interpreter.get_signature_runner()(images=stored)["probabilities"]
    assert np.mean(found.argmax(axis=1) == expected(model, stored).argmax(axis=1)) >= 0.9
    assert np.abs(found - expected(model, stored)).mean() < 0.02
    kinds = {detail["index"]: detail["dtype"] for detail in interpreter.get_tensor_details()}
    of_network = {
        name: [
            kinds[operation["inputs"][1]]
            for operation in interpreter._get_ops_details()
            if operation["op_name"] == name
        ]
        for name in ("CONV_2D", "FULLY_CONNECTED")
    }
    for name, rank in {"CONV_2D": 4, "FULLY_CONNECTED": 2}.items():
        layers = [weight for weight in model.network.trainable_variables if len(weight.shape) == rank]
        assert of_network[name].count(np.int8) == len(layers)


def test_every_file_says_what_it_is(tmp_path):
    model = made("lenet")
    train = Split(images(model), np.zeros(60, np.int64))
    export(tmp_path / "exported", model, describe(model, METRICS, "sample"), train)

    said = from_json((tmp_path / "exported" / "model.json").read_text())
    assert [(row["id"], row["name"]) for row in said.classes] == [(row.id, row.name) for row in CLASSES.rows]
    assert (said.height, said.width, said.threshold, said.temperature) == (32, 32, 0.8, 0.2)
    assert (said.data, said.metrics) == ("0" * 64, METRICS)
    assert "MIT" in said.licence
    for file in ("model.onnx", "model.tflite", "model_int8.tflite"):
        alone = tmp_path / file
        (tmp_path / "exported" / file).rename(alone)
        assert model_file.read(alone, threads=1).description == said
    metadata = onnxruntime.InferenceSession(tmp_path / "model.onnx").get_modelmeta().custom_metadata_map
    assert json.loads(metadata["threshold"]) == 0.8
    assert [row["name"] for row in json.loads(metadata["classes"])] == CLASSES.names


def test_a_model_without_a_threshold_says_so():
    metrics = {"test": {"accepted": {}}}
    assert describe(made("lenet"), metrics, "folders").threshold is None


def test_what_was_exported_is_compared_with_keras(tmp_path):
    model = made("convnet")
    stored = images(model)
    answers = expected(model, stored).argmax(axis=1)
    split = Split(stored, CLASSES.ids[np.where(np.arange(60) < 45, answers, (answers + 1) % 6)])
    export(tmp_path / "exported", model, describe(model, METRICS, "gtsrb"), split)
    found = measure(tmp_path / "exported", model, split, threads=1)

    assert (found["images"], found["keras"]) == (60, {"accuracy": 0.75})
    for name in ("onnx", "litert", "saved_model"):
        assert (found[name]["accuracy"], found[name]["equal_answers"]) == (0.75, 1.0)
        assert found[name]["max_difference"] <= 1e-4
    assert found["litert_int8"]["accuracy"] == pytest.approx(0.75, abs=0.05)
    assert found["litert_int8"]["bytes"] < found["litert"]["bytes"] < found["saved_model"]["bytes"]
    run = saved_model.read(tmp_path / "exported" / "saved_model")
    np.testing.assert_allclose(run(stored), expected(model, stored), atol=2e-5)


def test_no_package_of_the_environment_takes_a_common_name():
    ours = Path(__file__).parents[2]
    for name in ("tests", "tools", "examples"):
        owners = importlib.metadata.packages_distributions().get(name, [])
        files = [file.locate() for owner in owners for file in importlib.metadata.files(owner) or []]
        assert not [file for file in files if name in file.parts and ours not in file.parents]

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.test_training import SETTINGS, small, stripes

from signs.data.classes import of_labels
from signs.networks import model_json, store
from signs.networks.architectures import ConvNet
from signs.networks.backend import BFLOAT16, compute_in
from signs.networks.store import Model
from signs.training.loop import train

ROOT = Path(__file__).parents[2]
CPU = Path("/proc/cpuinfo")
computes_in_bfloat16 = pytest.mark.skipif(
    not CPU.is_file() or not BFLOAT16 & set(CPU.read_text().split()),
    reason="this processor does not compute in bfloat16",
)


@pytest.fixture(autouse=True)
def float32_again():
    yield
    compute_in("float32")


def narrow():
    return ConvNet(3, depths=[[8], [16]], dropout_keep_prob=0.9, neighbourhood=5)


def said(code, **environment):
    """What a fresh Python that imports the backend and then runs `code` writes to standard error."""
    asked = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"} | environment
    command = [sys.executable, "-c", f"from signs.backend import tf\n{code}"]
    return subprocess.run(command, cwd=ROOT, env=asked, check=False, capture_output=True, text=True).stderr


def test_tensorflow_starts_without_a_word_unless_it_is_asked_for():
    assert said("tf.constant(1) + 1") == ""
    assert "oneDNN custom operations are on" in said("tf.constant(1) + 1", TF_CPP_MIN_LOG_LEVEL="0")


def test_what_goes_wrong_after_the_start_is_shown():
    assert said("raise ValueError('loud')").endswith("ValueError: loud\n")


@pytest.mark.parametrize("text", ["flags : fpu sse2 avx2 avx512f\n", None])
def test_a_processor_without_bfloat16_is_refused(tmp_path, text):
    cpu = tmp_path / "cpuinfo"
    if text:
        cpu.write_text(text)
    with pytest.raises(ValueError, match=r"train\.dtype is bfloat16, in which this processor does not compute; set it"):
        compute_in("bfloat16", cpu)
    compute_in("float32", cpu)
    assert small().compute_dtype == "float32"


@pytest.mark.parametrize("flag", sorted(BFLOAT16))
def test_a_processor_with_bfloat16_gets_it(tmp_path, flag):
    cpu = tmp_path / "cpuinfo"
    cpu.write_text(f"flags : fpu sse2 {flag} avx512f\n")
    compute_in("bfloat16", cpu)
    assert (small().compute_dtype, small().variable_dtype) == ("bfloat16", "float32")


@computes_in_bfloat16
@pytest.mark.parametrize("make", [small, narrow])
def test_a_network_learns_in_bfloat16_the_same_each_time(tmp_path, make):
    features, labels = stripes(300)
    found = []
    for dtype in ("bfloat16", "bfloat16", "float32"):
        compute_in(dtype)
        model = make()
        history, _ = train(model, features, labels, **SETTINGS | {"epochs": 12, "learning_rate": 0.01})
        assert {weight.dtype for weight in model.trainable_variables} == {"float32"}
        found.append((history, [np.array(weight) for weight in model.weights]))
    (first, weights), (second, again), (exact, others) = found
    assert first[-1]["train_accuracy"] > 0.9
    assert first == second
    assert all(map(np.array_equal, weights, again))
    assert first != exact  # it did compute in another type
    assert not all(map(np.array_equal, weights, others))


@computes_in_bfloat16
@pytest.mark.parametrize("make", [small, narrow])
def test_a_model_that_learnt_in_bfloat16_computes_in_float32_when_it_is_read(tmp_path, make):
    features, labels = stripes(60)
    images = features[..., np.newaxis]
    compute_in("bfloat16")
    learnt = make()
    train(learnt, images, labels, **SETTINGS)
    card = {key: {} for key in model_json.KEYS} | {"image_shape": [16, 16, 1], "temperature": 1.0}
    store.write(tmp_path / "model", Model(learnt, of_labels(np.arange(3)), card))
    compute_in("float32")
    same = make()
    same(images)
    same.set_weights(learnt.get_weights())
    read = store.read(tmp_path / "model")
    np.testing.assert_array_equal(read.logits(images), Model(same, read.classes, card).logits(images))
    np.testing.assert_allclose(read.logits(images), np.array(learnt(images), np.float32), atol=0.1)

"""Networks that compute in bfloat16. That needs a process that may use all instructions, which one test starts."""

import subprocess
import sys

import numpy as np
import pytest

from signs.core import processor
from signs.networks.backend import keras
from signs.networks.blocked_conv import blocked_conv_4x4
from signs.networks.convnet import ConvNet
from signs.networks.layers import ConvLayer
from signs.training.loop import train
from signs.training.step import Examples
from tests.stripes import settings, small, stripes

BFLOAT16 = "mixed_bfloat16"
NATIVE = f"""
from signs.core import processor
processor.native()
import pytest
raise SystemExit(pytest.main(["-n0", "-q", {__file__!r}]))
"""
needs_native = pytest.mark.skipif(processor.instructions() != "native", reason="runs in a native process")


def narrow(**arguments):
    return ConvNet(3, depths=[[8], [16]], dropout_keep_prob=0.9, neighbourhood=5, **arguments)


each_network = pytest.mark.parametrize("make", [small, narrow])


@pytest.mark.skipif(not processor.computes_in_bfloat16(), reason="this processor does not compute in bfloat16")
@pytest.mark.skipif(processor.instructions() == "native", reason="this is that process")
def test_all_of_these_hold_in_a_native_process():
    done = subprocess.run([sys.executable, "-c", NATIVE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "failed" not in done.stdout


@needs_native
@each_network
def test_a_network_honours_its_own_dtype_and_leaves_that_of_others(make):
    images = stripes(5)[0][..., np.newaxis]
    computed = []
    for network in (make(dtype=BFLOAT16), make()):
        network(images)
        computed.append(keras.backend.standardize_dtype(network.feature_maps(images).dtype))
        assert {weight.dtype for weight in network.weights} == {"float32"}
    assert computed == ["bfloat16", "float32"]
    assert keras.config.dtype_policy().name == "float32"


@needs_native
@each_network
def test_a_network_learns_in_bfloat16_the_same_each_time(make):
    learnt = []
    for dtype in (BFLOAT16, BFLOAT16, "float32"):
        network = make(dtype=dtype)
        history = train(network, Examples(*stripes(300)), None, settings(epochs=12, learning_rate=0.01))
        learnt.append((history, network.get_weights()))
    (first, weights), (second, again), (exact, others) = learnt
    assert first[-1]["train_accuracy"] > 0.9
    assert first == second
    assert all(map(np.array_equal, weights, again))
    assert first != exact
    assert not all(map(np.array_equal, weights, others))


@needs_native
@each_network
def test_a_copy_in_float32_computes_as_if_it_always_had(make):
    images, indices = stripes(60)
    images = images[..., np.newaxis]
    learnt, same = make(dtype=BFLOAT16), make()
    train(learnt, Examples(images, indices), None, settings())
    same(images)
    same.set_weights(learnt.get_weights())
    copy = learnt.in_float32()
    assert copy.compute_dtype == "float32"
    np.testing.assert_array_equal(copy(images), same(images))
    np.testing.assert_allclose(copy(images), np.array(learnt(images), np.float32), atol=0.1)


@needs_native
def test_blocked_convolutions_compute_in_the_dtype_of_the_images():
    layer, images = ConvLayer((5, 5, 1, 4)), keras.ops.ones((2, 16, 16, 1), "bfloat16")
    assert keras.backend.standardize_dtype(blocked_conv_4x4(images, layer).dtype) == "bfloat16"


@needs_native
def test_a_spatial_transformer_computes_in_float32_whatever_its_network_does():
    network, images = narrow(dtype=BFLOAT16, spatial_transformer=True), np.zeros((5, 16, 16, 3), np.float32)
    assert network(images).dtype == "float32"
    assert network.transformer(np.zeros((5, 16, 16, 4), np.float32)).dtype == "float32"
    assert {weight.dtype for weight in network.transformer.weights} == {"float32"}

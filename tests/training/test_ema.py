import pytest

from signs.networks.backend import tf
from signs.training.ema import Ema, assign, values


def test_averages_replace_the_weights_only_while_they_are_applied():
    weight = tf.Variable([0.0])
    ema = Ema([weight], 0.9)
    for steps in (1, 2):
        weight.assign([10.0])
        ema.update(tf.constant(steps))
    average = 10 * (1 - 2 / 11 * 3 / 12)  # decays of (1 + steps) / (10 + steps), as these are below 0.9
    with ema.applied():
        assert float(weight[0]) == pytest.approx(average)
    assert float(weight[0]) == 10
    assert float(ema.measured[0][0]) == pytest.approx(average)


def test_without_decay_the_weights_are_measured():
    weight = tf.Variable([3.0])
    ema = Ema([weight], 0.0)
    ema.update(tf.constant(1))
    with ema.applied():
        assert float(weight[0]) == 3
    assert ema.measured == [weight]


def test_values_are_copies_and_are_assigned_in_order():
    variables = [tf.Variable([1.0]), tf.Variable([2.0])]
    copies = values(variables)
    assign(variables, copies[::-1])
    assert [float(variable[0]) for variable in variables] == [2, 1]
    assert [float(copy[0]) for copy in copies] == [1, 2]
